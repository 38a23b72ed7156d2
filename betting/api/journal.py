"""The decision journal as JSON."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import (
    Figure,
    Query,
    Shape,
    filter_of,
    lists,
    needs,
    owner_of,
    read_query,
    shows,
)
from accounts.scopes import READ_OWN
from betting.api.opportunities import OpportunityShape
from betting.selectors import journal as selectors
from betting.services.journal import replay_entry


class JournalQuery(Query):
    kind = serializers.ChoiceField(choices=tuple(selectors.KINDS), required=False)
    strategy = serializers.CharField(max_length=48, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    event = serializers.IntegerField(required=False)


class DecisionShape(OpportunityShape):
    my_bets = serializers.SerializerMethodField(help_text="your own bets on it")

    def get_my_bets(self, found: object) -> list[int]:
        return [bet.pk for bet in getattr(found, "my_bets", [])]


class FrozenOffer(Shape):
    bookmaker = serializers.CharField()
    side = serializers.CharField()
    price = Figure()
    age_minutes = Figure()
    weight = Figure()
    is_chosen = serializers.BooleanField(help_text="the price that was decided on")
    aside = serializers.CharField(
        help_text="of a price above it, why it was not to be had or not worth more; else empty"
    )


class FrozenShape(Shape):
    opportunity = serializers.IntegerField()
    digest = serializers.CharField(help_text="SHA-256 of what the decision saw")
    said = serializers.JSONField(help_text="what it said, in full")
    fair_by_method = serializers.JSONField()
    offers = FrozenOffer(many=True)


class DifferenceShape(Shape):
    what = serializers.CharField()
    then = serializers.CharField()
    now = serializers.CharField()


class ReplayedShape(Shape):
    opportunity = serializers.IntegerField(source="opportunity_id")
    said = serializers.JSONField(help_text="what today's code says of what it saw then")
    differences = DifferenceShape(many=True, help_text="empty: the same to twelve places")
    reasons = serializers.JSONField()
    passes = serializers.JSONField()


class Journal(APIView):
    @lists("journal", tag="opportunities", of=DecisionShape, by=JournalQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Everything found, taken by you, left or passed over, newest first."""
        return selectors.journal(owner_of(request), filter_of(selectors.JournalFilter, asked))


class JournalDetail(APIView):
    @shows("journal_entry", tag="opportunities", of=FrozenShape, scope=READ_OWN)
    def get(self, request: Request, opportunity_id: int) -> object:
        """What was frozen of a decision: the prices it saw, the fair prices, what it said."""
        entry = selectors.entry_of(owner_of(request), opportunity_id)
        if entry is None:
            return None
        return {
            "opportunity": opportunity_id,
            "digest": entry.inputs.digest,
            "said": entry.said,
            "fair_by_method": entry.fair_by_method,
            "offers": selectors.frozen_quotes(entry),
        }


class JournalReplay(APIView):
    @extend_schema(
        operation_id="journal_replay",
        tags=["opportunities"],
        responses={200: ReplayedShape},
    )
    @needs(READ_OWN)
    def get(self, request: Request, opportunity_id: int) -> Response:
        """Decide again: today's code on what the decision saw then, and what differs."""
        read_query(request, serializers.Serializer)
        entry = selectors.entry_of(owner_of(request), opportunity_id)
        if entry is None:
            raise Http404
        return Response(ReplayedShape(replay_entry(entry)).data)
