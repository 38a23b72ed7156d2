"""The life of model versions as it is read: promotions, stages, remarks, training runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from models_registry.models import ModelVersion, Promotion, Remark, Stage, StageChange, TrainingRun


def promotions(
    *,
    predictor: str | None = None,
    version_id: int | None = None,
    at_after: datetime | None = None,
    at_before: datetime | None = None,
) -> QuerySet[Promotion]:
    """Return promotions and roll-backs, latest first."""
    wanted = {
        "predictor__key": predictor,
        "version_id": version_id,
        "at__gte": at_after,
        "at__lt": at_before,
    }
    return Promotion.objects.filter(**_asked(wanted)).select_related(
        "version__predictor", "replaced__predictor", "by"
    )


def stage_changes(
    *, predictor: str | None = None, version_id: int | None = None
) -> QuerySet[StageChange]:
    """Return changes of stage, latest first."""
    wanted = {"version__predictor__key": predictor, "version_id": version_id}
    return StageChange.objects.filter(**_asked(wanted)).select_related("version__predictor", "by")


def training_runs(
    *, predictor: str | None = None, competition: str | None = None, status: str | None = None
) -> QuerySet[TrainingRun]:
    """Return training runs, the last asked for first."""
    wanted = {
        "predictor__key": predictor,
        "predictor__competition__key": competition,
        "status": status,
    }
    return TrainingRun.objects.filter(**_asked(wanted)).select_related(
        "predictor__competition", "version__predictor", "by"
    )


def champion_at(predictor_key: str, moment: datetime) -> ModelVersion | None:
    """Return the version that priced at a moment; None before the first promotion."""
    promotion = promotions(predictor=predictor_key).filter(at__lte=moment).order_by("-pk").first()
    return promotion.version if promotion else None


@dataclass(frozen=True)
class Entry:
    """One line of what happened to the versions of a predictor."""

    at: datetime
    version: ModelVersion
    what: str
    by: str
    reason: str
    gates: list[dict[str, Any]] = field(default_factory=list)


def log_of(*, predictor: str | None = None, version_id: int | None = None) -> list[Entry]:
    """Return all that happened to versions, latest first: promotions, stages, tags, notes.

    Where a promotion put one version in production and another out of it is said once.
    """
    return sorted(_entries(predictor, version_id), key=lambda entry: entry.at, reverse=True)


def _entries(predictor: str | None, version_id: int | None) -> Iterator[Entry]:
    for row in promotions(predictor=predictor, version_id=version_id):
        what = row.get_kind_display().lower()
        if row.replaced:
            what += f" for v{row.replaced.number}"
        yield Entry(row.at, row.version, what, _name(row), row.reason, row.gates)
    for change in stage_changes(predictor=predictor, version_id=version_id):
        if Stage.PRODUCTION not in (change.before, change.stage):
            what = f"{change.before} to {change.stage}"
            yield Entry(change.at, change.version, what, _name(change), change.reason)
    remarks = Remark.objects.filter(
        **_asked({"version__predictor__key": predictor, "version_id": version_id})
    ).select_related("version__predictor", "by")
    for remark in remarks:
        what = remark.get_kind_display().lower()
        yield Entry(remark.at, remark.version, what, _name(remark), remark.text)


def _name(row: Promotion | StageChange | Remark) -> str:
    return row.by.username if row.by else "the system"


def _asked(wanted: dict[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in wanted.items() if value is not None}
