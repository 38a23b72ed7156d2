"""What was done to find out whether a model can be believed: attacks, openings, searches."""

from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


class Attack(models.Model):
    """One attempt to catch a version using the future. Never changed once it is over."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        PASSED = "passed", "No leak found"
        FOUND = "found", "Leak found"
        FAILED = "failed", "Failed"

    ACTIVE: ClassVar = [Status.QUEUED, Status.RUNNING]

    version = models.ForeignKey(
        "models_registry.ModelVersion", on_delete=models.PROTECT, related_name="attacks"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    seed = models.PositiveIntegerField(default=0, help_text="of the moments and the shuffles")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="how many workers began it")
    step = models.CharField(max_length=96, blank=True)
    done = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0, help_text="0: not known yet")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    data_hash = models.CharField(max_length=64, blank=True, help_text="of the history attacked")
    code_version = models.CharField(max_length=64, blank=True)
    checked = models.JSONField(default=dict, help_text="how many moments, columns and values")
    leaks = models.JSONField(default=list, help_text="each: column, attack, event, moment")
    shuffled = models.JSONField(default=dict, help_text="log loss on made-up results, base rate's")
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(status__in=["queued", "running"]),
                name="one_attack_at_a_time",
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="attacks_are_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="attacks_that_ended_are_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["passed", "found", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"attack on {self.version} {self.asked_at:%Y-%m-%d %H:%M}: {self.status}"


class Opening(models.Model):
    """A held-out season was looked at with a model. Appended, never changed.

    A model here is a recipe with its parameters and its code; looking again with the same one
    is the same opening.
    """

    predictor = models.ForeignKey(
        "models_registry.Predictor", on_delete=models.PROTECT, related_name="openings"
    )
    season = models.CharField(max_length=16)
    version = models.ForeignKey(
        "models_registry.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        related_name="openings",
        help_text="the version whose record showed it; empty: evaluated on its own",
    )
    recipe = models.CharField(max_length=64)
    parameters = models.JSONField()
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of recipe, parameters, code")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    events = models.PositiveIntegerField()
    figures = models.JSONField()
    data_hash = models.CharField(max_length=64)
    code_version = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="1: the first model to see this season")
    trials = models.PositiveIntegerField(help_text="settings tried by searches before")
    reason = models.TextField(
        blank=True, help_text="why a strategy that had seen the season saw it again"
    )

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["predictor", "season", "fingerprint"], name="one_opening_a_model"
            ),
            models.UniqueConstraint(
                fields=["predictor", "season", "number"], name="openings_are_counted"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="openings_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.predictor} {self.season}, opening {self.number}"


class Search(models.Model):
    """A search for better parameters of a recipe, never on the held-out seasons."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    predictor = models.ForeignKey(
        "models_registry.Predictor", on_delete=models.PROTECT, related_name="searches"
    )
    recipe = models.CharField(max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    until = models.DateTimeField(help_text="nothing known later is used")
    seed = models.PositiveIntegerField(default=0)
    trials_wanted = models.PositiveSmallIntegerField()
    workers = models.PositiveSmallIntegerField(help_text="how many trials at once")
    folds = models.JSONField(help_text="the seasons scored, in order")
    held_out = models.JSONField(help_text="the seasons it never looks at")
    data_hash = models.CharField(max_length=64)
    code_version = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    # Filled in by `selectors_proofs.searches`: trials that ended, and the least log loss of them.
    ended: int
    best_log_loss: float | None
    # Filled in by `selectors_proofs.search_in_full`.
    best: dict[str, Any] | None

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        verbose_name_plural = "searches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["predictor"],
                condition=Q(status="running"),
                name="one_search_at_a_time",
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="searches_are_kept", operation=pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"search {self.pk} of {self.predictor}"

    @property
    def scored_on(self) -> str:
        """The folds scored, in words: seasons, or of a young league sixths of its time."""
        return ", ".join(f"sixth {fold + 1}" if fold < 6 else str(fold) for fold in self.folds)


class Trial(models.Model):
    """One set of parameters, tried. Number 0 is the recipe as it stands. Final once it ended."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETE = "complete", "Complete"
        PRUNED = "pruned", "Given up early"
        FAILED = "failed", "Failed"

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="trials")
    number = models.PositiveIntegerField()
    parameters = models.JSONField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="how many workers began it")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    log_loss = models.FloatField(null=True, blank=True, help_text="over all folds it finished")
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["search", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["search", "number"], name="trial_number_once")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="trials_are_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="trials_that_ended_are_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["complete", "pruned", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.number} of {self.search}"


class TrialFold(models.Model):
    """How a trial did in one season: its log loss, event by event. Appended, never changed."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="folds")
    fold = models.IntegerField()
    events = models.PositiveIntegerField()
    log_loss = models.FloatField()
    losses = models.BinaryField(help_text="float32, one an event, in order of start")
    days = models.BinaryField(help_text="int32, days since 1970, one an event")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["trial", "fold"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trial", "fold"], name="trial_fold_once")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="trial_folds_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.trial}, {self.fold}: {self.log_loss:.4f}"
