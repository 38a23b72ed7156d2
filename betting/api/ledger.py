"""Money moved, and statements, as JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

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
    needs,
    owner_of,
    page_of,
    paged,
    read_query,
    writes,
)
from accounts.problems import Fault
from accounts.repeats import KeyReused
from accounts.scopes import READ_OWN, TRANSFER
from betting.selectors.opportunities import bookmaker_id
from betting.selectors.statements import (
    bankroll_owned,
    just_after,
    movements,
    statement_of,
    transfers_of,
)
from betting.services import bankrolls, ledger

Done = TypeVar("Done")
MOVES = tuple(kind.value for kind in ledger.MOVES)
KINDS = (*MOVES, "stake", "return", "winnings", "loss", "reversal")
POTS = "free, book, at_risk, house or world"


class NewMove(Body):
    kind = serializers.ChoiceField(choices=MOVES)
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
    end = Moment(
        required=False, help_text="until before this time; until now, which is in it, if not given"
    )


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
        own(request, bankroll_id)
        asked = read_query(request, Query)
        # By the number alone: it tells any two apart, and cannot be written in between.
        return page_of(request, transfers_of(bankroll_id).order_by("number"), TransferShape, asked)

    @writes("move_money", tag="money", scope=TRANSFER, takes=NewMove, gives={201: TransferShape})
    def post(self, request: Request, asked: dict[str, Any], bankroll_id: int) -> Response:
        """Deposit, withdraw, or move money to or from a bookmaker, once an Idempotency-Key."""
        own(request, bankroll_id)
        there = {}
        if asked["kind"].endswith("_book"):
            there = {"bookmaker_id": bookmaker_id(asked.get("bookmaker", ""))}
            if there["bookmaker_id"] is None:
                raise refused("bookmaker", "There is no such bookmaker.", "unknown")
        moved = done(
            lambda: ledger.move_money(
                asked["kind"],
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
        mine = own(request, bankroll_id)
        asked = read_query(request, StatementQuery)
        begin: datetime = asked.get("begin") or mine.opened_at
        end: datetime = asked.get("end") or just_after(clock.now())
        if begin > end:
            raise BadQuery(
                "Cannot filter by what was sent: begin.",
                [Fault(field="begin", detail="It is after the end; swap them.", code="invalid")],
            )
        found = statement_of(mine, begin=begin, end=end)
        shown = StatementShape({**_fields(found), "movements": list(movements(found))}).data
        return Response(shown)


def _fields(found: Any) -> dict[str, Any]:  # noqa: ANN401
    names = ("bankroll", "begin", "end", "opening", "closing", "change", "sums")
    return {name: getattr(found, name) for name in names}


def own(request: Request, bankroll_id: int) -> Any:  # noqa: ANN401
    """Return a bankroll of the asker's; any other is a 404."""
    found = bankroll_owned(owner_of(request), bankroll_id)
    if found is None:
        raise Http404
    return found


def refused(field: str, detail: str, code: str) -> Refused:
    """Return the 422 that names a field."""
    return Refused("Nothing was moved.", [Fault(field=field, detail=detail, code=code)])


def done(do: Callable[[], Done]) -> Done:
    """Return what a service gives; its refusal is a 422."""
    try:
        return do()
    except ledger.AmountRefused as no:
        raise refused(no.field, no.detail, "refused") from no
    except (ledger.BankrollClosed, bankrolls.NotEmpty) as no:
        raise refused("bankroll", str(no), "refused") from no
    except ledger.TransferRepeatedDifferently as reused:
        raise KeyReused(str(reused)) from reused
