"""What can be bet on, and where: bookmakers, markets, selections."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from odds.models.events import Event
from odds.models.keys import held_by_statement, undeletable, unmoved


class Bookmaker(models.Model):
    """A bookmaker or exchange, by The Odds API's key."""

    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=64)
    is_exchange = models.BooleanField(default=False)
    commission_share = models.DecimalField(
        max_digits=5, decimal_places=4, default=0, help_text="of net winnings: 0.05 is 5 %"
    )
    weight = models.FloatField(
        default=1.0, help_text="share of voice in the consensus; 0 keeps it out"
    )
    is_archive = models.BooleanField(
        default=False, help_text="A source of past closing prices at which nobody can bet."
    )

    class Meta:
        ordering: ClassVar = ["title"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(commission_share__gte=0, commission_share__lt=1),
                name="commission_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(weight__gte=0), name="bookmaker_weight_not_negative"
            ),
        ]
        triggers: ClassVar = [undeletable("bookmakers_are_kept")]

    def __str__(self) -> str:
        return self.title


class Market(models.Model):
    """What is bet on in an event, by The Odds API's keys: h2h, spreads, totals, ..."""

    # Here and below, a unique constraint that starts with the key serves as its index.
    event = models.ForeignKey(
        Event,
        on_delete=models.PROTECT,
        related_name="markets",
        db_index=False,
        db_constraint=False,
    )
    key = models.CharField(max_length=48)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "key"], name="market_once_an_event")
        ]
        triggers: ClassVar = [
            held_by_statement("markets_have_events", "event_id", "odds_event"),
            undeletable("markets_are_kept"),
            unmoved("markets_stay_where_they_are", "event_id", "id"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.event}"


class Side(models.TextChoices):
    HOME = "home", "Home"
    AWAY = "away", "Away"
    DRAW = "draw", "Draw"
    OVER = "over", "Over"
    UNDER = "under", "Under"


class Selection(models.Model):
    """One outcome of a market. `point` is the line from its own side: home -5.5, away +5.5."""

    market = models.ForeignKey(
        Market,
        on_delete=models.PROTECT,
        related_name="selections",
        db_index=False,
        db_constraint=False,
    )
    side = models.CharField(max_length=8, choices=Side.choices)
    point = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["market", "side", "point"],
                name="selection_once_a_market",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="selection_side_known"),
        ]
        triggers: ClassVar = [
            held_by_statement("selections_have_markets", "market_id", "odds_market"),
            undeletable("selections_are_kept"),
            unmoved("selections_stay_where_they_are", "market_id", "id"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.point if self.point is not None else ''}".strip()
