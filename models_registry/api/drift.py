"""How champions drift, and the cards of versions, as JSON."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Moment, Query, Shape, lists, read_query
from models_registry import selectors
from models_registry.card import card_of
from models_registry.screens import drift as drift_screens


class DriftQuery(Query):
    predictor = serializers.CharField(
        max_length=64, required=False, help_text="such as basketball_nba-h2h"
    )
    level = serializers.ChoiceField(choices=("fine", "warn", "pause"), required=False)


class PauseQuery(Query):
    predictor = serializers.CharField(max_length=64, required=False)


class DriftReportShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    version = serializers.IntegerField(source="version_id")
    version_name = serializers.CharField(source="version")
    day = serializers.DateField(help_text="UTC")
    made_at = Moment()
    level = serializers.ChoiceField(choices=("fine", "warn", "pause"))
    readings = serializers.JSONField(
        help_text="each: name, figure, warn and pause bounds (null: never), level, words"
    )
    plots = serializers.JSONField(help_text="calibration, rolling log loss, PSI of every feature")


class PauseShape(Shape):
    id = serializers.IntegerField(source="pk")
    version = serializers.IntegerField(source="version_id")
    version_name = serializers.CharField(source="version")
    kind = serializers.ChoiceField(choices=("paused", "released", "recovered"))
    at = Moment()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    reason = serializers.CharField()


class DriftReports(APIView):
    @lists("drift", tag="models", of=DriftReportShape, by=DriftQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Reports of drift, one a day and predictor, latest first."""
        return drift_screens.drift_reports(
            predictor=asked.get("predictor"), level=asked.get("level")
        )


class Pauses(APIView):
    @lists("pauses", tag="models", of=PauseShape, by=PauseQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """When versions were paused, released or recovered, latest first."""
        return drift_screens.pauses(predictor=asked.get("predictor"))


class ModelCard(APIView):
    @extend_schema(operation_id="model_card", tags=["models"], responses={200: dict})
    def get(self, request: Request, version_id: int) -> Response:
        """The card of a version: data, figures with intervals, limits, refusals, history."""
        read_query(request, serializers.Serializer)
        version = selectors.version_in_full(version_id)
        if version is None:
            raise Http404
        return Response(card_of(version, now=clock.now()))
