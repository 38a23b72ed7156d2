"""Limits and halts as JSON."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import Moment, Money, Query, Shape, filter_of, lists, owner_of
from accounts.scopes import READ_OWN
from risk import selectors


def _share(help_text: str) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=5, decimal_places=4, help_text=help_text)


class LimitsShape(Shape):
    kelly_fraction = _share("of full Kelly")
    max_bet_share = _share("of equity: one bet")
    max_market_share = _share("of equity: what all open bets on one market can lose")
    max_event_share = _share("of equity: what all open bets on one event can lose")
    max_league_share = _share("of equity: all open bets in one league")
    max_bookmaker_share = _share("of equity: all open bets at one bookmaker")
    max_day_share = _share("of equity: all stakes placed in one day")
    max_drawdown_share = _share("fall of equity from its peak that halts placement")
    max_open_bets = serializers.IntegerField(help_text="bets open at once")
    min_edge = _share("least expected profit per unit staked, where one is known")
    min_stake = Money()


class HaltShape(Shape):
    id = serializers.IntegerField(source="pk")
    cause = serializers.CharField()
    reason = serializers.CharField()
    scope = serializers.CharField()
    scope_key = serializers.CharField()
    blocks = serializers.CharField(help_text="what it stops, said exactly")
    since = Moment()
    until = Moment(allow_null=True, help_text="it ends by itself then; null: until lifted")
    for_everybody = serializers.SerializerMethodField()

    def get_for_everybody(self, halt: Any) -> bool:  # noqa: ANN401
        return halt.owner_id is None


class RiskShape(Shape):
    is_halted = serializers.BooleanField(help_text="every new stake is refused until lifted")
    halts = HaltShape(many=True)
    limits = LimitsShape()


class AssessmentShape(Shape):
    id = serializers.IntegerField(source="pk")
    subject = serializers.CharField()
    at = Moment()
    asked = Money()
    allowed = Money()
    waterfall = serializers.JSONField()
    breaches = serializers.JSONField()


def risk_of(owner_id: int, *, now: datetime) -> dict[str, Any]:
    """Return what RiskShape shows of a person."""
    halts = selectors.halts_in_force(owner_id, now=now)
    return {
        "is_halted": any(halt.scope == "all" for halt in halts),
        "halts": halts,
        "limits": selectors.bounds_of(owner_id),
    }


class AssessmentQuery(Query):
    refused = serializers.BooleanField(required=False, allow_null=True, default=None)
    rule = serializers.CharField(
        max_length=48, required=False, help_text="a rule that was broken, such as price_moved"
    )
    text = serializers.CharField(max_length=100, required=False, help_text="in the subject")
    after = Moment(required=False)
    before = Moment(required=False)


class Assessments(APIView):
    @lists("assessments", tag="risk", of=AssessmentShape, by=AssessmentQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Every decision about a stake of yours, latest first, refusals with all their reasons."""
        which = filter_of(selectors.AssessmentFilter, asked)
        return selectors.assessments_of(owner_of(request), which)
