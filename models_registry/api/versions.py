"""Model versions as JSON."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import Moment, Query, Shape, lists, shows
from models_registry import selectors


class VersionQuery(Query):
    predictor = serializers.CharField(
        max_length=64, required=False, help_text="such as basketball_nba-h2h"
    )
    competition = serializers.CharField(max_length=64, required=False)
    stage = serializers.ChoiceField(
        choices=("candidate", "staging", "production", "archived"), required=False
    )
    tag = serializers.CharField(max_length=40, required=False)


class VersionShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    competition = serializers.CharField(source="predictor.competition.key")
    number = serializers.IntegerField()
    is_champion = serializers.BooleanField(help_text="it prices now")
    stage = serializers.CharField(help_text="candidate, staging, production or archived")
    tags = serializers.ListField(child=serializers.CharField())
    algorithm = serializers.CharField()
    created_at = Moment()
    trained_from = serializers.DateField()
    trained_until = Moment(help_text="nothing known later was used")
    game_count = serializers.IntegerField()
    metrics = serializers.JSONField(help_text="by model, elo and close, on the same games")
    data_hash = serializers.CharField(help_text="SHA-256 of the training matrix")
    checksum = serializers.CharField(help_text="SHA-256 of the artefact")
    notes = serializers.CharField()


class PromotionShape(Shape):
    kind = serializers.CharField()
    at = Moment()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    reason = serializers.CharField()
    gates = serializers.JSONField()


class RemarkShape(Shape):
    kind = serializers.CharField(help_text="tag, untag or note")
    text = serializers.CharField()
    at = Moment()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)


class VersionInFull(VersionShape):
    signature = serializers.JSONField(help_text="ordered feature names and types")
    parameters = serializers.JSONField()
    code_version = serializers.CharField()
    promotions = PromotionShape(source="promotions.all", many=True)
    remarks = RemarkShape(source="remarks.all", many=True)


class VersionList(APIView):
    @lists("models", tag="models", of=VersionShape, by=VersionQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Model versions, newest first, each with its figures and the market's."""
        return selectors.versions(
            predictor=asked.get("predictor"),
            competition=asked.get("competition"),
            stage=asked.get("stage"),
            tag=asked.get("tag"),
        )


class VersionDetail(APIView):
    @shows("model", tag="models", of=VersionInFull)
    def get(self, _request: Request, version_id: int) -> object:
        """One version, with its signature and when it was promoted."""
        return selectors.version_in_full(version_id)
