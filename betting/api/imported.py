"""Bets placed elsewhere, as JSON."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Moment,
    Price,
    Refused,
    Shape,
    lists,
    owner_of,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import BET, READ_OWN
from betting.domain.bet_import import DATES, BadFile
from betting.selectors.bet_imports import imported_bets
from betting.services import bet_imports as services


class ImportedBetShape(Shape):
    id = serializers.IntegerField(source="pk")
    file = serializers.IntegerField(source="source_id", help_text="number of the file it came from")
    placed_at = Moment()
    event = serializers.CharField()
    selection = serializers.CharField()
    market = serializers.CharField()
    competition = serializers.CharField()
    bookmaker = serializers.CharField()
    reference = serializers.CharField()
    price = Price()
    stake = serializers.DecimalField(max_digits=12, decimal_places=2)
    result = serializers.CharField(help_text="empty: open")
    returned = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()


class ImportBody(Body):
    csv = serializers.CharField(max_length=services.MOST_BYTES, trim_whitespace=False)
    name = serializers.CharField(max_length=128, default="by the API")
    mapping = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="column by field; else guessed"
    )
    dates = serializers.ChoiceField(choices=tuple(DATES), default="iso")
    dry_run = serializers.BooleanField(default=False, help_text="true: take nothing")


class RowFault(Shape):
    field = serializers.CharField()
    value = serializers.CharField()
    remedy = serializers.CharField()


class WrongRow(Shape):
    line = serializers.IntegerField(source="number")
    faults = RowFault(many=True)


class ImportDone(Shape):
    file = serializers.IntegerField(help_text="its number")
    is_taken = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    wrong = WrongRow(many=True)


class ImportedBets(APIView):
    @lists("imported_bets", tag="bets", of=ImportedBetShape, scope=READ_OWN)
    def get(self, request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """Bets you placed elsewhere, newest first. They are in no bankroll."""
        return imported_bets(owner_of(request))

    @writes("import_bets", tag="bets", scope=BET, takes=ImportBody, gives={200: ImportDone})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take the bets of a CSV; wrong rows are kept apart, those that are there stay one."""
        now, owner = clock.now(), owner_of(request)
        try:
            done = services.take_text(
                owner_id=owner,
                name=asked["name"],
                content=asked["csv"],
                mapping=asked.get("mapping"),
                dates=asked["dates"],
                dry_run=asked["dry_run"],
                now=now,
            )
        except BadFile as refusal:
            field = str(refusal).partition(":")[0]
            raise Refused(str(refusal), [Fault(field, str(refusal))]) from None
        wrong = [row for row in done.seen.rows if row.faults]
        shown = {
            "file": done.source_id,
            "is_taken": not asked["dry_run"],
            "counts": done.seen.counts,
            "wrong": wrong,
        }
        return Response(ImportDone(shown).data)
