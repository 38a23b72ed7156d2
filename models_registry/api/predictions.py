"""What versions say about events as JSON, and asking the champion now."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, clock
from accounts.api import (
    BadQuery,
    Body,
    Figure,
    Id,
    Moment,
    Query,
    Refused,
    Shape,
    Unavailable,
    lists,
    owner_of,
    read_query,
    writes_in_steps,
)
from accounts.problems import Fault
from accounts.scopes import BET
from models_registry import selectors
from models_registry.availability import NothingServes, serving_champion
from models_registry.history import NoSuchCompetition, find_competition
from models_registry.services import ask_champions

MOST_EVENTS = 100
WHOLE_VERSION = {"expired", "broken"}


class PredictionQuery(Query):
    event = Id()
    version = Id(help_text="a model version's id")
    competition = serializers.CharField(max_length=64, required=False)
    as_of_after = Moment(required=False, help_text="at or after this time")
    as_of_before = Moment(required=False, help_text="before this time")


class RefusalQuery(Query):
    event = Id()
    version = Id(help_text="a model version's id")
    cause = serializers.ChoiceField(choices=("expired", "outside", "broken"), required=False)


class NowQuery(serializers.Serializer[Any]):
    competition = serializers.CharField(max_length=64, help_text="such as basketball_nba")


class Asked(Body):
    events = serializers.ListField(
        child=Id(), min_length=1, max_length=MOST_EVENTS, help_text="ids of events to come"
    )


class SaidShape(Shape):
    """What every answer about an event has."""

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


class PredictionShape(SaidShape):
    in_shadow = serializers.BooleanField(help_text="another version priced when it was made")
    home_probability = Figure()
    draw_probability = Figure(allow_null=True, help_text="null where a draw is impossible")
    distribution = serializers.JSONField(
        help_text="family and parameters of the score; empty in older rows"
    )


class RefusalShape(SaidShape):
    cause = serializers.ChoiceField(choices=("expired", "outside", "broken"))
    detail = serializers.CharField()
    distance = Figure(allow_null=True, help_text="from the games the version was trained on")


class Answers(Shape):
    predictions = PredictionShape(many=True)
    refusals = RefusalShape(many=True)


class Predictions(APIView):
    @lists("predictions", tag="models", of=PredictionShape, by=PredictionQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """What each version said about each event, latest information first."""
        return selectors.predictions(
            event_id=asked.get("event"),
            version_id=asked.get("version"),
            competition=asked.get("competition"),
            as_of_after=asked.get("as_of_after"),
            as_of_before=asked.get("as_of_before"),
        )

    @writes_in_steps("predict", tag="models", scope=BET, takes=Asked, gives={200: Answers})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ask each competition's champion about events to come, with all that is known now.

        What is new is stored, refusals too; where it has nothing new to say, its last word comes.
        503 with the reason where nothing can serve: no champion, one that expired, or whose files
        are broken. 422 where every event lies outside what it was trained on.
        """
        ids = list(dict.fromkeys(asked["events"]))
        now = clock.now()
        unknown = sorted(set(ids) - selectors.events_to_come(ids, now=now))
        if unknown:
            raise Refused(
                "Nothing was predicted.",
                [
                    Fault(
                        field="events",
                        value=str(event),
                        detail="There is no such event to come; it may have started.",
                        code="unknown",
                    )
                    for event in unknown
                ],
            )
        try:
            said = ask_champions(event_ids=ids, now=now)
        except NothingServes as reason:
            raise Unavailable(f"{reason}.", kind="nothing-serves") from reason
        audit.record(
            action="asked for predictions",
            subject=f"{len(ids)} events",
            actor_id=owner_of(request),
            at=now,
            detail={"predictions": [row.pk for row in said.predictions]},
        )
        if said.refusals and not said.predictions:
            causes = {row.cause for row in said.refusals}
            kind = Unavailable if causes <= WHOLE_VERSION else Refused
            raise kind(
                f"{said.refusals[0].detail}.",
                [
                    Fault(
                        field="events", value=str(row.event_id), detail=row.detail, code=row.cause
                    )
                    for row in said.refusals
                ],
                kind="nothing-serves" if kind is Unavailable else "refused",
            )
        made = selectors.predictions().filter(pk__in=[row.pk for row in said.predictions])
        refused = selectors.refusals().filter(pk__in=[row.pk for row in said.refusals])
        return Response(Answers({"predictions": made, "refusals": refused}).data)


class PredictionsNow(APIView):
    @extend_schema(
        operation_id="predictions_now",
        tags=["models"],
        parameters=[NowQuery],
        responses={200: Answers},
    )
    def get(self, request: Request) -> Response:
        """What may be priced now: the champion's latest word on each event to come.

        Refusals are the events of the next four days that it would not speak of. 503 with the
        reason where nothing can serve, or the champion is paused.
        """
        key = read_query(request, NowQuery)["competition"]
        now = clock.now()
        try:
            find_competition(key)
            champion = serving_champion(key, at=now)
        except NoSuchCompetition as unknown:
            raise BadQuery(
                "Cannot filter by what was sent: competition.",
                [Fault(field="competition", value=key, detail=str(unknown), code="unknown")],
            ) from unknown
        except NothingServes as reason:
            raise Unavailable(f"{reason}.", kind="nothing-serves") from reason
        made, refused = selectors.said_of_events_to_come(champion, now=now)
        return Response(Answers({"predictions": made, "refusals": refused}).data)


class Refusals(APIView):
    @lists("refusals", tag="models", of=RefusalShape, by=RefusalQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Events that a version would not predict, and why, latest information first."""
        return selectors.refusals(
            event_id=asked.get("event"),
            version_id=asked.get("version"),
            cause=asked.get("cause"),
        )
