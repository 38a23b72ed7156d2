"""Results that never came, for operators."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Moment,
    Refused,
    Shape,
    Whole,
    lists,
    owner_of,
    writes_in_steps,
)
from accounts.problems import Fault
from accounts.scopes import OPERATE
from betting.selectors.waiting import events_without_result
from betting.services.ruling import NoSuchEvent, RulingRefused, Said, rule_on_event

ENDS = ("finished", "cancelled", "postponed", "abandoned", "rescheduled", "dead_heat")


class EventWithoutResult(Shape):
    event = serializers.IntegerField(source="pk")
    competition = serializers.CharField(source="competition.key")
    home = serializers.CharField(source="home.name")
    away = serializers.CharField(source="away.name")
    starts_at = Moment()
    status = serializers.CharField()
    open_bets = serializers.IntegerField()
    bettors = serializers.IntegerField(source="owners")


class NewRuling(Body):
    status = serializers.ChoiceField(choices=ENDS)
    home_score = Whole(required=False, min_value=0, max_value=999)
    away_score = Whole(required=False, min_value=0, max_value=999)
    starts_at = Moment(required=False, help_text="of one that is rescheduled: the new start")
    selection = Whole(required=False, min_value=1, help_text="of a dead heat: which tied")
    tied = Whole(required=False, min_value=2, max_value=100, help_text="of a dead heat: how many")
    places = Whole(required=False, min_value=1, max_value=99, help_text="for so many; 1")
    reason = serializers.CharField(max_length=500, help_text="where it is from, or why")


class RuledShape(Shape):
    event = serializers.IntegerField(source="event.pk")
    status = serializers.CharField(source="event.status")
    home_score = serializers.IntegerField(source="event.home_score", allow_null=True)
    away_score = serializers.IntegerField(source="event.away_score", allow_null=True)
    settled = serializers.IntegerField(help_text="bets settled by it now")
    corrected = serializers.IntegerField(help_text="bets settled otherwise before")
    parked = serializers.ListField(child=serializers.CharField(), help_text="bets left, and why")


class WaitingResults(APIView):
    @lists("waiting_results", tag="results", of=EventWithoutResult, scope=OPERATE)
    def get(self, _request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """Events with open bets that wait for a result. For operators."""
        return events_without_result(clock.now())


class RuleOnEvent(APIView):
    @writes_in_steps(
        "rule_on_event", tag="results", scope=OPERATE, takes=NewRuling, gives={200: RuledShape}
    )
    def post(self, request: Request, asked: dict[str, Any], event_id: int) -> Response:
        """Say what became of an event; its bets settle or are corrected at once. For operators.

        Repeating it changes nothing more.
        """
        try:
            ruled = rule_on_event(
                event_id=event_id,
                reason=asked.pop("reason"),
                said=Said(**asked),
                now=clock.now(),
                by_id=owner_of(request),
            )
        except NoSuchEvent:
            raise Http404 from None
        except RulingRefused as refused:
            fault = Fault(field=refused.field, detail=refused.detail, code="refused")
            raise Refused("Nothing was changed.", [fault]) from refused
        return Response(RuledShape(ruled).data)
