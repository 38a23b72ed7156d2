"""What is stopped, and the breakers that stop it."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Halt(models.Model):
    """New stakes stopped, from `since` until lifted or `until`: all, or those of one scope.

    No owner: for everybody. `scope_key` names the strategy, bookmaker, league, predictor or venue.
    """

    class Cause(models.TextChoices):
        # Never a row: how an exclusion in force shows among halts.
        EXCLUDED = "excluded", "Keeping away"
        KILL_SWITCH = "kill_switch", "Kill switch"
        MANUAL = "manual", "Manual lock"
        DRAWDOWN = "drawdown", "Drawdown breaker"
        LOSING_STREAK = "losing_streak", "Losing streak breaker"
        DAILY_LOSS = "daily_loss", "Daily loss breaker"
        WEEKLY_LOSS = "weekly_loss", "Weekly loss breaker"
        CLV_DECAY = "clv_decay", "CLV breaker"
        STALE_FEED = "stale_feed", "Stale feed breaker"
        UNHEALTHY_MODEL = "unhealthy_model", "Unhealthy model breaker"
        VENUE_UNKNOWNS = "venue_unknowns", "Venue breaker"

    class Scope(models.TextChoices):
        ALL = "all", "Every new stake"
        STRATEGY = "strategy", "New stakes by one strategy"
        BOOKMAKER = "bookmaker", "New stakes at one bookmaker"
        LEAGUE = "league", "New stakes in one league"
        MODEL = "model", "New stakes that rest on one predictor"
        VENUE = "venue", "New stakes at one venue"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="halts",
    )
    cause = models.CharField(max_length=16, choices=Cause.choices)
    scope = models.CharField(max_length=9, choices=Scope.choices, default=Scope.ALL)
    scope_key = models.CharField(max_length=96, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="ends by itself then")
    reason = models.TextField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-since", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "cause", "scope", "scope_key"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="one_halt_in_force_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(scope="all", scope_key="") | (~Q(scope="all") & ~Q(scope_key="")),
                name="halt_names_what_it_stops",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
                name="halt_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} since {self.since:%Y-%m-%d %H:%M}"

    @property
    def blocks(self) -> str:
        """What it stops, said exactly."""
        whose = "of everybody" if self.owner_id is None else "of yours"
        if self.scope == self.Scope.ALL:
            return f"every new stake {whose}"
        what = {
            self.Scope.STRATEGY: "by the strategy",
            self.Scope.BOOKMAKER: "at the bookmaker",
            self.Scope.LEAGUE: "in the league",
            self.Scope.MODEL: "that rest on the predictor",
            self.Scope.VENUE: "at the venue",
        }[self.Scope(self.scope)]
        return f"new stakes {whose} {what} {self.scope_key}; all others are taken"


class Breaker(models.TextChoices):
    DRAWDOWN = "drawdown", "Drawdown"
    LOSING_STREAK = "losing_streak", "Losing streak"
    DAILY_LOSS = "daily_loss", "Loss of a day"
    WEEKLY_LOSS = "weekly_loss", "Loss of a week"
    CLV_DECAY = "clv_decay", "CLV decay"
    STALE_FEED = "stale_feed", "Stale feed"
    UNHEALTHY_MODEL = "unhealthy_model", "Unhealthy model"
    VENUE_UNKNOWNS = "venue_unknowns", "Venue unknowns"


class BreakerLevel(models.Model):
    """Where one breaker warns and trips for one person; without a row the defaults hold.

    Without an owner it is the operator's, in place of the settings'. The level at which drawdown
    trips is Limits.max_drawdown_share.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="breaker_levels"
    )
    breaker = models.CharField(max_length=16, choices=Breaker.choices)
    warn = models.FloatField()
    trip = models.FloatField()
    lock_hours = models.PositiveIntegerField(help_text="0: until somebody lifts it")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "breaker"], nulls_distinct=False, name="one_level_a_breaker"
            ),
            models.CheckConstraint(
                condition=Q(warn__gt=0, trip__gte=F("warn")), name="breaker_warns_before_it_trips"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.breaker} of {self.owner or 'everybody'}"


class BreakersDue(models.Model):
    """A person whose breakers are to be read: something they read changed, or will by then."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    at = models.DateTimeField(null=True, db_index=True, help_text="none: at the next round")

    class Meta:
        verbose_name_plural = "breakers due"

    def __str__(self) -> str:
        return f"breakers of {self.owner}"


class BreakerReading(models.Model):
    """What one breaker read at one moment, where it changed. Never changed."""

    class Level(models.TextChoices):
        FINE = "fine", "Fine"
        WARN = "warn", "Warning"
        TRIP = "trip", "Tripped"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    breaker = models.CharField(max_length=16, choices=Breaker.choices)
    scope = models.CharField(max_length=9, choices=Halt.Scope.choices, default=Halt.Scope.ALL)
    scope_key = models.CharField(max_length=96, blank=True)
    at = models.DateTimeField()
    level = models.CharField(max_length=4, choices=Level.choices)
    figure = models.FloatField()
    warn = models.FloatField()
    trip = models.FloatField()
    words = models.TextField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["owner", "breaker", "scope", "scope_key", "-id"], name="latest_reading"
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="readings_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.breaker} {self.scope_key}: {self.level} {self.at:%Y-%m-%d %H:%M}"
