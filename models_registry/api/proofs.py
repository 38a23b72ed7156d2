"""Attacks on versions, openings of held-out seasons and searches, as JSON."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import Id, Moment, Query, Shape, lists, shows
from models_registry.selectors import proofs as selectors_proofs


class AttackQuery(Query):
    version = Id(help_text="a model version's id")


class OpeningQuery(Query):
    predictor = serializers.CharField(
        max_length=64, required=False, help_text="such as basketball_nba-h2h"
    )


class SearchQuery(Query):
    competition = serializers.CharField(max_length=64, required=False)


class AttackShape(Shape):
    id = serializers.IntegerField(source="pk")
    version = serializers.IntegerField(source="version_id")
    version_name = serializers.CharField(source="version")
    status = serializers.ChoiceField(choices=("queued", "running", "passed", "found", "failed"))
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    asked_at = Moment()
    finished_at = Moment(allow_null=True)
    step = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField(help_text="0: not known yet")
    seed = serializers.IntegerField()
    data_hash = serializers.CharField(help_text="of the history attacked")
    code_version = serializers.CharField()
    checked = serializers.JSONField(help_text="how many moments, features, values, predictions")
    leaks = serializers.JSONField(help_text="each: column, attack, times, first event and moment")
    shuffled = serializers.JSONField(help_text="log loss on shuffled results, and the base rate's")
    error = serializers.CharField()


class OpeningShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    season = serializers.CharField()
    number = serializers.IntegerField(help_text="1: the first model to see this season")
    version = serializers.IntegerField(source="version_id", allow_null=True)
    recipe = serializers.CharField()
    parameters = serializers.JSONField()
    fingerprint = serializers.CharField(help_text="SHA-256 of recipe, parameters and code")
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    at = Moment()
    events = serializers.IntegerField()
    trials = serializers.IntegerField(help_text="settings tried by searches before")
    figures = serializers.JSONField()
    data_hash = serializers.CharField()
    code_version = serializers.CharField()
    reason = serializers.CharField(help_text="why a strategy saw the season again; else empty")


class TrialShape(Shape):
    number = serializers.IntegerField(help_text="0: the recipe as it stands")
    status = serializers.ChoiceField(choices=("running", "complete", "pruned", "failed"))
    parameters = serializers.JSONField()
    log_loss = serializers.FloatField(allow_null=True)
    finished_at = Moment(allow_null=True)
    error = serializers.CharField()


class SearchShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    competition = serializers.CharField(source="predictor.competition.key")
    recipe = serializers.CharField()
    status = serializers.ChoiceField(choices=("running", "done", "stopped", "failed"))
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    asked_at = Moment()
    until = Moment(help_text="nothing known later is used")
    finished_at = Moment(allow_null=True)
    trials_wanted = serializers.IntegerField()
    tries = serializers.IntegerField(source="ended", help_text="sets of parameters tried so far")
    workers = serializers.IntegerField(help_text="how many trials at once")
    seed = serializers.IntegerField()
    folds = serializers.JSONField(
        help_text="the seasons scored; of a young league sixths of its time, from 0"
    )
    held_out = serializers.JSONField(help_text="the seasons it never looks at")
    best_log_loss = serializers.FloatField(allow_null=True)
    data_hash = serializers.CharField()
    code_version = serializers.CharField()
    error = serializers.CharField()


class SearchInFull(SearchShape):
    best = serializers.JSONField(
        help_text="the best trial beside the recipe as it stands, deflated for the trials"
    )
    trials = TrialShape(source="trials.all", many=True)


class Attacks(APIView):
    @lists("attacks", tag="models", of=AttackShape, by=AttackQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Look-ahead attacks on model versions, newest first."""
        return selectors_proofs.attacks(version_id=asked.get("version"))


class Openings(APIView):
    @lists("openings", tag="models", of=OpeningShape, by=OpeningQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Looks at held-out seasons, newest first: who, when, with what model, which figures."""
        return selectors_proofs.openings(predictor=asked.get("predictor"))


class Searches(APIView):
    @lists("searches", tag="models", of=SearchShape, by=SearchQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Searches for better parameters, newest first."""
        return selectors_proofs.searches(competition=asked.get("competition"))


class SearchDetail(APIView):
    @shows("search", tag="models", of=SearchInFull)
    def get(self, _request: Request, search_id: int) -> object:
        """One search with its trials and the best of them, deflated for how many were tried."""
        return selectors_proofs.search_in_full(search_id)
