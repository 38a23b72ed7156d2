"""What moved in a bankroll over a stretch of time: opening, every transfer, closing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Count, ExpressionWrapper, Max, Q, QuerySet, Sum

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

    @property
    def moved(self) -> Decimal:
        """Return what of that was paid in, less what was withdrawn: no gain and no loss."""
        return self.sums.get("deposit", ZERO) - self.sums.get("withdrawal", ZERO)

    @property
    def earned(self) -> Decimal:
        """Return what betting gained or lost."""
        return self.change - self.moved


def just_after(moment: datetime) -> datetime:
    """Return the end of a stretch that a moment belongs to; stretches are until before theirs.

    "Until now" holds what settled this very moment, which a slow world's clock makes of many.
    """
    return moment + timedelta(microseconds=1)


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
    """Return a statement; the balances are folds of the transfers themselves. Three queries."""
    before = Transfer.objects.filter(bankroll_id=bankroll.pk, at__lt=end).order_by()
    is_in_it = ExpressionWrapper(Q(at__gte=begin), output_field=BooleanField())
    # By account, of which there are few: to join the kinds to every transfer takes as long again.
    rows = list(
        before.values_list("kind", "source_id", "destination_id", is_in_it).annotate(
            total=Sum("amount"), count=Count("pk"), last=Max("number")
        )
    )
    accounts = {pk for _, source, destination, *_ in rows for pk in (source, destination)}
    kinds = dict(LedgerAccount.objects.filter(pk__in=accounts).values_list("pk", "kind"))
    opening, closing = (dict.fromkeys(LedgerAccount.Kind.values, ZERO) for _ in range(2))
    sums: dict[str, Decimal] = {}
    ends, count = [0, 0], 0
    for kind, source, destination, is_within, total, moved, last in rows:
        ends[is_within] = max(ends[is_within], last)
        for held in (closing,) if is_within else (opening, closing):
            held[kinds[destination]] += total
            held[kinds[source]] -= total
        if is_within:
            sums[kind] = sums.get(kind, ZERO) + total
            count += moved
    lasts = {each.number: each for each in before.filter(number__in=ends)}
    return Statement(
        bankroll=bankroll,
        begin=begin,
        end=end,
        opening=_balance(opening, lasts.get(ends[0])),
        closing=_balance(closing, lasts.get(max(ends))),
        sums=sums,
        count=count,
    )


def movements_page(
    statement: Statement, *, page: str | None, size: int
) -> tuple[list[Movement], Page[int]]:
    """Return a page of a statement's transfers, newest first, told back from its closing."""
    bankroll_id = statement.bankroll.pk
    newest = transfers_of(bankroll_id, begin=statement.begin, end=statement.end).reverse()
    # Far back in a long one, rows that are passed over cost less without what is joined to them.
    keys = newest.values_list("pk", flat=True)
    pages = Paginator(keys, size)
    # Counted with the sums.
    pages.count = statement.count
    shown = pages.get_page(page)
    first = size * (shown.number - 1)
    equity = statement.closing.equity
    if first:
        own = list(LedgerAccount.objects.filter(bankroll_id=bankroll_id, kind__in=OWN))
        newer = newest.select_related(None)[:first]
        equity -= newer.aggregate(
            change=Sum("amount", filter=Q(destination__in=own), default=ZERO)
            - Sum("amount", filter=Q(source__in=own), default=ZERO)
        )["change"]
    rows = transfers_of(bankroll_id).filter(pk__in=keys[first : first + size])
    made = []
    for transfer in rows.select_related("bet").reverse():
        change = _change(transfer)
        made.append(Movement(transfer, change, equity))
        equity -= change
    return made, shown


def movements(statement: Statement) -> Iterator[Movement]:
    """Yield every transfer of a statement with what it did to equity, oldest first."""
    equity = statement.opening.equity
    rows = transfers_of(statement.bankroll.pk, begin=statement.begin, end=statement.end)
    for transfer in rows.iterator(chunk_size=1000):
        change = _change(transfer)
        equity += change
        yield Movement(transfer, change, equity)


def _change(transfer: Transfer) -> Decimal:
    """Return what a transfer did to equity."""
    change = (transfer.destination.kind in OWN) * transfer.amount
    return change - (transfer.source.kind in OWN) * transfer.amount


def _balance(held: Mapping[str, Decimal], last: Transfer | None) -> Balance:
    return Balance(free=held["free"], at_books=held["book"], at_risk=held["at_risk"], last=last)
