"""What the world says: events, results, bookmakers, markets, prices."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from psqlextra.models import PostgresPartitionedModel
from psqlextra.types import PostgresPartitioningMethod

# Django finds a model where its app's models module names it.
from odds.models_pricing import BookmakerWeight as BookmakerWeight
from odds.models_pricing import PricingRule as PricingRule
from odds.models_pricing import WeightSet as WeightSet


def _whole(name: str, key: str, table: str) -> pgtrigger.Trigger:
    """Return what holds a foreign key for all rows of a statement at once.

    A constraint checks row by row and locks each row it finds, which was most of what recording
    prices cost; see docs/decisions. What is pointed at can never be deleted, so no lock is needed.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]
        func=(
            f"IF EXISTS (SELECT FROM added a WHERE NOT EXISTS"  # noqa: S608
            f" (SELECT FROM {table} t WHERE t.id = a.{key})) THEN"
            f" RAISE foreign_key_violation USING MESSAGE ="
            f" '{key} is in no row of {table}'; END IF; RETURN NULL;"
        ),
    )


def _undeletable(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Delete)


class Sport(models.Model):
    """A sport, such as basketball."""

    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class Competition(models.Model):
    """A league or cup. Its key is what The Odds API calls a sport key: basketball_nba."""

    sport = models.ForeignKey(Sport, on_delete=models.PROTECT, related_name="competitions")
    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=64)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="The zone whose calendar day names an event's day."
    )
    is_simulated = models.BooleanField(default=False)
    names_from = models.CharField(
        max_length=32,
        blank=True,
        help_text="The results source that names the teams; then odds sources only match names.",
    )

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class Team(models.Model):
    """A club, by the name we show. Every other spelling is a TeamAlias."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=96)
    code = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "name"], name="team_named_once")
        ]

    def __str__(self) -> str:
        return self.name


class TeamAlias(models.Model):
    """A spelling some source uses for a team, accepted by a person or shipped with a format."""

    competition = models.ForeignKey(
        Competition, on_delete=models.PROTECT, related_name="team_aliases"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="aliases")
    alias = models.CharField(max_length=96, help_text="lower case, single spaces")

    class Meta:
        ordering: ClassVar = ["alias"]
        verbose_name_plural = "team aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "alias"], name="alias_means_one_team")
        ]

    def __str__(self) -> str:
        return f"{self.alias} = {self.team}"


class EventStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"


class Event(models.Model):
    """One match or game. Home and away as the competition lists them, also at a neutral site."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="events")
    season = models.CharField(max_length=9, help_text="2021-22, or 2022 where it fits one year")
    stage = models.CharField(max_length=16, default="regular", help_text="regular, playoffs, ...")
    home = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="home_events")
    away = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="away_events")
    day = models.DateField(help_text="Calendar day in the competition's time zone.")
    starts_at = models.DateTimeField(help_text="Listed start; commence_time at The Odds API.")
    start_is_exact = models.BooleanField(
        default=True, help_text="False where the source gives only the day."
    )
    neutral_site = models.BooleanField(default=False)
    status = models.CharField(
        max_length=12, choices=EventStatus.choices, default=EventStatus.SCHEDULED
    )
    home_score = models.PositiveSmallIntegerField(null=True, blank=True)
    away_score = models.PositiveSmallIntegerField(null=True, blank=True)
    overtimes = models.PositiveSmallIntegerField(default=0)
    result_seen_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the result was, or could first have been, known to us.",
    )

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["competition", "starts_at"], name="event_by_start"),
            models.Index(fields=["starts_at"], name="event_start"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["competition", "day", "home", "away"], name="event_once_a_day"
            ),
            models.CheckConstraint(condition=~Q(home=F("away")), name="event_has_two_teams"),
            models.CheckConstraint(
                condition=Q(status__in=EventStatus.values), name="event_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="finished")
                | Q(
                    home_score__isnull=False,
                    away_score__isnull=False,
                    result_seen_at__isnull=False,
                ),
                name="finished_event_has_a_result",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.away} at {self.home}, {self.day}"


class EventReference(models.Model):
    """What a source calls an event. Two keys may mean one event: The Odds API re-lists games."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="references")
    source = models.CharField(max_length=32, help_text="the_odds_api, nba, football_data, nfl")
    key = models.CharField(max_length=96)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="reference_means_one_event")
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


class TeamGame(models.Model):
    """One team's box score in one event, known from `seen_at` on."""

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="team_games", db_index=False
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="games")
    is_home = models.BooleanField()
    stats = models.JSONField(help_text="numbers by name: pts, fga, fta, oreb, tov, poss, ...")
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "is_home"], name="one_box_score_a_side")
        ]

    def __str__(self) -> str:
        return f"{self.team} in {self.event}"


class ReferenceLine(models.Model):
    """A line published without a price: an opening or closing spread or total."""

    class Moment(models.TextChoices):
        OPEN = "open", "Open"
        CLOSE = "close", "Close"

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="reference_lines", db_index=False
    )
    market_key = models.CharField(max_length=32, help_text="spreads (home points) or totals")
    moment = models.CharField(max_length=5, choices=Moment.choices)
    source = models.CharField(max_length=32)
    point = models.DecimalField(max_digits=6, decimal_places=2)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "market_key", "moment", "source"], name="reference_line_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.market_key} {self.moment} {self.point} ({self.source})"


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
        triggers: ClassVar = [_undeletable("bookmakers_are_kept")]

    def __str__(self) -> str:
        return self.title


class Market(models.Model):
    """What is bet on in an event, by The Odds API's keys: h2h, spreads, totals, ..."""

    # Here and below, a unique constraint that starts with the key serves as its index.
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="markets", db_index=False
    )
    key = models.CharField(max_length=48)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "key"], name="market_once_an_event")
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
        Market, on_delete=models.PROTECT, related_name="selections", db_index=False
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
        triggers: ClassVar = [_undeletable("selections_are_kept")]

    def __str__(self) -> str:
        return f"{self.side} {self.point if self.point is not None else ''}".strip()


class FeedRun(models.Model):
    """One fetch or one imported file: what it cost, what it brought, what it refused."""

    class Kind(models.TextChoices):
        ODDS = "odds", "Odds"
        SCORES = "scores", "Scores"
        EVENTS = "events", "Events"
        SPORTS = "sports", "Sports"
        EVENT = "event", "Event odds"
        HISTORY = "history", "Backfill"
        FILE = "file", "File"

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=255, help_text="competition key or file name")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    error = models.TextField(blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_repeated = models.PositiveIntegerField(default=0)
    rows_quarantined = models.PositiveIntegerField(default=0)
    credits_cost = models.IntegerField(null=True, blank=True)
    credits_remaining = models.IntegerField(null=True, blank=True)
    credits_used = models.IntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["provider", "kind", "-started_at"], name="feed_run_latest")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.subject} {self.started_at:%Y-%m-%d %H:%M}"


class QuarantinedRow(models.Model):
    """A row we refused, with the reason, kept until mended. The same row is kept once."""

    feed_run = models.ForeignKey(FeedRun, on_delete=models.PROTECT, related_name="quarantined_rows")
    source = models.CharField(max_length=255, help_text="provider or file it came from")
    row_number = models.PositiveIntegerField(null=True)
    field = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)
    raw = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-seen_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "fingerprint"], name="quarantined_row_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.field}: {self.reason}"


class CreditHold(models.Model):
    """Credits set aside for a call that is under way, so that calls at once keep to the budget.

    It goes when the call's CreditEntry is written; one that stays belongs to a process that died.
    """

    provider = models.CharField(max_length=32)
    planned = models.PositiveIntegerField()
    held_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["provider"], name="credit_hold_provider")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.planned} held at {self.held_at:%Y-%m-%d %H:%M}"


class CreditEntry(models.Model):
    """One call to a provider: what it was to cost and what its headers said. Never changed.

    `charged`, `remaining` and `used` are null where the answer did not say; remaining may be
    negative. `expected` is the cost by the provider's rules, null where they do not tell.
    """

    provider = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=16)
    subject = models.CharField(max_length=128, blank=True, help_text="competition, event")
    job = models.CharField(max_length=64, blank=True, help_text="what it was for")
    asked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="null: no answer came")
    error = models.CharField(max_length=64, blank=True)
    planned = models.PositiveIntegerField()
    expected = models.PositiveIntegerField(null=True)
    charged = models.IntegerField(null=True)
    remaining = models.IntegerField(null=True)
    used = models.IntegerField(null=True)
    feed_run = models.ForeignKey(
        FeedRun, on_delete=models.PROTECT, related_name="credit_entries", null=True
    )

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        verbose_name_plural = "credit entries"
        indexes: ClassVar = [
            models.Index(fields=["provider", "-asked_at", "-id"], name="credit_entry_latest")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="credit_entries_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        cost = "?" if self.charged is None else self.charged
        return f"{self.provider} {self.endpoint} {self.subject}: {cost}"


class SchemaDrift(models.Model):
    """Something in a provider's answers that is not as its guide says, and how often it was met."""

    class Kind(models.TextChoices):
        UNKNOWN_KEY = "unknown_key", "Unknown key"
        MISSING_KEY = "missing_key", "Missing key"
        CHANGED_TYPE = "changed_type", "Changed type"
        UNKNOWN_MARKET = "unknown_market", "Unknown market"
        UNKEPT_MARKET = "unkept_market", "Market we cannot keep"
        UNKNOWN_BOOK = "unknown_book", "New bookmaker"

    provider = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    path = models.CharField(max_length=128, help_text="where, or which market or bookmaker")
    example = models.CharField(max_length=255, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-last_seen_at", "-pk"]
        verbose_name_plural = "schema drift"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "endpoint", "kind", "path"], name="drift_noted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.endpoint}: {self.get_kind_display()} {self.path}"


class ProviderSport(models.Model):
    """A competition as a provider offers it: in season or not."""

    provider = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    title = models.CharField(max_length=96)
    group = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField()
    has_outrights = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["provider", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "key"], name="provider_sport_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.key}"


class FileFeed(models.Model):
    """A file fetched again and again from an address or a folder: results, fixtures, prices."""

    class Format(models.TextChoices):
        FOOTBALL_DATA = "football_data", "football-data.co.uk"
        CSV = "csv", "CSV with named columns"

    name = models.SlugField(max_length=32, unique=True, help_text="the source's name in our tables")
    address = models.CharField(
        max_length=500, help_text="https://... or file:... inside the folder that is allowed"
    )
    format = models.CharField(max_length=16, choices=Format.choices)
    columns = models.JSONField(
        default=dict, blank=True, help_text="our column: theirs; see the guide on adding a feed"
    )
    every_minutes = models.PositiveIntegerField(default=60)
    is_enabled = models.BooleanField(default=True)
    names_teams = models.BooleanField(
        default=False, help_text="Whether a team nobody knows is a new team, not an error."
    )
    etag = models.CharField(max_length=255, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what came last")
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(every_minutes__gte=1), name="file_feed_rests")
        ]

    def __str__(self) -> str:
        return self.name


class Sighting(models.Model):
    """A source looked at one market of one event at `seen_at`.

    Whatever a bookmaker it looked at had in force then, it confirmed or changed; what it no longer
    listed, it withdrew. This is what lets an older sweep fill in history, and tells how fresh a
    price was at any past moment.
    """

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="sightings", db_index=False
    )
    market_key = models.CharField(max_length=48)
    seen_at = models.DateTimeField()
    bookmaker_ids = ArrayField(
        models.BigIntegerField(), null=True, help_text="bookmakers looked at; null means any"
    )
    fingerprint = models.BigIntegerField(help_text="of all that was listed")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "market_key", "seen_at", "fingerprint"], name="sighting_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.market_key} of {self.event_id} at {self.seen_at:%Y-%m-%d %H:%M}"


class MarketLook(models.Model):
    """When each bookmaker's prices of a market were last looked at: one row a market.

    Three arrays side by side: the bookmakers, the moments, and the newest time of its own that each
    bookmaker gave. A price in force was confirmed at its bookmaker's moment; one whose bookmaker's
    own time stands still is stale, however often we look.
    """

    market = models.OneToOneField(
        Market, on_delete=models.PROTECT, primary_key=True, related_name="look"
    )
    bookmaker_ids = ArrayField(models.BigIntegerField())
    looked_at = ArrayField(models.DateTimeField())
    last_update = ArrayField(models.DateTimeField(null=True))

    def __str__(self) -> str:
        return f"looks at {self.market_id}"


class _OfBook(models.Func):
    """The element of an array of MarketLook that belongs to the outer quote's bookmaker."""

    template = "%(expressions)s]"
    arg_joiner = "["

    def __init__(self, column: str) -> None:
        place = models.Func(
            F("bookmaker_ids"), models.OuterRef("bookmaker_id"), function="array_position"
        )
        super().__init__(F(column), place, output_field=models.DateTimeField(null=True))


class QuoteQuerySet(models.QuerySet["Quote"]):
    """Quotes, with what the looks at their markets add."""

    def with_looks(self) -> "QuoteQuerySet":
        """Add `confirmed_at`, when a look last saw this price still there, and `newest_update`.

        The latter is the bookmaker's newest own time, of this price or of a later look at it. A
        withdrawn quote is confirmed when it was seen to be gone.
        """
        looks = MarketLook.objects.filter(market=models.OuterRef("selection__market"))

        def newest(column: str, own: str) -> models.Case:
            of_look = models.Subquery(looks.values_list(_OfBook(column)))
            return models.Case(
                models.When(price=None, then=F(own)), default=Greatest(F(own), of_look)
            )

        added = {
            "confirmed_at": newest("looked_at", "seen_at"),
            "newest_update": newest("last_update", "last_update"),
        }
        return self.annotate(**added)


class Quote(models.Model):
    """The latest that one bookmaker said about one selection; its history is in PriceChange.

    It is the newest of its changes, so a sweep writes no row for a price that stands: that we
    looked is in MarketLook. `price` null means withdrawn. `seen_at` is when we saw this price
    first, `last_update` the bookmaker's own time then; `with_looks` adds what later looks told.
    """

    # The unique constraint serves look-ups by selection; nothing looks up by bookmaker alone.
    # Both keys, and that of PriceChange, are held by triggers instead of constraints.
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
            _whole("quotes_have_selections", "selection_id", "odds_selection"),
            _whole("quotes_have_bookmakers", "bookmaker_id", "odds_bookmaker"),
            _undeletable("quotes_are_kept"),
            pgtrigger.Protect(
                name="quotes_stay_where_they_are",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__selection_id__df=pgtrigger.F("new__selection_id"))
                | pgtrigger.Q(old__bookmaker_id__df=pgtrigger.F("new__bookmaker_id"))
                | pgtrigger.Q(old__id__df=pgtrigger.F("new__id")),
            ),
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
            pgtrigger.Protect(
                name="price_changes_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            _whole("price_changes_have_quotes", "quote_id", "odds_quote"),
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
