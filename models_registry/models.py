"""Which model version said what, and whether to believe it."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from models_registry.domain.calibration import Trust
from models_registry.proofs import Attack, Opening, Search, Trial, TrialFold
from odds.models import Competition, Event
from odds.screens import market_title

__all__ = [
    "Attack",
    "DriftReport",
    "ModelVersion",
    "Opening",
    "Pause",
    "Prediction",
    "Predictor",
    "Promotion",
    "Refusal",
    "Remark",
    "Search",
    "Stage",
    "StageChange",
    "TrainingRun",
    "Trial",
    "TrialFold",
]


class Predictor(models.Model):
    """A question that versions answer: who wins, in one competition."""

    key = models.SlugField(max_length=64, unique=True, help_text="basketball_nba-h2h")
    competition = models.ForeignKey(
        Competition, on_delete=models.PROTECT, related_name="predictors"
    )
    market_key = models.CharField(max_length=32, default="h2h")

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key

    @property
    def title(self) -> str:
        """What a reader calls it: "NBA moneyline". Its competition must be loaded."""
        return f"{self.competition.title} {market_title(self.market_key).lower()}"


class Stage(models.TextChoices):
    """What a version is used for."""

    CANDIDATE = "candidate", "Candidate"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"
    ARCHIVED = "archived", "Archived"


class ModelVersion(models.Model):
    """One trained artefact with what it was trained on and how it did. Never changed."""

    predictor = models.ForeignKey(Predictor, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    algorithm = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    trained_from = models.DateField()
    trained_until = models.DateTimeField(help_text="nothing known later was used")
    game_count = models.PositiveIntegerField()
    data_hash = models.CharField(max_length=64, help_text="SHA-256 of the training matrix")
    signature = models.JSONField(help_text="ordered feature names and types, checked at predict")
    parameters = models.JSONField()
    metrics = models.JSONField(
        help_text="by model, elo and close, on the same games: log_loss, brier, accuracy, ..."
    )
    artifact = models.CharField(max_length=255, help_text="path below the artefact folder")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the artefact")
    code_version = models.CharField(max_length=64)
    notes = models.TextField(blank=True)

    # Filled in by `selectors.versions`: the version of the same predictor that prices now, and
    # the stage that the log of stages says.
    champion_id: int | None
    logged_stage: str | None

    class Meta:
        ordering: ClassVar = ["predictor", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["predictor", "number"], name="version_number_once")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="versions_are_immutable", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.predictor} v{self.number}"

    @property
    def title(self) -> str:
        """What a reader calls it: "NBA moneyline v2"."""
        return f"{self.predictor.title} v{self.number}"

    @property
    def is_champion(self) -> bool:
        """Whether it prices now; only of versions that `selectors.versions` gave."""
        return self.champion_id == self.pk

    @property
    def stage(self) -> str:
        """Candidate, staging, production or archived; only of versions `selectors.versions` gave.

        The champion is production, by the log of promotions alone.
        """
        if self.is_champion:
            return Stage.PRODUCTION
        return self.logged_stage or Stage.CANDIDATE

    @property
    def tags(self) -> list[str]:
        """What it is tagged with now, in order of the alphabet."""
        worn: set[str] = set()
        for remark in sorted(self.remarks.all(), key=lambda row: row.pk):
            if remark.kind == Remark.Kind.TAG:
                worn.add(remark.text)
            elif remark.kind == Remark.Kind.UNTAG:
                worn.discard(remark.text)
        return sorted(worn)

    @property
    def trust(self) -> dict[str, Trust]:
        """How far its record says to believe it, by market key; without a record, not at all."""
        lines = self.metrics.get("lines") or {}
        of_lines = {key: (figures or {}).get("trust") for key, figures in lines.items()}
        recorded = {"h2h": self.metrics.get("trust")} | of_lines
        return {key: Trust(**earned) for key, earned in recorded.items() if earned}

    @property
    def market_weight(self) -> float:
        """What part of a blend on moneylines its record earned, 0 to 1; 0 where unknown."""
        return self.trust["h2h"].weight if "h2h" in self.trust else 0.0

    @property
    def log_odds_error(self) -> float:
        """One standard error of what it says, in log-odds, by its record; 0.5 where unknown."""
        return self.trust["h2h"].error if "h2h" in self.trust else 0.5


class Promotion(models.Model):
    """A version became the champion. The latest row of a predictor says which one prices."""

    class Kind(models.TextChoices):
        PROMOTED = "promoted", "Promoted"
        ROLLED_BACK = "rolled_back", "Rolled back"

    predictor = models.ForeignKey(Predictor, on_delete=models.PROTECT, related_name="promotions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    replaced = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, related_name="replacements"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    reason = models.TextField()
    gates = models.JSONField(help_text="each gate: name, passed, figure, bound")

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="promotions_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind} {self.at:%Y-%m-%d}"


class StageChange(models.Model):
    """A version went from one stage to another. Appended, never changed."""

    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="stage_changes"
    )
    before = models.CharField(max_length=10, choices=Stage.choices)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(before=models.F("stage")), name="stage_change_changes_the_stage"
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="stage_changes_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.before} to {self.stage} {self.at:%Y-%m-%d}"


class Remark(models.Model):
    """A tag put on a version or taken off it, or a note about it. Appended, never changed."""

    class Kind(models.TextChoices):
        TAG = "tag", "Tagged"
        UNTAG = "untag", "Tag taken off"
        NOTE = "note", "Note"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="remarks")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    text = models.TextField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="remark_says_something")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="remarks_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind}: {self.text[:40]}"


class TrainingRun(models.Model):
    """One attempt to train, from queued to a version or a reason."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Cause(models.TextChoices):
        ASKED = "asked", "Asked for"
        SCHEDULED = "scheduled", "Scheduled"
        DRIFT = "drift", "Drift"

    # Queued or running: what a predictor has one of at most.
    ACTIVE: ClassVar = [Status.QUEUED, Status.RUNNING]

    predictor = models.ForeignKey(Predictor, on_delete=models.PROTECT, related_name="runs")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    cause = models.CharField(max_length=9, choices=Cause.choices, default=Cause.ASKED)
    until = models.DateTimeField(help_text="nothing known later is used")
    notes = models.TextField(blank=True)
    trial = models.ForeignKey(
        Trial,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        help_text="whose parameters it trains with; empty: the recipe's own",
    )
    recipe = models.CharField(
        max_length=24, blank=True, help_text="what it is made by; empty: the trial's, or the usual"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(
        default=0, help_text="how many workers have begun it"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True, help_text="its last step")
    finished_at = models.DateTimeField(null=True, blank=True)
    step = models.CharField(max_length=96, blank=True)
    folds_done = models.PositiveSmallIntegerField(default=0)
    folds = models.PositiveSmallIntegerField(default=0, help_text="0: not known yet")
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["predictor"],
                condition=Q(status__in=["queued", "running"]),
                name="one_training_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="succeeded", version__isnull=False)
                | ~Q(status="succeeded") & Q(version__isnull=True),
                name="training_that_succeeded_made_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predictor} {self.asked_at:%Y-%m-%d %H:%M} {self.status}"


class Prediction(models.Model):
    """What a version said about an event, using only what was known at `as_of`. Never changed."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="predictions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    as_of = models.DateTimeField()
    made_at = models.DateTimeField()
    home_probability = models.FloatField()
    draw_probability = models.FloatField(
        null=True, blank=True, help_text="empty where a draw is impossible"
    )
    distribution = models.JSONField(
        default=dict,
        blank=True,
        help_text="family and parameters of the score (domain/scores.py); empty in older rows",
    )
    features = models.JSONField()

    # Filled in by `selectors.predictions`: the champion at the moment it was made.
    priced_by: int | None

    class Meta:
        ordering: ClassVar = ["-as_of", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "version", "as_of"], name="one_prediction_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(home_probability__gt=0, home_probability__lt=1),
                name="prediction_is_a_probability",
            ),
            models.CheckConstraint(
                condition=Q(draw_probability=None)
                | Q(draw_probability__gt=0, draw_probability__lt=1 - F("home_probability")),
                name="draw_leaves_room_for_away",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="predictions_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.event}: {self.home_probability:.3f}"

    @property
    def away_probability(self) -> float:
        """What is left for the away side."""
        return 1.0 - self.home_probability - (self.draw_probability or 0.0)

    @property
    def in_shadow(self) -> bool:
        """Whether another version priced when it was made; only of `selectors.predictions`'."""
        return self.priced_by != self.version_id


class Refusal(models.Model):
    """A version would not predict an event with what was known at `as_of`, and why.

    Nothing is priced from the version's earlier predictions of the event until it predicts again.
    """

    class Cause(models.TextChoices):
        EXPIRED = "expired", "Expired"
        OUTSIDE = "outside", "Outside what it was trained on"
        BROKEN = "broken", "Artefact broken"

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="refusals")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="refusals")
    as_of = models.DateTimeField()
    made_at = models.DateTimeField()
    cause = models.CharField(max_length=8, choices=Cause.choices)
    detail = models.TextField()
    distance = models.FloatField(null=True, blank=True, help_text="from what it was trained on")

    class Meta:
        ordering: ClassVar = ["-as_of", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "version", "as_of"], name="one_refusal_a_moment"
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="refusals_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} refused {self.event}: {self.cause}"


class DriftReport(models.Model):
    """How far a champion has drifted, as read on one day. Never changed."""

    class Level(models.TextChoices):
        FINE = "fine", "Fine"
        WARN = "warn", "Warning"
        PAUSE = "pause", "Pause"

    predictor = models.ForeignKey(Predictor, on_delete=models.PROTECT, related_name="drift_reports")
    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="drift_reports"
    )
    day = models.DateField(help_text="UTC")
    made_at = models.DateTimeField()
    level = models.CharField(max_length=5, choices=Level.choices)
    readings = models.JSONField(help_text="each: name, figure, warn and pause bounds, level, words")
    plots = models.JSONField(help_text="calibration, rolling log loss beside the market, PSI")

    class Meta:
        ordering: ClassVar = ["-day", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["predictor", "day"], name="one_drift_report_a_day")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="drift_reports_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.day}: {self.level}"


class Pause(models.Model):
    """A version was paused, or is no longer. A version's latest row says which.

    A paused champion goes on predicting; no opportunity rests on what it says.
    """

    class Kind(models.TextChoices):
        PAUSED = "paused", "Paused"
        RELEASED = "released", "Released by a person"
        RECOVERED = "recovered", "Recovered"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pauses_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind} {self.at:%Y-%m-%d}"
