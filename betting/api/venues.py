"""Venues as JSON, and the switch that lets one stake real money."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Moment,
    Money,
    Refused,
    Shape,
    owner_of,
    paged,
    read_query,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import OPERATE
from betting.selectors.venues import venue_states
from betting.services.arming import ArmingRefused, ask_arming, confirm_arming, disarm
from betting.venues.registry import NoSuchVenue, venue_by_key


class Seconds(serializers.FloatField):
    """A length of time."""

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        return float(value.total_seconds())


class VenueShape(Shape):
    key = serializers.CharField()
    title = serializers.CharField(source="terms.title")
    may_place = serializers.BooleanField(help_text="whether bets may be placed there now")
    needs_arming = serializers.BooleanField(
        source="terms.needs_arming", help_text="it stakes real money"
    )
    is_armed = serializers.BooleanField()
    armed_until = Moment(source="arming.expires_at", allow_null=True, default=None)
    why_not = serializers.CharField(help_text="why it may not be asked now; empty where it may")
    asks_person = serializers.BooleanField(
        source="terms.asks_person", help_text="its bettor says what they got"
    )
    min_stake = Money(source="terms.min_stake")
    max_stake = Money(source="terms.max_stake", allow_null=True)
    currency = serializers.CharField(source="terms.currency", allow_null=True)
    answers_within = Seconds(
        source="terms.answers_within",
        allow_null=True,
        help_text="seconds until what is not decided is taken back",
    )
    dedupe_window = Seconds(
        source="terms.dedupe_window",
        allow_null=True,
        help_text="seconds for which the venue itself refuses a repeat; ours is for ever",
    )
    waiting = serializers.IntegerField(help_text="bets that wait for its answer, of everybody")
    longest_wait = Seconds(source="longest", help_text="seconds the oldest of them has waited")


class OfVenue(Body):
    venue = serializers.CharField(max_length=16, help_text="a venue's key")


class AskArming(OfVenue):
    reason = serializers.CharField(max_length=500, help_text="kept in the audit log")
    hours = serializers.IntegerField(help_text="1 to 24")


class Typed(OfVenue):
    typed = serializers.CharField(max_length=16, help_text="the venue's key, to be sure")


class EndArming(OfVenue):
    reason = serializers.CharField(max_length=500, help_text="kept in the audit log")


def _writes(name: str, takes: type[Body]) -> Callable[[Callable[..., Response]], Any]:
    return writes(name, tag="venues", scope=OPERATE, takes=takes, gives={200: VenueShape})


class Venues(APIView):
    @extend_schema(
        operation_id="venues",
        tags=["venues"],
        responses={200: paged(VenueShape)},
    )
    def get(self, request: Request) -> Response:
        """Every venue: what it can do, whether it may be asked now, and what waits there."""
        read_query(request, serializers.Serializer)
        shown = VenueShape(venue_states(now=clock.now()), many=True).data
        return Response({"next": None, "results": shown})


class ArmVenue(APIView):
    @_writes("arm_venue", AskArming)
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ask for a venue to be armed; it stakes nothing before it is confirmed. For operators."""
        return _done(request, asked, ask_arming)


class ConfirmArming(APIView):
    @_writes("confirm_arming", Typed)
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Arm a venue that was asked for within ten minutes: the second step. For operators."""
        return _done(request, asked, confirm_arming)


class DisarmVenue(APIView):
    @_writes("disarm_venue", EndArming)
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """End a venue's arming at once; repeats change nothing. For operators."""
        return _done(request, asked, disarm)


def _done(request: Request, asked: dict[str, Any], do: Callable[..., object]) -> Response:
    try:
        venue_by_key(asked["venue"])
        do(by_id=owner_of(request), now=clock.now(), **asked)
    except (ArmingRefused, NoSuchVenue) as refused:
        field = refused.field if isinstance(refused, ArmingRefused) else "venue"
        raise Refused(
            "Nothing was changed.",
            [Fault(field=field, detail=str(refused), code="cannot_arm")],
        ) from refused
    states = venue_states(now=clock.now())
    return Response(VenueShape(next(each for each in states if each.key == asked["venue"])).data)
