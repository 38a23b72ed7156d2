"""Events and quotes as JSON."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Id, Moment, Point, Price, Query, Shape, filter_of, lists, shows
from odds import feed_status, listings
from odds.listings import EventFilter

STATUSES = ("scheduled", "finished", "cancelled", "postponed", "abandoned")
SIDES = ("home", "away", "draw", "over", "under")


class EventQuery(Query):
    competition = serializers.CharField(
        max_length=64, required=False, help_text="a competition's key, such as basketball_nba"
    )
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    team = serializers.CharField(
        max_length=96, required=False, help_text="part of either team's name"
    )
    starts_after = Moment(required=False, help_text="at or after this time")
    starts_before = Moment(required=False, help_text="before this time")


class QuoteQuery(EventQuery):
    event = Id()
    market = serializers.CharField(max_length=48, required=False, help_text="h2h, spreads, totals")
    bookmaker = serializers.CharField(max_length=64, required=False, help_text="a bookmaker's key")
    side = serializers.ChoiceField(choices=SIDES, required=False)


class EventShape(Shape):
    id = serializers.IntegerField(source="pk")
    competition = serializers.CharField(source="competition.key")
    is_simulated = serializers.BooleanField(source="competition.is_simulated")
    season = serializers.CharField()
    stage = serializers.CharField()
    day = serializers.DateField()
    starts_at = Moment()
    start_is_exact = serializers.BooleanField()
    home = serializers.CharField(source="home.name")
    away = serializers.CharField(source="away.name")
    neutral_site = serializers.BooleanField()
    status = serializers.ChoiceField(choices=STATUSES)
    home_score = serializers.IntegerField(allow_null=True)
    away_score = serializers.IntegerField(allow_null=True)
    overtimes = serializers.IntegerField()


class SelectionShape(Shape):
    id = serializers.IntegerField(source="pk")
    side = serializers.ChoiceField(choices=SIDES)
    point = Point()


class MarketShape(Shape):
    key = serializers.CharField()
    selections = SelectionShape(source="selections.all", many=True)


class EventInFull(EventShape):
    markets = MarketShape(source="markets.all", many=True)


class QuoteShape(Shape):
    id = serializers.IntegerField(source="pk")
    event = serializers.IntegerField(source="selection.market.event_id")
    competition = serializers.CharField(source="selection.market.event.competition.key")
    home = serializers.CharField(source="selection.market.event.home.name")
    away = serializers.CharField(source="selection.market.event.away.name")
    starts_at = Moment(source="selection.market.event.starts_at")
    market = serializers.CharField(source="selection.market.key")
    selection = serializers.IntegerField(source="selection_id")
    side = serializers.ChoiceField(source="selection.side", choices=SIDES)
    point = Point(source="selection.point")
    bookmaker = serializers.CharField(source="bookmaker.key")
    price = Price(allow_null=True, help_text="null: withdrawn")
    last_update = Moment(
        source="newest_update",
        allow_null=True,
        help_text="the bookmaker's own time at our last look",
    )
    seen_at = Moment(help_text="when this price was first seen")
    confirmed_at = Moment(
        help_text="when it is last known to have stood: our last look, or last_update if older"
    )


class EventList(APIView):
    @lists("events", tag="odds", of=EventShape, by=EventQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Events by start, past and coming."""
        return listings.events(filter_of(EventFilter, asked))


class EventDetail(APIView):
    @shows("event", tag="odds", of=EventInFull)
    def get(self, _request: Request, event_id: int) -> object:
        """One event with its markets and their selections."""
        return listings.event_in_full(event_id)


class QuoteList(APIView):
    @lists("odds", tag="odds", of=QuoteShape, by=QuoteQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Latest quotes of each bookmaker. Without `event` or `starts_after`: of coming events."""
        if not {"event", "starts_after"} & asked.keys():
            asked["starts_after"] = clock.now()
        return listings.quotes(
            filter_of(EventFilter, asked),
            event_id=asked.get("event"),
            market=asked.get("market"),
            bookmaker=asked.get("bookmaker"),
            side=asked.get("side"),
        )


class SpentShape(Shape):
    competition = serializers.CharField(source="subject")
    calls = serializers.IntegerField()
    failures = serializers.IntegerField()
    credits = serializers.IntegerField()


class DriftShape(Shape):
    endpoint = serializers.CharField()
    kind = serializers.CharField()
    path = serializers.CharField(help_text="where, or which market or bookmaker")
    example = serializers.CharField()
    count = serializers.IntegerField()
    first_seen_at = Moment()
    last_seen_at = Moment()


class FeedsShape(Shape):
    provider = serializers.CharField()
    budget = serializers.IntegerField(
        source="account.budget", allow_null=True, help_text="credits a month; null: none is set"
    )
    spent = serializers.IntegerField(source="account.spent", help_text="by our ledger")
    used = serializers.IntegerField(
        source="account.used", allow_null=True, help_text="as the provider says; null: unknown"
    )
    remaining = serializers.IntegerField(
        source="account.remaining",
        allow_null=True,
        help_text="as the provider says, below 0 where overrun; null: unknown",
    )
    difference = serializers.IntegerField(
        source="account.difference", allow_null=True, help_text="used less our ledger at that call"
    )
    left = serializers.IntegerField(
        source="account.left", allow_null=True, help_text="may still be spent; null: no limit known"
    )
    forecast = serializers.IntegerField(
        allow_null=True, help_text="spent by the end of the month at the recent pace"
    )
    starts_anew_at = Moment()
    is_out_of_credits = serializers.BooleanField(source="is_out")
    is_breaker_open = serializers.BooleanField(source="is_shut")
    calls = serializers.IntegerField()
    competitions = SpentShape(source="by_sport", many=True)
    drift = serializers.SerializerMethodField()

    @extend_schema_field(DriftShape(many=True))
    def get_drift(self, _status: object) -> list[dict[str, Any]]:
        return list(DriftShape(feed_status.latest_drift(), many=True).data)


class Feeds(APIView):
    @shows("feeds", tag="odds", of=FeedsShape)
    def get(self, _request: Request) -> object:
        """What the odds provider has cost this month, and how it drifts from its guide."""
        return feed_status.credit_status(now=clock.now())
