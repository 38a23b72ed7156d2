"""Notices of corrected settlements, as JSON."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Moment, Money, Query, Shape, lists, owner_of, writes
from accounts.scopes import READ_OWN, SETTINGS
from betting.selectors.waiting import notices_of
from betting.services import correcting


class NoticeShape(Shape):
    id = serializers.IntegerField(source="pk")
    bet = serializers.IntegerField(source="settlement.bet_id")
    at = Moment(source="settlement.at")
    reason = serializers.CharField(source="settlement.reason")
    result_before = serializers.CharField(source="before")
    result = serializers.CharField(source="settlement.result")
    returned_before = Money()
    returned = Money(source="settlement.returned")
    difference = Money()
    currency = serializers.CharField(source="settlement.bet.bankroll.currency")
    read_at = Moment(allow_null=True)


class ReadShape(Shape):
    read = serializers.IntegerField(help_text="how many were not read before")


class NoticeQuery(Query):
    unread = serializers.BooleanField(default=False)


class Notices(APIView):
    @lists("notices", tag="bets", of=NoticeShape, by=NoticeQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Corrections of your settlements, newest first."""
        return notices_of(owner_of(request), unread=asked["unread"])


class ReadNotices(APIView):
    @writes("read_notices", tag="bets", scope=SETTINGS, gives={200: ReadShape})
    def post(self, request: Request, _asked: dict[str, Any]) -> Response:
        """Mark all your notices as read."""
        count = correcting.read_notices(owner_id=owner_of(request), now=clock.now())
        return Response({"read": count})
