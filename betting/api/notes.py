"""Tags and notes on one's bets, as JSON."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Body, Refused, owner_of, writes
from accounts.http import or_404
from accounts.problems import Fault
from accounts.scopes import BET
from betting.api.bets import BetInFull
from betting.domain.tags import LONGEST_NOTE, BadTags
from betting.selectors.bets import bet_in_full
from betting.services import noting
from betting.services.noting import BadNote, NoSuchBet


class Tags(Body):
    add = serializers.ListField(child=serializers.CharField(), required=False, max_length=50)
    remove = serializers.ListField(child=serializers.CharField(), required=False, max_length=50)


class Note(Body):
    note = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True)


class TagBet(APIView):
    @writes("tag_bet", tag="bets", scope=BET, takes=Tags, gives={200: BetInFull})
    def post(self, request: Request, asked: dict[str, Any], bet_id: int) -> Response:
        """Put tags on a bet of yours and take others off: at most ten of 24 letters."""
        return _done(request, bet_id, "tags", noting.tag_bet, asked)


class NoteOnBet(APIView):
    @writes("note_on_bet", tag="bets", scope=BET, takes=Note, gives={200: BetInFull})
    def put(self, request: Request, asked: dict[str, Any], bet_id: int) -> Response:
        """Keep a note on a bet of yours in place of the one before; empty takes it away."""
        return _done(request, bet_id, "note", noting.note_on_bet, asked)


def _done(
    request: Request,
    bet_id: int,
    field: str,
    do: Callable[..., object],
    asked: dict[str, Any],
) -> Response:
    owner = owner_of(request)
    try:
        with or_404(NoSuchBet):
            do(owner_id=owner, bet_id=bet_id, now=clock.now(), **asked)
    except (BadTags, BadNote) as reason:
        raise Refused(str(reason), [Fault(field, str(reason))]) from reason
    return Response(BetInFull(bet_in_full(owner, bet_id)).data)
