"""What may be done about a bet that waits, as JSON: confirm what was got, or take it back."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Conflict,
    Money,
    Price,
    Refused,
    owner_of,
    writes,
    writes_in_steps,
)
from accounts.problems import Fault
from accounts.scopes import BET
from betting.api.bets import BetInFull
from betting.selectors.bets import bet_in_full
from betting.services.answers import CannotCancel, cancel_bet
from betting.services.confirming import CannotConfirm, confirm_bet


class Got(Body):
    stake = Money(help_text="what you got of the stake, at most what was asked")
    price = Price(help_text="the price you got, above or below what was asked")
    venue_reference = serializers.CharField(
        max_length=64, required=False, default="", help_text="the number on the slip"
    )


class ConfirmBet(APIView):
    @writes("confirm_bet", tag="bets", scope=BET, takes=Got, gives={200: BetInFull})
    def post(self, request: Request, asked: dict[str, Any], bet_id: int) -> Response:
        """Say what you really got of a bet that you place by hand (venue `manual`).

        What of the stake you did not get is free again. The same figures again return the bet;
        other figures, or a bet that was released meanwhile, are refused with 422.
        """
        _own(request, bet_id)
        try:
            confirm_bet(owner_id=owner_of(request), bet_id=bet_id, now=clock.now(), **asked)
        except CannotConfirm as refused:
            raise Refused(
                "The bet was not confirmed.",
                [Fault(field=refused.field, detail=refused.detail, code="cannot_confirm")],
            ) from refused
        return Response(BetInFull(bet_in_full(owner_of(request), bet_id)).data)


class CancelBet(APIView):
    @writes_in_steps("cancel_bet", tag="bets", scope=BET, gives={200: BetInFull, 202: BetInFull})
    def post(self, request: Request, _asked: dict[str, Any], bet_id: int) -> Response:
        """Take back what the venue has not matched; repeats return the bet as it is then.

        200 with the bet: `cancelled`, or `open` with what was matched before. 202 while the venue
        has not answered: repeat, or wait. 409 once it is decided.
        """
        _own(request, bet_id)
        try:
            bet = cancel_bet(owner_id=owner_of(request), bet_id=bet_id, now=clock.now())
        except CannotCancel as refused:
            raise Conflict(
                "The bet cannot be cancelled.",
                [Fault(field="bet", detail=str(refused), code="decided")],
            ) from refused
        shown = BetInFull(bet_in_full(owner_of(request), bet_id)).data
        return Response(shown, status=202 if bet.status in ("placing", "pending") else 200)


def _own(request: Request, bet_id: int) -> None:
    if bet_in_full(owner_of(request), bet_id) is None:
        raise Http404
