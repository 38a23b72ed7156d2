"""What the pages about models show: selectors that fetch a whole screen in a few queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from models_registry.models import ModelVersion, Predictor, Promotion, TrainingRun
from models_registry.selectors import latest_promotions


@dataclass
class Registered:
    """One predictor with its versions, newest first, and which one prices."""

    predictor: Predictor
    champion: ModelVersion | None
    since: datetime | None
    versions: list[ModelVersion]
    runs: list[TrainingRun]
    can_roll_back: bool


def registry() -> list[Registered]:
    """Return every predictor with its versions and latest runs."""
    champion = {row.predictor_id: row for row in latest_promotions()}
    predictors = list(Predictor.objects.select_related("competition"))
    versions: dict[int, list[ModelVersion]] = {each.pk: [] for each in predictors}
    counted = ModelVersion.objects.annotate(prediction_count=Count("predictions"))
    for version in counted.order_by("-number"):
        versions[version.predictor_id].append(version)
    runs: dict[int, list[TrainingRun]] = {each.pk: [] for each in predictors}
    for run in TrainingRun.objects.select_related("version")[:40]:
        if len(runs[run.predictor_id]) < 5:
            runs[run.predictor_id].append(run)
    return [
        Registered(
            predictor=each,
            champion=next(
                (v for v in versions[each.pk] if v.pk == champion[each.pk].version_id), None
            )
            if each.pk in champion
            else None,
            since=champion[each.pk].at if each.pk in champion else None,
            versions=versions[each.pk],
            runs=runs[each.pk],
            can_roll_back=each.pk in champion and champion[each.pk].replaced_id is not None,
        )
        for each in predictors
    ]


def promotions_of(predictor_id: int) -> list[Promotion]:
    """Return the promotion log of a predictor, newest first."""
    return list(
        Promotion.objects.filter(predictor_id=predictor_id).select_related(
            "version__predictor", "replaced__predictor", "by"
        )[:30]
    )


@dataclass
class Metric:
    """One figure of model, Elo and close, and which of them did best."""

    name: str
    model: float | None
    elo: float | None
    close: float | None
    smaller_is_better: bool

    @property
    def best(self) -> str:
        """Return who did best: model, elo or close."""
        known = {
            name: value
            for name, value in (("model", self.model), ("elo", self.elo), ("close", self.close))
            if value is not None
        }
        if not known:
            return ""
        pick = min if self.smaller_is_better else max
        return pick(known, key=lambda name: known[name])


NAMES = {
    "log_loss": ("Log loss", True),
    "brier": ("Brier score", True),
    "accuracy": ("Accuracy", False),
    "calibration_error": ("Calibration error", True),
}


def metric_rows(version: ModelVersion) -> list[Metric]:
    """Return the figures of a version beside Elo and the market on the same games."""
    by_whom: dict[str, dict[str, Any]] = {
        name: version.metrics.get(name) or {} for name in ("model", "elo", "close")
    }
    return [
        Metric(
            name=title,
            model=by_whom["model"].get(key),
            elo=by_whom["elo"].get(key),
            close=by_whom["close"].get(key),
            smaller_is_better=smaller,
        )
        for key, (title, smaller) in NAMES.items()
    ]


def calibration_bins(version: ModelVersion) -> list[tuple[int, float, float]]:
    """Return the version's calibration as (count, said, happened)."""
    return [
        (int(each["count"]), float(each["said"]), float(each["happened"]))
        for each in version.metrics.get("calibration") or []
    ]
