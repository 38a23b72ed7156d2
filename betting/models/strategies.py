"""What a strategy recommends."""

from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import SignalSource
from models_registry.models import Prediction
from odds.models import Quote


class Strategy(models.Model):
    """How opportunities are found: whose probability, which gates.

    Every change of the configuration is a StrategyVersion, made by the database, whoever changes
    it. `changed_by`, `changed_at` and `change_note` are of the last change.
    """

    key = models.SlugField(max_length=48, unique=True)
    title = models.CharField(max_length=64)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="strategies",
        help_text="Whose alone it is; nobody: everybody's.",
    )
    source = models.OneToOneField(
        SignalSource,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="strategy",
        help_text="the bot whose signals it decides on",
    )
    configuration = models.JSONField(help_text="as betting.domain.configuration.Configuration")
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="number of the version in force, kept by the database"
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    change_note = models.CharField(max_length=200, blank=True, editable=False)
    is_active = models.BooleanField(default=True, help_text="Whether it looks for opportunities.")
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    followers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="followed_strategies",
        help_text="Bettors for whom it places paper bets by itself.",
    )

    class Meta:
        ordering: ClassVar = ["title"]
        verbose_name_plural = "strategies"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(archived_at__isnull=True) | Q(is_active=False),
                name="archived_strategy_is_not_active",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="versions_count_up",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    NEW.version := 1;
                    IF TG_OP = 'UPDATE' THEN
                        NEW.version := OLD.version
                            + (NEW.configuration IS DISTINCT FROM OLD.configuration)::int;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="every_change_is_a_version",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                # Who changed it is known only of a change that says when it was made.
                func="""
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.version = OLD.version THEN RETURN NEW; END IF;
                        IF (NEW.changed_at, NEW.changed_by_id, NEW.change_note)
                           IS NOT DISTINCT FROM
                           (OLD.changed_at, OLD.changed_by_id, OLD.change_note) THEN
                            INSERT INTO betting_strategyversion
                                (strategy_id, number, configuration, note, made_at)
                            VALUES (NEW.id, NEW.version, NEW.configuration, '', now());
                            RETURN NEW;
                        END IF;
                    END IF;
                    INSERT INTO betting_strategyversion
                        (strategy_id, number, configuration, note, made_by_id, made_at)
                    VALUES (NEW.id, NEW.version, NEW.configuration, NEW.change_note,
                            NEW.changed_by_id, NEW.changed_at);
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.title


class StrategyVersion(models.Model):
    """A strategy's configuration as it once was. Never changed; written by the database alone."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    configuration = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["strategy", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["strategy", "number"], name="one_version_a_number"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="versions_never_change",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} v{self.number}"


class Opportunity(models.Model):
    """A price above fair, as surfaced, with why (or why not). Frozen: only its status moves on."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        GONE = "gone", "Gone"

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="opportunities")
    version = models.ForeignKey(
        StrategyVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="opportunities",
        help_text="that found it; left out, the database takes the one in force",
    )
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
    kelly_share = models.FloatField(
        null=True, help_text="full Kelly over its slate; unknown: staked as if alone"
    )
    kept_part = models.FloatField(default=1.0, help_text="of it, beside bets that go with it")
    stake_share = models.FloatField(
        help_text="recommended share of equity before personal limits, 0 where it is in money"
    )
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
            models.Index(fields=["-as_of", "-id"], name="opportunity_newest"),
            models.Index(fields=["quote"], condition=Q(status="open"), name="opportunity_open"),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="opportunities_know_their_version",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.version_id IS NULL"),
                func="""
                    NEW.version_id := (
                        SELECT v.id FROM betting_strategyversion v
                        JOIN betting_strategy s ON s.id = v.strategy_id AND s.version = v.number
                        WHERE s.id = NEW.strategy_id
                    );
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quote}: edge {self.edge:+.3f}"

    @property
    def configuration(self) -> dict[str, Any]:
        """The configuration that found it, as it was then."""
        found: dict[str, Any] = (self.version or self.strategy).configuration
        return found
