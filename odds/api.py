"""Events and quotes as JSON."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Moment, Price, ProblemShape, Query, page_of, paged, read_query
from odds import listings
from odds.listings import EventFilter

STATUSES = ("scheduled", "finished", "cancelled")
SIDES = ("home", "away", "draw", "over", "under")

Shape = serializers.Serializer[Any]


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
    event = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
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
    point = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)


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
    point = serializers.DecimalField(
        source="selection.point", max_digits=6, decimal_places=2, allow_null=True
    )
    bookmaker = serializers.CharField(source="bookmaker.key")
    price = Price(allow_null=True, help_text="null: withdrawn")
    last_update = Moment(
        source="newest_update", allow_null=True, help_text="the bookmaker's own newest time"
    )
    seen_at = Moment(help_text="when this price was first seen")
    confirmed_at = Moment(help_text="when it was last seen still there")


class EventList(APIView):
    @extend_schema(
        operation_id="events",
        tags=["odds"],
        parameters=[EventQuery],
        responses={200: paged(EventShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Events by start, past and coming."""
        asked = read_query(request, EventQuery)
        return page_of(request, self, listings.events(_event_filter(asked)), EventShape)


class EventDetail(APIView):
    @extend_schema(
        operation_id="event", tags=["odds"], responses={200: EventInFull, 404: ProblemShape}
    )
    def get(self, request: Request, event_id: int) -> Response:
        """One event with its markets and their selections."""
        read_query(request, serializers.Serializer)
        event = listings.event_in_full(event_id)
        if event is None:
            raise Http404
        return Response(EventInFull(event).data)


class QuoteList(APIView):
    @extend_schema(
        operation_id="odds",
        tags=["odds"],
        parameters=[QuoteQuery],
        responses={200: paged(QuoteShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Latest quotes of each bookmaker. Without `event` or `starts_after`: of coming events."""
        asked = read_query(request, QuoteQuery)
        if not {"event", "starts_after"} & asked.keys():
            asked["starts_after"] = clock.now()
        rows = listings.quotes(
            _event_filter(asked),
            event_id=asked.get("event"),
            market=asked.get("market"),
            bookmaker=asked.get("bookmaker"),
            side=asked.get("side"),
        )
        return page_of(request, self, rows, QuoteShape)


def _event_filter(asked: dict[str, Any]) -> EventFilter:
    return EventFilter(
        **{name: asked[name] for name in EventFilter.__dataclass_fields__ if name in asked}
    )
