"""What moved in a bankroll over a stretch of time: opening, every transfer, closing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from betting.models import Bankroll, LedgerAccount, Transfer

ZERO = Decimal("0.00")
OWN = frozenset({"free", "book", "at_risk"})


@dataclass(frozen=True, slots=True)
class Balance:
    """What a bankroll's own pots hold at a moment; `last` is its chain's last transfer by then."""

    free: Decimal
    at_books: Decimal
    at_risk: Decimal
    last: Transfer | None

    @property
    def equity(self) -> Decimal:
        """Return free, at bookmakers and at risk together."""
        return self.free + self.at_books + self.at_risk


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer, what it did to equity, and what equity was after it."""

    transfer: Transfer
    change: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """A bankroll from a moment until before another; sums are by kind of transfer."""

    bankroll: Bankroll
    begin: datetime
    end: datetime
    opening: Balance
    closing: Balance
    sums: Mapping[str, Decimal]
    count: int

    @property
    def change(self) -> Decimal:
        """Return what equity gained or lost."""
        return self.closing.equity - self.opening.equity


def bankroll_owned(owner_id: int, bankroll_id: int) -> Bankroll | None:
    """Return a person's bankroll, open or closed; nobody sees another's."""
    return Bankroll.objects.filter(owner_id=owner_id, pk=bankroll_id).first()


def transfers_of(
    bankroll_id: int, *, begin: datetime | None = None, end: datetime | None = None
) -> QuerySet[Transfer]:
    """Return a bankroll's transfers from a moment until before another, in order."""
    found = Transfer.objects.filter(bankroll_id=bankroll_id).select_related(
        "source__bookmaker", "destination__bookmaker"
    )
    if begin is not None:
        found = found.filter(at__gte=begin)
    if end is not None:
        found = found.filter(at__lt=end)
    return found.order_by("at", "number")


def statement_of(bankroll: Bankroll, *, begin: datetime, end: datetime) -> Statement:
    """Return a statement; the balances are folds of the transfers themselves. Six queries."""
    kinds = (
        transfers_of(bankroll.pk, begin=begin, end=end)
        .order_by()
        .values_list("kind")
        .annotate(total=Sum("amount"))
    )
    sums = dict(kinds)
    return Statement(
        bankroll=bankroll,
        begin=begin,
        end=end,
        opening=_balance(bankroll.pk, begin),
        closing=_balance(bankroll.pk, end),
        sums=sums,
        count=transfers_of(bankroll.pk, begin=begin, end=end).count(),
    )


def movements(statement: Statement) -> Iterator[Movement]:
    """Yield every transfer of a statement with what it did to equity, oldest first."""
    equity = statement.opening.equity
    rows = transfers_of(statement.bankroll.pk, begin=statement.begin, end=statement.end)
    for transfer in rows.iterator(chunk_size=1000):
        change = (transfer.destination.kind in OWN) * transfer.amount
        change -= (transfer.source.kind in OWN) * transfer.amount
        equity += change
        yield Movement(transfer, change, equity)


def _balance(bankroll_id: int, at: datetime) -> Balance:
    before = Q(at__lt=at, bankroll_id=bankroll_id)
    held: dict[str, Decimal] = dict.fromkeys(LedgerAccount.Kind.values, ZERO)
    for end, sign in (("destination", 1), ("source", -1)):
        sums = Transfer.objects.filter(before).order_by().values_list(f"{end}__kind")
        for kind, total in sums.annotate(total=Sum("amount")):
            held[kind] += sign * total
    return Balance(
        free=held["free"],
        at_books=held["book"],
        at_risk=held["at_risk"],
        last=Transfer.objects.filter(before).order_by("number").last(),
    )
