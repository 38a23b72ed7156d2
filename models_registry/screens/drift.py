"""What the pages about drift show: selectors that fetch a whole screen in a few queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from models_registry.describing import named
from models_registry.domain.drift_bounds import LEVELS
from models_registry.fitness import pauses_in_force, why_expired
from models_registry.models import DriftReport, ModelVersion, Pause, Predictor, Refusal
from models_registry.selectors import champions, refusals

REPORTS_SHOWN = 60
REFUSALS_SHOWN = 20


@dataclass
class Watch:
    """A champion with its latest report and what holds it back."""

    version: ModelVersion
    report: DriftReport | None
    pause: Pause | None
    expired: str

    @property
    def readings(self) -> list[dict[str, object]]:
        """The readings of the latest report, as stored."""
        return self.report.readings if self.report else []


@dataclass
class WatchInFull:
    """One predictor's drift: its champion, reports newest first, pauses and refusals."""

    predictor: Predictor
    watch: Watch | None
    reports: list[DriftReport]
    pauses: list[Pause]
    refusals: list[Refusal]


@dataclass(frozen=True)
class DriftGauge:
    """One champion's drift in numbers: `level` is 0 fine, 1 warning, 2 pause."""

    predictor: str
    level: int
    is_paused: bool
    figures: dict[str, float]


def watches(*, now: datetime) -> list[Watch]:
    """Return every champion with its latest report, in order of the predictors' keys."""
    found = champions()
    latest = {
        row.version_id: row
        for row in DriftReport.objects.filter(version__in=found)
        .defer("plots")
        .order_by("version_id", "-day")
        .distinct("version_id")
    }
    paused = pauses_in_force([row.pk for row in found], at=now)
    return [
        Watch(row, latest.get(row.pk), paused.get(row.pk), why_expired(row, now)) for row in found
    ]


def watch_in_full(predictor_key: str, *, now: datetime) -> WatchInFull | None:
    """Return one predictor's drift, or None if there is no such predictor."""
    predictor = Predictor.objects.filter(key=predictor_key).select_related("competition").first()
    if predictor is None:
        return None
    champion = next((row for row in champions() if row.predictor_id == predictor.pk), None)
    reports = list(drift_reports(predictor=predictor_key)[:REPORTS_SHOWN])
    watch = None
    if champion is not None:
        watch = Watch(
            champion,
            next((row for row in reports if row.version_id == champion.pk), None),
            pauses_in_force([champion.pk], at=now).get(champion.pk),
            why_expired(champion, now),
        )
    return WatchInFull(
        predictor=predictor,
        watch=watch,
        reports=reports,
        pauses=list(pauses(predictor=predictor_key)[:REPORTS_SHOWN]),
        refusals=list(refusals().filter(version__predictor=predictor)[:REFUSALS_SHOWN]),
    )


def drift_reports(
    *, predictor: str | None = None, level: str | None = None
) -> QuerySet[DriftReport]:
    """Return reports of drift, latest first."""
    wanted = {"predictor__key": predictor, "level": level}
    return (
        DriftReport.objects.filter(
            **{path: value for path, value in wanted.items() if value is not None}
        )
        .select_related("predictor", "version__predictor")
        .defer("version__signature", "version__metrics", "version__parameters")
        .order_by("-day", "-pk")
    )


def pauses(*, predictor: str | None = None) -> QuerySet[Pause]:
    """Return the log of pauses, latest first."""
    rows = Pause.objects.select_related("version__predictor", "by").order_by("-at", "-pk")
    return rows if predictor is None else rows.filter(version__predictor__key=predictor)


def drift_gauges(*, now: datetime) -> list[DriftGauge]:
    """Return how each champion drifts, as last reported."""
    return [
        DriftGauge(
            predictor=each.version.predictor.key,
            level=LEVELS.index(each.report.level) if each.report else 0,
            is_paused=each.pause is not None,
            figures={
                str(row["name"]): float(str(row["figure"]))
                for row in each.readings
                if row["figure"] is not None
            },
        )
        for each in watches(now=now)
    ]


def as_told(
    done: Mapping[str, Mapping[str, object]], *, now: datetime
) -> tuple[list[dict[str, object]], list[str]]:
    """Return how champions drift as JSON rows, and the same in lines for people."""
    rows: list[dict[str, object]] = []
    lines: list[str] = []
    for each in watches(now=now):
        name = named(each.version)
        level = each.report.level if each.report else "not read"
        did = done.get(each.version.predictor.key, {})
        lines.append(
            f"{name}: {level}{' PAUSED' if each.pause else ''} {did.get('error', '')}".rstrip()
        )
        lines += [f"  {row['level']:5} {row['name']}: {row['words']}" for row in each.readings]
        rows.append(
            {
                "version": name,
                "level": level,
                "paused": each.pause is not None,
                "readings": each.readings,
                "done": did,
            }
        )
    return rows, lines or ["No champion to watch: promote a version first."]
