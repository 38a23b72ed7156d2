"""Bankrolls opened, named and closed, and pots at bookmakers closed, as JSON."""

from typing import Any

from django.http import Http404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Body, owner_of, writes
from accounts.scopes import TRANSFER
from betting.api.ledger import done, own
from betting.api.money import BankrollShape
from betting.selectors.money import money_in
from betting.selectors.opportunities import bookmaker_id
from betting.services import bankrolls


class NewBankroll(Body):
    name = serializers.CharField(max_length=bankrolls.LONGEST_NAME)
    currency = serializers.RegexField("^[A-Z]{3}$", default="EUR", help_text="such as EUR")


class NewName(Body):
    name = serializers.CharField(max_length=bankrolls.LONGEST_NAME)


class OpenBankroll(APIView):
    @writes(
        "open_bankroll",
        tag="money",
        scope=TRANSFER,
        takes=NewBankroll,
        gives={201: BankrollShape},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Open a bankroll, or one that was closed once more; one that is open stays as it is."""
        owner = owner_of(request)
        opened = done(
            lambda: bankrolls.open_bankroll(
                owner,
                bankrolls.read_name(asked["name"]),
                asked["currency"],
                clock.now(),
                by_id=owner,
            )
        )
        return Response(BankrollShape(money_in(opened.pk)).data, status=status.HTTP_201_CREATED)


class RenameBankroll(APIView):
    @writes(
        "rename_bankroll", tag="money", scope=TRANSFER, takes=NewName, gives={200: BankrollShape}
    )
    def post(self, request: Request, asked: dict[str, Any], bankroll_id: int) -> Response:
        """Give one of your bankrolls another name."""
        own(request, bankroll_id)
        done(
            lambda: bankrolls.rename_bankroll(
                bankroll_id=bankroll_id, now=clock.now(), by_id=owner_of(request), **asked
            )
        )
        return Response(BankrollShape(money_in(bankroll_id)).data)


class CloseBankroll(APIView):
    @writes("close_bankroll", tag="money", scope=TRANSFER, gives={200: BankrollShape})
    def post(self, request: Request, _asked: dict[str, Any], bankroll_id: int) -> Response:
        """Close one of your bankrolls that holds nothing."""
        own(request, bankroll_id)
        done(
            lambda: bankrolls.close_bankroll(
                bankroll_id=bankroll_id, now=clock.now(), by_id=owner_of(request)
            )
        )
        return Response(BankrollShape(money_in(bankroll_id)).data)


class ClosePot(APIView):
    @writes("close_pot", tag="money", scope=TRANSFER, gives={200: BankrollShape})
    def post(
        self, request: Request, _asked: dict[str, Any], bankroll_id: int, bookmaker: str
    ) -> Response:
        """Close an empty pot at a bookmaker: stakes there come out of free money again."""
        own(request, bankroll_id)
        book = bookmaker_id(bookmaker)
        if book is None:
            raise Http404
        done(
            lambda: bankrolls.close_pot(
                bankroll_id=bankroll_id,
                bookmaker_id=book,
                now=clock.now(),
                by_id=owner_of(request),
            )
        )
        return Response(BankrollShape(money_in(bankroll_id)).data)
