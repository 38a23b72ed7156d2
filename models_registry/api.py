"""Model versions and predictions as JSON."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import Figure, Moment, ProblemShape, Query, page_of, paged, read_query
from models_registry import listings

Shape = serializers.Serializer[Any]


class VersionQuery(Query):
    predictor = serializers.CharField(
        max_length=64, required=False, help_text="such as basketball_nba-h2h"
    )
    competition = serializers.CharField(max_length=64, required=False)


class PredictionQuery(Query):
    event = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    version = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="a model version's id"
    )
    competition = serializers.CharField(max_length=64, required=False)
    as_of_after = Moment(required=False, help_text="at or after this time")
    as_of_before = Moment(required=False, help_text="before this time")


class VersionShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    competition = serializers.CharField(source="predictor.competition.key")
    number = serializers.IntegerField()
    is_champion = serializers.SerializerMethodField(help_text="it prices now")
    algorithm = serializers.CharField()
    created_at = Moment()
    trained_from = serializers.DateField()
    trained_until = Moment(help_text="nothing known later was used")
    game_count = serializers.IntegerField()
    metrics = serializers.JSONField(help_text="by model, elo and close, on the same games")
    data_hash = serializers.CharField(help_text="SHA-256 of the training matrix")
    checksum = serializers.CharField(help_text="SHA-256 of the artefact")
    notes = serializers.CharField()

    def get_is_champion(self, version: Any) -> bool:  # noqa: ANN401
        return bool(version.champion_id == version.pk)


class PromotionShape(Shape):
    kind = serializers.CharField()
    at = Moment()
    by = serializers.CharField(source="by.username", default=None)
    reason = serializers.CharField()
    gates = serializers.JSONField()


class VersionInFull(VersionShape):
    signature = serializers.JSONField(help_text="ordered feature names and types")
    parameters = serializers.JSONField()
    code_version = serializers.CharField()
    promotions = PromotionShape(source="promotions.all", many=True)


class PredictionShape(Shape):
    id = serializers.IntegerField(source="pk")
    event = serializers.IntegerField(source="event_id")
    competition = serializers.CharField(source="event.competition.key")
    home = serializers.CharField(source="event.home.name")
    away = serializers.CharField(source="event.away.name")
    starts_at = Moment(source="event.starts_at")
    version = serializers.IntegerField(source="version_id")
    version_name = serializers.CharField(source="version")
    as_of = Moment(help_text="latest information used")
    made_at = Moment(help_text="when it was written")
    home_probability = Figure()


class VersionList(APIView):
    @extend_schema(
        operation_id="models",
        tags=["models"],
        parameters=[VersionQuery],
        responses={200: paged(VersionShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Model versions, newest first, each with its figures and the market's."""
        asked = read_query(request, VersionQuery)
        rows = listings.versions(
            predictor=asked.get("predictor"), competition=asked.get("competition")
        )
        return page_of(request, self, rows, VersionShape)


class VersionDetail(APIView):
    @extend_schema(
        operation_id="model", tags=["models"], responses={200: VersionInFull, 404: ProblemShape}
    )
    def get(self, request: Request, version_id: int) -> Response:
        """One version, with its signature and when it was promoted."""
        read_query(request, serializers.Serializer)
        version = listings.version_in_full(version_id)
        if version is None:
            raise Http404
        return Response(VersionInFull(version).data)


class PredictionList(APIView):
    @extend_schema(
        operation_id="predictions",
        tags=["models"],
        parameters=[PredictionQuery],
        responses={200: paged(PredictionShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """What each version said about each event, latest information first."""
        asked = read_query(request, PredictionQuery)
        rows = listings.predictions(
            event_id=asked.get("event"),
            version_id=asked.get("version"),
            competition=asked.get("competition"),
            as_of_after=asked.get("as_of_after"),
            as_of_before=asked.get("as_of_before"),
        )
        return page_of(request, self, rows, PredictionShape)
