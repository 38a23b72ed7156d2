"""Where a person is and how old, as JSON."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import Body, Conflict, Moment, Shape, needs, owner_of, read_query, writes
from accounts.problems import Fault
from accounts.scopes import READ_OWN, SETTINGS
from risk.domain.jurisdictions import OLDEST, help_at
from risk.jurisdiction import place_said_by, why_barred_by
from risk.services.jurisdiction import say_place
from risk.services.personal import NotYet


class HelpShape(Shape):
    name = serializers.CharField()
    url = serializers.CharField()
    phone = serializers.CharField(help_text="empty where there is none")


class JurisdictionShape(Shape):
    is_asked = serializers.BooleanField(help_text="whether it has to be said before a stake")
    may_stake = serializers.BooleanField(help_text="as far as place and age go")
    why_not = serializers.CharField(help_text="empty where stakes are taken")
    place = serializers.CharField(allow_null=True, help_text="null: not said")
    reached_age = serializers.IntegerField(allow_null=True, help_text="21 where it is more")
    said_at = Moment(allow_null=True)
    least_age = serializers.IntegerField(allow_null=True, help_text="null: the place is not known")
    notice = serializers.CharField()
    age_source = serializers.CharField(
        help_text="where the least age was looked up; empty: from memory. No law: ask a regulator"
    )
    help = HelpShape(many=True, help_text="who helps there, free")


class SayWhere(Body):
    place = serializers.RegexField(
        r"^([A-Z]{2}(-[A-Z0-9]{1,3})?|other)$",
        max_length=6,
        help_text="a country such as `GB`, a state such as `US-NJ` or `CA-ON`, or `other`",
    )
    reached_age = serializers.IntegerField(
        min_value=0, max_value=OLDEST, help_text="an age you have reached; 0 says: a minor"
    )


def _jurisdiction(owner_id: int) -> Response:
    said = place_said_by(owner_id)
    rule = settings.JURISDICTIONS.get(said.place) if said else None
    why_not = why_barred_by(said)
    return Response(
        JurisdictionShape(
            {
                "is_asked": settings.AGE_GATE,
                "may_stake": not why_not,
                "why_not": why_not,
                "place": said.place if said else None,
                "reached_age": said.reached_age if said else None,
                "said_at": said.at if said else None,
                "least_age": rule.least_age if rule else None,
                "notice": rule.notice if rule else "",
                "age_source": rule.source if rule else "",
                "help": help_at(said.place if said else "", settings.JURISDICTIONS),
            }
        ).data
    )


class Jurisdiction(APIView):
    @extend_schema(operation_id="jurisdiction", tags=["risk"], responses=JurisdictionShape)
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """Where you said you are and how old, whether stakes are taken, and who helps there."""
        read_query(request, serializers.Serializer)
        return _jurisdiction(owner_of(request))

    @writes("say_place", tag="risk", scope=SETTINGS, takes=SayWhere, gives={200: JurisdictionShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Say where you are, and an age you have reached. What bars stakes stands for a day."""
        try:
            say_place(owner_id=owner_of(request), now=timezone.now(), **asked)
        except NotYet as refused:
            raise Conflict(
                "It was not noted.",
                [Fault(field="place", detail=str(refused), code="not_yet")],
            ) from refused
        return _jurisdiction(owner_of(request))
