"""Bankrolls opened, named and closed, money moved, statements and notices, as JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    BadQuery,
    Body,
    Moment,
    Money,
    Query,
    Refused,
    Shape,
    idempotency_key,
    lists,
    needs,
    owner_of,
    page_of,
    paged,
    read_query,
    writes,
)
from accounts.problems import Fault
from accounts.repeats import KeyReused
from accounts.scopes import READ_OWN, SETTINGS, TRANSFER
from betting.api.money import BankrollShape
from betting.selectors.money import money_in
from betting.selectors.opportunities import bookmaker_id
from betting.selectors.statements import bankroll_owned, movements, statement_of, transfers_of
from betting.selectors.waiting import notices_of
from betting.services import correcting, ledger

Done = TypeVar("Done")
MOVES: dict[str, Callable[..., Any]] = {
    "deposit": ledger.deposit,
    "withdrawal": ledger.withdraw,
    "to_book": ledger.move_to_bookmaker,
    "from_book": ledger.move_from_bookmaker,
}
KINDS = (*MOVES, "stake", "return", "winnings", "loss", "reversal")
POTS = "free, book, at_risk, house or world"


class NewBankroll(Body):
    name = serializers.CharField(max_length=ledger.LONGEST_NAME)
    currency = serializers.RegexField("^[A-Z]{3}$", default="EUR", help_text="such as EUR")


class NewName(Body):
    name = serializers.CharField(max_length=ledger.LONGEST_NAME)


class NewMove(Body):
    kind = serializers.ChoiceField(choices=tuple(MOVES))
    amount = Money()
    bookmaker = serializers.CharField(
        max_length=64, required=False, help_text="a bookmaker's key, to or from which it moves"
    )


class TransferShape(Shape):
    number = serializers.IntegerField(help_text="in its bankroll, from 1")
    at = Moment()
    kind = serializers.ChoiceField(choices=KINDS)
    from_pot = serializers.CharField(source="source.kind", help_text=POTS)
    to_pot = serializers.CharField(source="destination.kind", help_text=POTS)
    bookmaker = serializers.SerializerMethodField(help_text="whose pot it moved; null: none")
    amount = Money()
    bet = serializers.IntegerField(source="bet_id", allow_null=True)
    reference = serializers.CharField()
    hash = serializers.CharField(help_text="SHA-256 over the hash before and this row")

    def get_bookmaker(self, transfer: Any) -> str | None:  # noqa: ANN401
        """Return the key of the bookmaker at either end."""
        book = transfer.source.bookmaker or transfer.destination.bookmaker
        return None if book is None else str(book.key)


class BalanceShape(Shape):
    free = Money()
    at_books = Money()
    at_risk = Money()
    equity = Money()
    last_number = serializers.IntegerField(source="last.number", default=0)
    last_hash = serializers.CharField(
        source="last.hash", default="", help_text="keep it: it proves all that came before"
    )


class MovementShape(Shape):
    transfer = TransferShape()
    change = Money(help_text="what it did to equity")
    equity = Money(help_text="after it")


class StatementShape(Shape):
    bankroll = serializers.IntegerField(source="bankroll.pk")
    currency = serializers.CharField(source="bankroll.currency")
    begin = Moment()
    end = Moment()
    opening = BalanceShape()
    closing = BalanceShape()
    change = Money()
    sums = serializers.DictField(child=Money(), help_text="by kind of transfer")
    movements = MovementShape(many=True)


class StatementQuery(Shape):
    begin = Moment(required=False, help_text="from this time; the beginning, if not given")
    end = Moment(required=False, help_text="until before this time; now, if not given")


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
        opened = _done(
            lambda: ledger.open_bankroll(
                owner, ledger.read_name(asked["name"]), asked["currency"], clock.now(), by_id=owner
            )
        )
        return Response(BankrollShape(money_in(opened.pk)).data, status=status.HTTP_201_CREATED)


class RenameBankroll(APIView):
    @writes(
        "rename_bankroll", tag="money", scope=TRANSFER, takes=NewName, gives={200: BankrollShape}
    )
    def post(self, request: Request, asked: dict[str, Any], bankroll_id: int) -> Response:
        """Give one of your bankrolls another name."""
        _own(request, bankroll_id)
        _done(
            lambda: ledger.rename_bankroll(
                bankroll_id=bankroll_id, now=clock.now(), by_id=owner_of(request), **asked
            )
        )
        return Response(BankrollShape(money_in(bankroll_id)).data)


class CloseBankroll(APIView):
    @writes("close_bankroll", tag="money", scope=TRANSFER, gives={200: BankrollShape})
    def post(self, request: Request, _asked: dict[str, Any], bankroll_id: int) -> Response:
        """Close one of your bankrolls that holds nothing."""
        _own(request, bankroll_id)
        _done(
            lambda: ledger.close_bankroll(
                bankroll_id=bankroll_id, now=clock.now(), by_id=owner_of(request)
            )
        )
        return Response(BankrollShape(money_in(bankroll_id)).data)


class Transfers(APIView):
    @extend_schema(
        operation_id="transfers",
        tags=["money"],
        parameters=[Query],
        responses={200: paged(TransferShape)},
    )
    @needs(READ_OWN)
    def get(self, request: Request, bankroll_id: int) -> Response:
        """Every transfer of one of your bankrolls, oldest first."""
        _own(request, bankroll_id)
        asked = read_query(request, Query)
        # By the number alone: it tells any two apart, and cannot be written in between.
        return page_of(request, transfers_of(bankroll_id).order_by("number"), TransferShape, asked)

    @writes("move_money", tag="money", scope=TRANSFER, takes=NewMove, gives={201: TransferShape})
    def post(self, request: Request, asked: dict[str, Any], bankroll_id: int) -> Response:
        """Deposit, withdraw, or move money to or from a bookmaker, once an Idempotency-Key."""
        _own(request, bankroll_id)
        there = {}
        if asked["kind"].endswith("_book"):
            there = {"bookmaker_id": bookmaker_id(asked.get("bookmaker", ""))}
            if there["bookmaker_id"] is None:
                raise _refused("bookmaker", "There is no such bookmaker.", "unknown")
        moved = _done(
            lambda: MOVES[asked["kind"]](
                bankroll_id=bankroll_id,
                amount=asked["amount"],
                reference=idempotency_key(request),
                now=clock.now(),
                by_id=owner_of(request),
                **there,
            )
        )
        moved = transfers_of(bankroll_id).get(pk=moved.pk)
        return Response(TransferShape(moved).data, status=status.HTTP_201_CREATED)


class Statements(APIView):
    @extend_schema(
        operation_id="statement",
        tags=["money"],
        parameters=[StatementQuery],
        responses={200: StatementShape},
    )
    @needs(READ_OWN)
    def get(self, request: Request, bankroll_id: int) -> Response:
        """A period of one of your bankrolls: opening, every movement, closing."""
        own = _own(request, bankroll_id)
        asked = read_query(request, StatementQuery)
        begin: datetime = asked.get("begin") or own.opened_at
        end: datetime = asked.get("end") or clock.now()
        if begin > end:
            raise BadQuery(
                "Cannot filter by what was sent: begin.",
                [Fault(field="begin", detail="It is after the end; swap them.", code="invalid")],
            )
        found = statement_of(own, begin=begin, end=end)
        shown = StatementShape({**_fields(found), "movements": list(movements(found))}).data
        return Response(shown)


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


def _fields(found: Any) -> dict[str, Any]:  # noqa: ANN401
    names = ("bankroll", "begin", "end", "opening", "closing", "change", "sums")
    return {name: getattr(found, name) for name in names}


def _own(request: Request, bankroll_id: int) -> Any:  # noqa: ANN401
    found = bankroll_owned(owner_of(request), bankroll_id)
    if found is None:
        raise Http404
    return found


def _refused(field: str, detail: str, code: str) -> Refused:
    return Refused("Nothing was moved.", [Fault(field=field, detail=detail, code=code)])


def _done(do: Callable[[], Done]) -> Done:
    """Return what a service gives; its refusal is a 422."""
    try:
        return do()
    except ledger.AmountRefused as refused:
        raise _refused(refused.field, refused.detail, "refused") from refused
    except (ledger.BankrollClosed, ledger.NotEmpty) as refused:
        raise _refused("bankroll", str(refused), "refused") from refused
    except ledger.TransferRepeatedDifferently as reused:
        raise KeyReused(str(reused)) from reused
