"""What this installation is and holds, as JSON: its settings that are no secret, its numbers."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Moment, Shape, needs, owner_of, read_query
from accounts.scopes import READ_OWN
from betting.selectors.numbers import numbers_of


class LimitsOfAsking(Shape):
    route = serializers.CharField(source="RATE_DEFAULT", help_text="empty: none")
    routes = serializers.DictField(source="RATE_ROUTES", child=serializers.CharField())
    api = serializers.CharField(source="RATE_API")
    address = serializers.CharField(source="RATE_ADDRESS")


class ConfigShape(Shape):
    version = serializers.CharField(source="VERSION")
    revision = serializers.CharField(source="REVISION")
    now = serializers.SerializerMethodField(help_text="the time of the world that is played")
    competitions = serializers.ListField(
        source="THE_ODDS_API_COMPETITIONS", child=serializers.CharField()
    )
    markets = serializers.ListField(source="THE_ODDS_API_MARKETS", child=serializers.CharField())
    regions = serializers.ListField(source="THE_ODDS_API_REGIONS", child=serializers.CharField())
    live_venues = serializers.ListField(
        source="LIVE_VENUES", child=serializers.CharField(), help_text="that may be armed"
    )
    rates = LimitsOfAsking(source="*", help_text="how often one key may ask")
    access_seconds = serializers.IntegerField(source="ACCESS_TOKENS_LAST.seconds")

    @extend_schema_field(Moment)
    def get_now(self, _settings: object) -> Any:  # noqa: ANN401
        """Return it as every other moment."""
        return Moment().to_representation(clock.now())


class Config(APIView):
    @extend_schema(operation_id="config", tags=["about"], responses={200: ConfigShape})
    def get(self, request: Request) -> Response:
        """How this installation is set up, as far as it is no secret."""
        read_query(request, serializers.Serializer)
        return Response(ConfigShape(settings).data)


class StatsShape(Shape):
    events_to_come = serializers.IntegerField()
    bookmakers = serializers.IntegerField()
    open_opportunities = serializers.IntegerField()
    recommended = serializers.IntegerField(help_text="of them, past every gate")
    model_versions = serializers.IntegerField()
    bets = serializers.DictField(
        child=serializers.IntegerField(), help_text="yours, by their status"
    )
    newest_price_at = Moment(allow_null=True)


class Stats(APIView):
    @extend_schema(operation_id="stats", tags=["about"], responses={200: StatsShape})
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """How much there is: events to come, open opportunities, your bets by status."""
        read_query(request, serializers.Serializer)
        return Response(StatsShape(numbers_of(owner_of(request), now=clock.now())).data)
