"""Opportunities as JSON."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import (
    Figure,
    Id,
    Moment,
    Point,
    Price,
    Query,
    Shape,
    Sort,
    filter_of,
    lists,
    owner_of,
    read_query,
    shows,
)
from betting.selectors.opportunities import (
    OpportunityFilter,
    opportunities,
    opportunity,
    opportunity_summary,
)
from odds.api.events import SIDES


class OpportunityFields(Shape):
    status = serializers.ChoiceField(choices=("open", "gone"), default="open")
    strategy = serializers.CharField(max_length=48, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    event = Id()
    market = serializers.CharField(max_length=48, required=False)
    bookmaker = serializers.CharField(max_length=64, required=False)
    side = serializers.ChoiceField(choices=SIDES, required=False)
    min_edge = serializers.DecimalField(
        max_digits=8, decimal_places=6, required=False, help_text="0.02 is 2 %"
    )
    min_price = Price(required=False, help_text="decimal, this or longer")
    max_price = Price(required=False, help_text="decimal, this or shorter")
    starts_before = Moment(required=False, help_text="of events that start before this time")
    recommended = serializers.BooleanField(
        required=False,
        default=None,
        help_text="true: passed every gate; false: held back by one",
    )


class OpportunityQuery(OpportunityFields, Query):
    sort = Sort(
        edge="edge",
        price="price",
        starts_at="quote__selection__market__event__starts_at",
        price_seen_at="price_seen_at",
    )


class OpportunityShape(Shape):
    id = serializers.IntegerField(source="pk")
    strategy = serializers.CharField(source="strategy.key")
    strategy_version = serializers.IntegerField(
        source="version.number",
        default=None,
        allow_null=True,
        help_text="null: found before strategies had versions",
    )
    event = serializers.IntegerField(source="quote.selection.market.event_id")
    competition = serializers.CharField(source="quote.selection.market.event.competition.key")
    is_simulated = serializers.BooleanField(
        source="quote.selection.market.event.competition.is_simulated"
    )
    home = serializers.CharField(source="quote.selection.market.event.home.name")
    away = serializers.CharField(source="quote.selection.market.event.away.name")
    starts_at = Moment(source="quote.selection.market.event.starts_at")
    market = serializers.CharField(source="quote.selection.market.key")
    selection = serializers.IntegerField(source="quote.selection_id")
    side = serializers.ChoiceField(source="quote.selection.side", choices=SIDES)
    point = Point(source="quote.selection.point")
    bookmaker = serializers.CharField(source="quote.bookmaker.key")
    price = Price(help_text="as it was found; the quote says what it is now")
    price_now = Price(source="quote.price", allow_null=True, help_text="null: withdrawn")
    price_seen_at = Moment()
    as_of = Moment(help_text="latest information used")
    fair_probability = Figure(help_text="what the strategy believes")
    market_probability = Figure(help_text="the margin-free consensus")
    model_probability = Figure()
    edge = Figure(help_text="expected profit per unit staked")
    edge_low = Figure(help_text="the same at the low end of what is believed")
    kelly_share = Figure(help_text="full Kelly over its slate, of equity; null: not known")
    kept_part = Figure(help_text="of it, beside bets that win and lose with it")
    stake_share = Figure(help_text="of equity, before your own limits; 0: the plan is in money")
    reasons = serializers.JSONField()
    passes = serializers.JSONField(help_text="gates that failed; empty: recommended")
    status = serializers.ChoiceField(choices=("open", "gone"))
    gone_at = Moment(allow_null=True)


class OpportunityList(APIView):
    @lists("opportunities", tag="opportunities", of=OpportunityShape, by=OpportunityQuery)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Prices above fair, best edge first, with why and why not."""
        return opportunities(_filter(request, asked))


class EvHits(APIView):
    @lists("ev_hits", tag="opportunities", of=OpportunityShape, by=OpportunityQuery)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """The same as `opportunities`, by the name that other programs use."""
        return opportunities(_filter(request, asked))


class OpportunityDetail(APIView):
    @shows("opportunity", tag="opportunities", of=OpportunityShape)
    def get(self, request: Request, opportunity_id: int) -> object:
        """One opportunity, open or gone."""
        return opportunity(opportunity_id, seen_by=owner_of(request))


class EvFigures(Shape):
    count = serializers.IntegerField()
    recommended_count = serializers.IntegerField()
    best_edge = Figure()
    mean_edge = Figure()
    stake_share = Figure(help_text="recommended, of equity, before your own limits")


class EvGroup(EvFigures):
    key = serializers.CharField()


class EvSummaryShape(EvFigures):
    newest_as_of = Moment(allow_null=True)
    by_market = EvGroup(many=True)
    by_bookmaker = EvGroup(many=True)


class EvSummary(APIView):
    @extend_schema(
        operation_id="ev_summary",
        tags=["opportunities"],
        parameters=[OpportunityFields],
        responses={200: EvSummaryShape},
    )
    def get(self, request: Request) -> Response:
        """How many opportunities there are and how good, by market and by bookmaker."""
        asked = read_query(request, OpportunityFields)
        return Response(EvSummaryShape(opportunity_summary(_filter(request, asked))).data)


def _filter(request: Request, asked: dict[str, Any]) -> OpportunityFilter:
    return filter_of(OpportunityFilter, asked | {"seen_by": owner_of(request)})
