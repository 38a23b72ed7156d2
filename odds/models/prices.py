"""What was seen: looks, quotes, every change of a price, closes."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Least
from psqlextra.models import PostgresPartitionedModel
from psqlextra.types import PostgresPartitioningMethod

from odds.models.events import Event
from odds.models.keys import append_only, held_by_statement, undeletable, unmoved
from odds.models.markets import Bookmaker, Market, Selection


class Sighting(models.Model):
    """A source looked at one market of one event at `seen_at`.

    Whatever a bookmaker it looked at had in force then, it confirmed or changed; what it no longer
    listed, it withdrew. This is what lets an older sweep fill in history, and tells how fresh a
    price was at any past moment.
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.PROTECT,
        related_name="sightings",
        db_index=False,
        db_constraint=False,
    )
    market_key = models.CharField(max_length=48)
    seen_at = models.DateTimeField()
    bookmaker_ids = ArrayField(
        models.BigIntegerField(), null=True, help_text="bookmakers looked at; null means any"
    )
    fingerprint = models.BigIntegerField(help_text="of all that was listed")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="sighting_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "market_key", "seen_at", "fingerprint"], name="sighting_once"
            )
        ]
        triggers: ClassVar = [
            held_by_statement("sightings_have_events", "event_id", "odds_event"),
            unmoved("sightings_stay_where_they_are", "event_id"),
        ]

    def __str__(self) -> str:
        return f"{self.market_key} of {self.event_id} at {self.seen_at:%Y-%m-%d %H:%M}"


class MarketLook(models.Model):
    """When each bookmaker's prices of a market were last looked at: one row a market.

    Three arrays side by side: the bookmakers, the moments, and the time of its own that each
    bookmaker gave then. A price in force was confirmed at its bookmaker's moment; one whose
    bookmaker's own time stands still is stale, however often we look.
    """

    market = models.OneToOneField(
        Market,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="look",
        db_constraint=False,
    )
    bookmaker_ids = ArrayField(models.BigIntegerField())
    looked_at = ArrayField(models.DateTimeField())
    last_update = ArrayField(models.DateTimeField(null=True))

    class Meta:
        triggers: ClassVar = [
            held_by_statement("looks_have_markets", "market_id", "odds_market"),
            unmoved("looks_stay_where_they_are", "market_id"),
        ]

    def __str__(self) -> str:
        return f"looks at {self.market_id}"


class _OfBook(models.Func):
    """The element of an array of MarketLook that belongs to the outer quote's bookmaker."""

    template = "%(expressions)s]"
    arg_joiner = "["

    def __init__(self, column: str, bookmaker: str) -> None:
        place = models.Func(
            F("bookmaker_ids"), models.OuterRef(bookmaker), function="array_position"
        )
        super().__init__(F(column), place, output_field=models.DateTimeField(null=True))


def looks_at(quote: str = "") -> dict[str, models.Case]:
    """Return the expressions that `with_looks` adds; `quote` is the path to it, ending in `__`."""
    looks = MarketLook.objects.filter(market=models.OuterRef(f"{quote}selection__market"))
    updated, seen = F(f"{quote}last_update"), F(f"{quote}seen_at")

    def of_look(column: str) -> models.Subquery:
        return models.Subquery(looks.values_list(_OfBook(column, f"{quote}bookmaker_id")))

    told = Coalesce(of_look("last_update"), updated)
    stood = Least(Greatest(seen, of_look("looked_at")), told)
    is_withdrawn = {f"{quote}price__isnull": True}
    return {
        "confirmed_at": models.Case(models.When(**is_withdrawn, then=seen), default=stood),
        "newest_update": models.Case(models.When(**is_withdrawn, then=updated), default=told),
    }


class QuoteQuerySet(models.QuerySet["Quote"]):
    """Quotes, with what the looks at their markets add."""

    def with_looks(self) -> "QuoteQuerySet":
        """Add `confirmed_at`, when this price is last known to have stood, and `newest_update`.

        The latter is the bookmaker's own time at our newest look; the former is when we looked, or
        the bookmaker's time where that is older. A withdrawn quote is confirmed when it was seen
        to be gone.
        """
        return self.annotate(**looks_at())


class Quote(models.Model):
    """The latest that one bookmaker said about one selection; its history is in PriceChange.

    It is the newest of its changes, so a sweep writes no row for a price that stands: that we
    looked is in MarketLook. `price` null means withdrawn. `seen_at` is when we saw this price
    first, `last_update` the bookmaker's own time then; `with_looks` adds what later looks told.
    """

    # The unique constraint serves look-ups by selection; nothing looks up by bookmaker alone.
    # Keys on the way of prices are held by triggers instead of constraints: decision 9.
    selection = models.ForeignKey(
        Selection,
        on_delete=models.PROTECT,
        related_name="quotes",
        db_index=False,
        db_constraint=False,
    )
    bookmaker = models.ForeignKey(
        Bookmaker,
        on_delete=models.PROTECT,
        related_name="quotes",
        db_index=False,
        db_constraint=False,
    )
    price = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    last_update = models.DateTimeField(null=True, help_text="the bookmaker's own time")
    seen_at = models.DateTimeField()

    objects = QuoteQuerySet.as_manager()

    # Only on rows of `with_looks`.
    confirmed_at: datetime
    newest_update: datetime | None

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["selection", "bookmaker"], name="one_quote_a_book_and_selection"
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gt=1), name="quote_price_above_one"
            ),
        ]
        triggers: ClassVar = [
            held_by_statement("quotes_have_selections", "selection_id", "odds_selection"),
            held_by_statement("quotes_have_bookmakers", "bookmaker_id", "odds_bookmaker"),
            undeletable("quotes_are_kept"),
            unmoved("quotes_stay_where_they_are", "selection_id", "bookmaker_id", "id"),
        ]

    def __str__(self) -> str:
        return f"{self.selection} at {self.bookmaker}: {self.price or 'withdrawn'}"


class PriceChange(PostgresPartitionedModel):
    """A quote became this price (null: withdrawn), as we saw at `seen_at`. Never changed."""

    pk = models.CompositePrimaryKey("quote_id", "seen_at")
    # The primary key starts with quote, so it needs no index of its own.
    quote = models.ForeignKey(
        Quote,
        on_delete=models.PROTECT,
        related_name="changes",
        db_index=False,
        db_constraint=False,
    )
    price = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    last_update = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class PartitioningMeta:
        method = PostgresPartitioningMethod.RANGE
        key: ClassVar = ["seen_at"]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gt=1), name="change_price_above_one"
            )
        ]
        triggers: ClassVar = [
            append_only("price_changes_are_append_only"),
            held_by_statement("price_changes_have_quotes", "quote_id", "odds_quote"),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id} {self.price} at {self.seen_at:%Y-%m-%d %H:%M}"


class ClosingPrice(models.Model):
    """The close of a selection: the margin-free consensus of each book's last quote by the start.

    Rewritten until the start passes, then final.
    """

    selection = models.OneToOneField(Selection, on_delete=models.PROTECT, related_name="close")
    fair_probability = models.FloatField()
    method = models.CharField(max_length=120)
    book_count = models.PositiveSmallIntegerField()
    last_update = models.DateTimeField(help_text="the newest book time among the quotes used")
    age = models.DurationField(help_text="event's start minus last_update")
    captured_at = models.DateTimeField()
    is_final = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fair_probability__gt=0, fair_probability__lt=1),
                name="closing_probability_is_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.selection} closed at {self.fair_probability:.4f}"
