"""Strategies run over the past: one run, and sweeps of many."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from betting.models.strategies import StrategyVersion
from models_registry.models import Opening


class Sweep(models.Model):
    """A strategy run with many settings over the same stretch; each of them is a Backtest.

    It never looks at a held-out season. Its trials are written when it begins, and which of them
    are done is its checkpoint: whoever goes on with it takes the next.
    """

    class Kind(models.TextChoices):
        GRID = "grid", "Every combination"
        RANDOM = "random", "Combinations drawn at random"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    strategy_key = models.CharField(max_length=48)
    competition_key = models.CharField(max_length=64)
    starts_on = models.DateField()
    ends_on = models.DateField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    space = models.JSONField(help_text="by setting: the values it is tried with")
    seed = models.PositiveIntegerField(default=0)
    periods = models.PositiveSmallIntegerField(
        help_text="in each but the first the best setting of those before is walked forward"
    )
    workers = models.PositiveSmallIntegerField(default=1, help_text="how many trials at once")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    summary = models.JSONField(default=dict, help_text="once done: best, deflated, walked forward")

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        triggers: ClassVar = [pgtrigger.Protect(name="sweeps_are_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"sweep {self.pk} of {self.strategy_key}"


class Backtest(models.Model):
    """One strategy over one stretch of history, with everything needed to run it again.

    Final once it is done: what was tried counts against what was found.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    # Queued or running.
    ACTIVE: ClassVar = [Status.QUEUED, Status.RUNNING]

    strategy_key = models.CharField(max_length=48)
    version = models.ForeignKey(
        StrategyVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="backtests",
        help_text="that was run; none: one that is no stored strategy's",
    )
    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, null=True, related_name="trials")
    number = models.PositiveIntegerField(default=0, help_text="within its sweep")
    changed = models.JSONField(default=dict, help_text="settings that differ from the version's")
    configuration = models.JSONField()
    costs = models.JSONField(default=dict, help_text="as betting.domain.costs.Costs")
    competition_key = models.CharField(max_length=64)
    starts_on = models.DateField()
    ends_on = models.DateField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.DONE)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="how many workers began it")
    step = models.CharField(max_length=96, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    data_hash = models.CharField(max_length=64, blank=True)
    code_version = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(help_text="when it was asked for")
    finished_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    opening = models.ForeignKey(
        Opening,
        on_delete=models.PROTECT,
        null=True,
        related_name="backtests",
        help_text="of the held-out season that it looked at",
    )
    opens_held_out = models.BooleanField(default=False)
    reason = models.TextField(blank=True, help_text="why it sees a held-out season again")
    summary = models.JSONField(default=dict)
    outlook = models.JSONField(
        default=dict, help_text="as betting.domain.outlook; a trial of a sweep has none"
    )
    bets = models.BinaryField(null=True, help_text="its bets, as betting.services.kept_bets")

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sweep", "number"],
                condition=Q(sweep__isnull=False),
                name="sweep_trial_number_once",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="backtests_are_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="backtests_that_are_done_are_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="done"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_key} {self.starts_on}..{self.ends_on}"
