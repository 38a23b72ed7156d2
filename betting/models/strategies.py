"""What a strategy recommends."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from models_registry.models import Prediction
from odds.models import Quote


class Strategy(models.Model):
    """How opportunities are found: whose probability, which gates."""

    key = models.SlugField(max_length=48, unique=True)
    title = models.CharField(max_length=64)
    configuration = models.JSONField(help_text="as betting.domain.decide.Configuration")
    is_active = models.BooleanField(default=True)
    followers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="followed_strategies",
        help_text="Bettors for whom it places paper bets by itself.",
    )

    class Meta:
        ordering: ClassVar = ["title"]
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.title


class Opportunity(models.Model):
    """A price above fair, as surfaced, with why (or why not). Frozen: only its status moves on."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        GONE = "gone", "Gone"

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="opportunities")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="opportunities")
    prediction = models.ForeignKey(
        Prediction, on_delete=models.PROTECT, null=True, related_name="opportunities"
    )
    as_of = models.DateTimeField(help_text="latest information used")
    price = models.DecimalField(max_digits=9, decimal_places=3)
    price_seen_at = models.DateTimeField()
    fair_probability = models.FloatField(help_text="what the strategy believes")
    market_probability = models.FloatField(help_text="the margin-free consensus")
    model_probability = models.FloatField(null=True)
    edge = models.FloatField()
    edge_low = models.FloatField(help_text="edge at the low end of what is believed")
    stake_share = models.FloatField(help_text="recommended share of equity before personal limits")
    reasons = models.JSONField(help_text="sentences")
    passes = models.JSONField(help_text="why not: each gate failed; empty when recommended")
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.OPEN)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-as_of", "-edge"]
        verbose_name_plural = "opportunities"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["strategy", "quote", "as_of"], name="opportunity_once_a_moment"
            ),
            models.UniqueConstraint(
                fields=["strategy", "quote"],
                condition=Q(status="open"),
                name="one_open_opportunity_a_quote",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "-edge"], name="opportunity_best"),
        ]

    def __str__(self) -> str:
        return f"{self.quote}: edge {self.edge:+.3f}"
