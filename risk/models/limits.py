"""How much one person may stake, and each decision about a stake."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


def _share(default: str, help_text: str) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(
        max_digits=5, decimal_places=4, default=Decimal(default), help_text=help_text
    )


class Limits(models.Model):
    """One person's limits. Shares are of equity: 0.02 is 2 %."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="limits"
    )
    kelly_fraction = _share("0.2500", "of full Kelly")
    max_bet_share = _share("0.0200", "one bet")
    max_market_share = _share("0.0300", "what all open bets on one market can lose")
    max_event_share = _share("0.0300", "what all open bets on one event can lose")
    max_league_share = _share("0.5000", "all open bets in one league")
    max_bookmaker_share = _share("0.5000", "all open bets at one bookmaker")
    max_day_share = _share("0.1000", "all stakes placed in one day")
    max_drawdown_share = _share("0.2500", "fall of equity from its peak that halts placement")
    max_open_bets = models.PositiveIntegerField(default=200)
    min_edge = _share("0.0000", "least expected profit per unit staked, where one is known")
    min_stake = models.DecimalField(max_digits=9, decimal_places=2, default=Decimal("1.00"))

    class Meta:
        verbose_name_plural = "limits"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kelly_fraction__gt=0, kelly_fraction__lte=1),
                name="kelly_fraction_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(max_bet_share__gt=0, max_bet_share__lte=1)
                & Q(max_market_share__gt=0, max_market_share__lte=1)
                & Q(max_event_share__gt=0, max_event_share__lte=1)
                & Q(max_league_share__gt=0, max_league_share__lte=1)
                & Q(max_bookmaker_share__gt=0, max_bookmaker_share__lte=1)
                & Q(max_day_share__gt=0, max_day_share__lte=1)
                & Q(max_drawdown_share__gt=0, max_drawdown_share__lte=1),
                name="limits_are_shares",
            ),
            models.CheckConstraint(condition=Q(min_stake__gt=0), name="min_stake_positive"),
            models.CheckConstraint(condition=Q(max_open_bets__gt=0), name="some_bet_may_be_open"),
            models.CheckConstraint(
                condition=Q(min_edge__gte=0, min_edge__lt=1), name="min_edge_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"limits of {self.owner}"


class Assessment(models.Model):
    """One decision about a stake, with every step and every breach. Never changed."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assessments"
    )
    subject = models.CharField(max_length=160, help_text="what was to be staked on")
    at = models.DateTimeField()
    asked = models.DecimalField(max_digits=12, decimal_places=2)
    allowed = models.DecimalField(max_digits=12, decimal_places=2)
    waterfall = models.JSONField(help_text="steps: name, stake after it, reason")
    breaches = models.JSONField(help_text="each: rule, detail, figure, bound")

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="assessments_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.allowed} of {self.asked}"
