"""Stop and start, breakers, drills, and what people impose on themselves, as JSON."""

from datetime import timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.access import why_not
from accounts.api import (
    Body,
    Conflict,
    Figure,
    Moment,
    Money,
    Refused,
    Shape,
    needs,
    owner_of,
    read_query,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import OPERATE, READ_OWN, SETTINGS
from betting.selectors.history import breakers_of, drill_of
from betting.selectors.playing import own_rooms
from betting.services.breaking import stale_minutes, world_levels
from risk import services
from risk.api import HaltShape
from risk.domain.breakers import PERSONAL, WORLD, Level
from risk.personal import exclusions_of, raises_waiting
from risk.selectors import breakers_at, exclusion_of, halts_in_force, levels_of, world_readings
from risk.services import personal

KINDS = ("deposit", "stake", "loss", "time")
PERIODS = ("day", "week", "month")
SCOPES = ("all", "strategy", "bookmaker", "league", "model", "venue")


class Stop(Body):
    reason = serializers.CharField(max_length=500)
    everybody = serializers.BooleanField(
        required=False, default=False, help_text="operators only: stop everybody"
    )
    scope = serializers.ChoiceField(choices=SCOPES, required=False, default="all")
    scope_key = serializers.CharField(
        max_length=96,
        required=False,
        default="",
        help_text="key of the strategy, bookmaker, league, predictor or venue; empty with `all`",
    )
    hours = serializers.IntegerField(
        min_value=1,
        max_value=8784,
        required=False,
        allow_null=True,
        default=None,
        help_text="it ends by itself then; null: until lifted",
    )


class KillSwitch(APIView):
    @writes("stop", tag="risk", scope=SETTINGS, takes=Stop, gives={200: HaltShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Stop new stakes at once: all of yours, or of one scope. Open bets settle as usual.

        A repeat returns the halt in force.
        """
        if asked["everybody"] and (why := why_not(request, OPERATE)):
            raise exceptions.PermissionDenied(why)
        if (asked["scope"] == "all") != (not asked["scope_key"]):
            raise exceptions.ValidationError(
                {"scope_key": "Name what is to be locked; leave it empty with scope `all`."}
            )
        now = clock.now()
        is_switch = asked["scope"] == "all" and asked["hours"] is None
        halt = services.halt_everything(
            owner_id=None if asked["everybody"] else owner_of(request),
            by_id=owner_of(request),
            cause="kill_switch" if is_switch else "manual",
            scope=asked["scope"],
            scope_key=asked["scope_key"],
            until=now + timedelta(hours=asked["hours"]) if asked["hours"] else None,
            reason=asked["reason"],
            now=now,
        )
        return Response(HaltShape(halt).data)


class Lift(Body):
    reason = serializers.CharField(max_length=500, help_text="why it is safe to go on")


class LiftHalt(APIView):
    @writes("lift_halt", tag="risk", scope=SETTINGS, takes=Lift, gives={200: HaltShape})
    def post(self, request: Request, asked: dict[str, Any], halt_id: int) -> Response:
        """Lift a halt of yours, or any as an operator, with a reason."""
        now = clock.now()
        mine = halts_in_force(owner_of(request), now=now)
        halt = next((each for each in mine if each.pk == halt_id), None)
        if halt is None:
            raise Http404
        if halt.owner_id is None and (why := why_not(request, OPERATE)):
            raise exceptions.PermissionDenied(f"Everybody was stopped. {why}")
        done = services.lift_halt(
            halt_id=halt_id, reason=asked["reason"], now=now, by_id=owner_of(request)
        )
        return Response(HaltShape(done).data)


class BreakerShape(Shape):
    breaker = serializers.CharField()
    level = serializers.CharField(help_text="fine, warn or trip")
    figure = Figure()
    warn = Figure()
    trip = Figure()
    words = serializers.CharField()
    blocks = serializers.CharField(help_text="what a trip stops")


class BreakersShape(Shape):
    yours = BreakerShape(many=True)
    world = BreakerShape(many=True, help_text="of feeds, models and venues, as last read")


class SetLevels(Body):
    breaker = serializers.ChoiceField(choices=(*PERSONAL, *WORLD))
    warn = serializers.FloatField(help_text="in the breaker's unit; shares as 0.15")
    trip = serializers.FloatField()
    lock_hours = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="0: until lifted; null: as it is. Those of everybody lock while they last.",
    )
    reason = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="needed for those of everybody",
    )


class Breakers(APIView):
    @extend_schema(operation_id="breakers", tags=["risk"], responses=BreakersShape)
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """What every breaker reads now, where it warns and trips, and what a trip would stop."""
        read_query(request, serializers.Serializer)
        return self._now(request)

    @writes(
        "set_breaker_levels",
        tag="risk",
        scope=SETTINGS,
        takes=SetLevels,
        gives={200: BreakersShape},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Set where one of your breakers warns and trips, from now on.

        Operators also set those of everybody, `stale_feed` and `venue_unknowns`, with a reason.
        """
        breaker, by_id, now = asked["breaker"], owner_of(request), clock.now()
        if breaker in WORLD and (why := why_not(request, OPERATE)):
            raise exceptions.PermissionDenied(f"It stops everybody. {why}")
        held = (world_levels() if breaker in WORLD else levels_of(by_id))[breaker]
        hours = held.lock_hours if asked["lock_hours"] is None else asked["lock_hours"]
        level = Level(asked["warn"], asked["trip"], hours)
        try:
            if breaker in WORLD:
                services.set_world_level(
                    breaker=breaker,
                    before=held,
                    level=level,
                    reason=asked["reason"],
                    now=now,
                    by_id=by_id,
                )
            else:
                services.set_levels(owner_id=by_id, levels={breaker: level}, now=now, by_id=by_id)
        except services.LevelsRefused as refused:
            raise Refused(
                "The levels were not changed.",
                [Fault(field="levels", detail=str(refused), code="levels")],
            ) from refused
        return self._now(request)

    def _now(self, request: Request) -> Response:
        yours = [
            {
                "breaker": each.breaker,
                "level": each.reading.level,
                "figure": each.reading.figure,
                "warn": each.reading.bounds.warn,
                "trip": each.reading.bounds.trip,
                "words": each.reading.sentence,
                "blocks": each.stops,
            }
            for each in breakers_of(breakers_at(owner_of(request), now=clock.now()))
        ]
        world = [
            {
                "breaker": each.breaker,
                "level": each.level,
                "figure": each.figure,
                "warn": each.warn,
                "trip": each.trip,
                "words": each.words,
                "blocks": f"new stakes of everybody: {each.scope} {each.scope_key}",
            }
            for each in world_readings()
        ]
        return Response(BreakersShape({"yours": yours, "world": world}).data)


class DrillQuery(Shape):
    days = serializers.IntegerField(min_value=1, max_value=3660, default=90)


class LockShape(Shape):
    title = serializers.CharField()
    stops = serializers.CharField()
    at = Moment()
    until = Moment()
    words = serializers.CharField()
    bets = serializers.IntegerField(help_text="placed meanwhile, so blocked")
    staked = Money()
    profit = Money(help_text="what the blocked ones that are settled earned")


class DrillShape(Shape):
    since = Moment()
    until = Moment()
    bets = serializers.IntegerField()
    quiet = serializers.ListField(child=serializers.CharField())
    locks = LockShape(many=True)


class DrillView(APIView):
    @extend_schema(
        operation_id="drill",
        tags=["risk"],
        parameters=[DrillQuery],
        responses={200: DrillShape},
    )
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """What each breaker would have blocked in the past days. Writes nothing."""
        asked = read_query(request, DrillQuery)
        found = drill_of(
            owner_of(request),
            days=asked["days"],
            now=clock.now(),
            stale_minutes=stale_minutes(),
        )
        return Response(DrillShape(found).data)


class OwnLimitShape(Shape):
    rule = serializers.CharField(help_text="such as stake_day")
    bound = serializers.DecimalField(max_digits=14, decimal_places=2)
    used = serializers.DecimalField(max_digits=14, decimal_places=2)
    left = serializers.DecimalField(max_digits=14, decimal_places=2)


class WaitingShape(Shape):
    id = serializers.IntegerField(source="pk")
    kind = serializers.CharField()
    period = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    ready_at = Moment(help_text="it may be confirmed from then on")


class ExclusionShape(Shape):
    kind = serializers.CharField()
    since = Moment()
    until = Moment(allow_null=True, help_text="null: for good")


class PersonalShape(Shape):
    is_excluded = serializers.BooleanField()
    limits = OwnLimitShape(many=True)
    waiting = WaitingShape(many=True)
    exclusions = ExclusionShape(many=True)


def _personal(owner_id: int) -> Response:
    return Response(
        PersonalShape(
            {
                "is_excluded": exclusion_of(owner_id) is not None,
                "limits": own_rooms(owner_id, now=clock.now()),
                "waiting": raises_waiting(owner_id),
                "exclusions": exclusions_of(owner_id),
            }
        ).data
    )


class SetLimit(Body):
    kind = serializers.ChoiceField(choices=KINDS, help_text="time is in minutes")
    period = serializers.ChoiceField(choices=PERIODS)
    amount = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, allow_null=True, help_text="null: no limit"
    )


class Personal(APIView):
    @extend_schema(operation_id="personal", tags=["risk"], responses=PersonalShape)
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """What you let yourself pay in, stake, lose and spend in time; whether you keep away."""
        read_query(request, serializers.Serializer)
        return _personal(owner_of(request))

    @writes(
        "set_personal_limit",
        tag="risk",
        scope=SETTINGS,
        takes=SetLimit,
        gives={200: PersonalShape},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Lower a limit of your own at once, or ask for a higher one, which waits for a day."""
        personal.set_personal_limit(owner_id=owner_of(request), now=timezone.now(), **asked)
        return _personal(owner_of(request))


class ConfirmRaise(APIView):
    @writes("confirm_raise", tag="risk", scope=SETTINGS, gives={200: PersonalShape})
    def post(self, request: Request, _asked: dict[str, Any], asked_id: int) -> Response:
        """Say yes a second time to a higher limit, a day after it was asked for."""
        try:
            personal.confirm_raise(
                owner_id=owner_of(request), asked_id=asked_id, now=timezone.now()
            )
        except personal.NoSuchRaise as unknown:
            raise Http404 from unknown
        except personal.NotYet as refused:
            raise Conflict(
                "The limit was not raised.",
                [Fault(field="raise", detail=str(refused), code="not_yet")],
            ) from refused
        return _personal(owner_of(request))


class KeepAway(Body):
    kind = serializers.ChoiceField(choices=("time_out", "self_exclusion"))
    days = serializers.IntegerField(
        min_value=1, max_value=36_500, allow_null=True, help_text="null: for good"
    )


class Exclusions(APIView):
    @writes("exclude", tag="risk", scope=SETTINGS, takes=KeepAway, gives={200: PersonalShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Keep yourself away from betting, at once. Nobody ends it early, operators included."""
        days = asked["days"]
        try:
            personal.exclude(
                owner_id=owner_of(request),
                kind=asked["kind"],
                length=None if days is None else timedelta(days=days),
                now=timezone.now(),
            )
        except personal.ExclusionRefused as refused:
            raise Refused(
                "You were not excluded.",
                [Fault(field="days", detail=str(refused), code="length")],
            ) from refused
        return _personal(owner_of(request))
