"""What the pages about models show: selectors that fetch a whole screen in a few queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from models_registry.artifacts import is_there
from models_registry.fitness import pauses_in_force, why_expired, why_not_staged
from models_registry.models import (
    ModelVersion,
    Pause,
    Prediction,
    Predictor,
    Promotion,
    Stage,
    TrainingRun,
)
from models_registry.selectors import latest_promotions, versions
from models_registry.training.recipes import recipes_of
from odds.models import Competition


@dataclass
class Registered:
    """One predictor with its versions, newest first, and which one prices."""

    predictor: Predictor
    champion: ModelVersion | None
    since: datetime | None
    versions: list[ModelVersion]
    active: TrainingRun | None
    runs: list[TrainingRun]
    can_roll_back: bool
    held: str

    @property
    def missing(self) -> list[int]:
        """Return the ids of the versions in use whose file is not in its place."""
        return [version.pk for version in self.in_use if not is_there(version.artifact)]

    @property
    def in_use(self) -> list[ModelVersion]:
        """Return the versions that are not archived."""
        return [version for version in self.versions if version.stage != Stage.ARCHIVED]

    @property
    def recipes(self) -> tuple[str, ...]:
        """Return what a version of it may be made by."""
        return recipes_of(self.predictor.competition.key)

    @property
    def archived(self) -> list[ModelVersion]:
        """Return the versions that are."""
        return [version for version in self.versions if version.stage == Stage.ARCHIVED]


def registry(*, now: datetime) -> list[Registered]:
    """Return every predictor with its versions and latest runs."""
    champion = {row.predictor_id: row for row in latest_promotions()}
    predictors = list(Predictor.objects.select_related("competition"))
    made: dict[int, list[ModelVersion]] = {each.pk: [] for each in predictors}
    said = Prediction.objects.filter(version=OuterRef("pk")).order_by().values("version")
    # Counted by version: joined and grouped, each prediction would ask for its version's stage.
    counted = versions().annotate(
        prediction_count=Coalesce(Subquery(said.annotate(count=Count("pk")).values("count")), 0)
    )
    for version in counted.order_by("-number"):
        made[version.predictor_id].append(version)
    runs: dict[int, list[TrainingRun]] = {each.pk: [] for each in predictors}
    for run in TrainingRun.objects.select_related("version", "by")[:40]:
        if len(runs[run.predictor_id]) < 5:
            runs[run.predictor_id].append(run)
    paused = pauses_in_force([row.version_id for row in champion.values()], at=now)
    return [
        Registered(
            predictor=each,
            champion=next((v for v in made[each.pk] if v.pk == champion[each.pk].version_id), None)
            if each.pk in champion
            else None,
            since=champion[each.pk].at if each.pk in champion else None,
            versions=made[each.pk],
            active=next((run for run in runs[each.pk] if run.status in run.ACTIVE), None),
            runs=[run for run in runs[each.pk] if run.status not in run.ACTIVE],
            can_roll_back=each.pk in champion and champion[each.pk].replaced_id is not None,
            held=_held(champion.get(each.pk), paused, now),
        )
        for each in predictors
    ]


def _held(row: Promotion | None, paused: Mapping[int, Pause], now: datetime) -> str:
    """Return why nothing is priced from a champion, in a word; empty where it is."""
    if row is None:
        return ""
    if why_expired(row.version, now):
        return "expired"
    return "paused" if row.version_id in paused else ""


def never_trained() -> list[Competition]:
    """Return the competitions that no version was ever asked for."""
    return list(Competition.objects.filter(predictors=None).order_by("title"))


def stages_open_to(version: ModelVersion) -> list[tuple[str, str]]:
    """Return the stages an operator may put a version in from where it is, with what it means."""
    return [
        (stage.value, words)
        for stage, words in (
            (Stage.CANDIDATE, "Unarchive" if version.stage == Stage.ARCHIVED else "Candidate"),
            (Stage.STAGING, "Staging"),
            (Stage.ARCHIVED, "Archive"),
        )
        if stage != version.stage and not why_not_staged(version, stage)
    ]


def others_of(version: ModelVersion) -> list[ModelVersion]:
    """Return the versions that one can be compared with, newest first."""
    return list(versions(predictor=version.predictor.key).exclude(pk=version.pk)[:50])


@dataclass
class Beside:
    """One figure of two versions, Elo and the close on the same events; which version is better."""

    name: str
    first: float
    second: float
    elo: float | None
    close: float | None
    best: str


def figures_beside(answer: dict[str, Any]) -> list[Beside]:
    """Return the figures of a comparison, row by row."""
    rows = []
    for key, (title, smaller) in NAMES.items():
        first, second = answer["first"][key], answer["second"][key]
        better = "first" if (first < second) == smaller else "second"
        rows.append(
            Beside(
                title, first, second, answer["elo"][key], (answer["close"] or {}).get(key),
                "" if first == second else better,
            )
        )  # fmt: skip
    return rows


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
# What is known only of versions that speak of draws.
OF_DRAWS = {"rps": ("RPS", True)}


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
        for key, (title, smaller) in (NAMES | OF_DRAWS).items()
        if key in NAMES or key in by_whom["model"]
    ]


def calibration_bins(version: ModelVersion) -> list[tuple[int, float, float]]:
    """Return the version's calibration as (count, said, happened)."""
    return bins_of(version.metrics.get("calibration") or [])


def bins_of(curve: list[dict[str, Any]]) -> list[tuple[int, float, float]]:
    """Return a recorded calibration curve as (count, said, happened)."""
    return [(int(each["count"]), float(each["said"]), float(each["happened"])) for each in curve]
