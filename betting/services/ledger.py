"""Money in and money out.

Every transfer is written here or by placement and settlement, under the lock of the owner's pots.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from accounts.money import to_cents
from betting.models import Bankroll, LedgerAccount, Transfer
from betting.selectors.playing import deposit_rooms
from betting.services.pots import Pots, locked_pots
from risk.selectors import exclusion_of
from risk.services import make_due

Kind = LedgerAccount.Kind
# How a person moves money; stakes and what comes of them are placement's and settlement's.
MOVES = (
    Transfer.Kind.DEPOSIT,
    Transfer.Kind.WITHDRAWAL,
    Transfer.Kind.TO_BOOK,
    Transfer.Kind.FROM_BOOK,
)
MOST = Decimal("1000000000.00")
# With the owner's number before it, it must fit the column.
LONGEST_REFERENCE = 72


class AmountRefused(Exception):
    """Money that cannot be moved so, with the field, the value and the remedy."""

    def __init__(self, detail: str, *, field: str = "amount") -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class TransferRepeatedDifferently(Exception):
    """A reference that was used before comes back with another amount or other pots."""


class BankrollClosed(Exception):
    """Nothing moves into a bankroll that is closed; opening it again is the remedy."""


def read_amount(value: Decimal | str, *, field: str = "amount") -> Decimal:
    """Return money with two places, or refuse it: nothing is rounded on the way in.

    >>> read_amount("12.5")
    Decimal('12.50')

    Raises:
        AmountRefused: naming the value and the remedy.
    """
    try:
        amount = Decimal(str(value).strip()) if not isinstance(value, Decimal) else value
        whole = amount.is_finite()
    except ArithmeticError:
        raise AmountRefused(f"{field}: {value!r} is no number; write it like 12.50.") from None
    if not whole:
        raise AmountRefused(f"{field}: {value!r} is no amount; write it like 12.50.")
    if not Decimal("0.01") <= amount <= MOST:
        raise AmountRefused(f"{field}: {amount} is not between 0.01 and {MOST}.")
    if amount != to_cents(amount):
        raise AmountRefused(
            f"{field}: {amount} has more than two decimals; {to_cents(amount)} would do."
        )
    return to_cents(amount)


def read_reference(reference: str) -> str:
    """Return what a move of money is known by, or refuse it.

    Raises:
        AmountRefused: if it is empty, too long or not printable.
    """
    if not 1 <= len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
        raise AmountRefused(
            f"reference: send 1 to {LONGEST_REFERENCE} printable characters, new for each move.",
            field="reference",
        )
    return reference


@transaction.atomic
def move_money(
    kind: str,
    *,
    bankroll_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    bookmaker_id: int | None = None,
    by_id: int | None = None,
) -> Transfer:
    """Move money one of the ways of `MOVES`. A repeated reference returns the first transfer.

    A deposit comes from the world into the free pot, a withdrawal goes back. What goes to a
    bookmaker, and comes from there, is free money; from the first time on stakes at that bookmaker
    come out of the pot there. Who keeps away from betting brings nothing in; a person's own
    deposit limits hold. Taking out is always allowed.

    Raises:
        AmountRefused: naming what is wrong, how much there is, or what forbids a deposit.
        BankrollClosed: if money would come into a bankroll that is closed.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    amount = read_amount(amount)
    pots = locked_pots(bankroll_id)
    # The owner is part of it: two people may well use the same words.
    reference = f"{pots.bankroll.owner_id}:{read_reference(reference)}"
    earlier = (
        Transfer.objects.select_related("source", "destination").filter(reference=reference).first()
    )
    if earlier is not None:
        book = earlier.source.bookmaker_id or earlier.destination.bookmaker_id
        if (earlier.kind, earlier.bankroll_id, book, earlier.amount) != (
            kind,
            bankroll_id,
            bookmaker_id,
            amount,
        ):
            raise TransferRepeatedDifferently(
                f"reference: {reference} was a {earlier.get_kind_display().lower()} of "
                f"{earlier.amount} before; use a new one for another."
            )
        return earlier
    brings = kind in (Transfer.Kind.DEPOSIT, Transfer.Kind.TO_BOOK)
    if brings:
        _may_bring(kind, pots.bankroll, amount, now=now)
    source, destination = _ends(kind, pots, bookmaker_id, may_open=brings)
    if source is not pots.world and amount > source.amount:
        raise AmountRefused(_too_much(amount, source, pots))
    moved = Transfer.objects.create(
        reference=reference,
        kind=kind,
        source=source,
        destination=destination,
        amount=amount,
        at=now,
    )
    if pots.world in (source, destination):
        make_due([pots.bankroll.owner_id])
    audited(
        f"moved money: {moved.get_kind_display().lower()}",
        pots.bankroll,
        at=now,
        by_id=by_id,
        amount=str(amount),
        reference=reference,
        **({} if bookmaker_id is None else {"bookmaker": bookmaker_id}),
    )
    return moved


def _may_bring(kind: str, bankroll: Bankroll, amount: Decimal, *, now: datetime) -> None:
    """Refuse money for the next stakes of somebody who keeps away, or over their own limit."""
    if bankroll.closed_at is not None:
        raise BankrollClosed(f"{bankroll.name} is closed; open it again first.")
    if (kept := exclusion_of(bankroll.owner_id)) is not None:
        until = "for good" if kept.until is None else f"until {kept.until:%Y-%m-%d %H:%M} UTC"
        raise AmountRefused(
            f"kind: {kept.title} {until}: no deposit is taken; money can be withdrawn.",
            field="kind",
        )
    if kind != Transfer.Kind.DEPOSIT:
        return
    for room in deposit_rooms(bankroll.owner_id, now=now):
        if amount > room.most:
            raise AmountRefused(
                f"amount: {amount} is over what is left of {room.title}: {room.left} of "
                f"{room.bound}; wait until the period ends, or ask for a higher limit."
            )


def _ends(
    kind: str, pots: Pots, bookmaker_id: int | None, *, may_open: bool
) -> tuple[LedgerAccount, LedgerAccount]:
    if kind == Transfer.Kind.DEPOSIT:
        return pots.world, pots.free
    if kind == Transfer.Kind.WITHDRAWAL:
        return pots.free, pots.world
    pot = pots.books.get(bookmaker_id or 0)
    if pot is None:
        if not may_open:
            raise AmountRefused("bookmaker: nothing lies there.", field="bookmaker")
        pot = LedgerAccount.objects.create(
            bankroll=pots.bankroll, kind=Kind.BOOK, bookmaker_id=bookmaker_id
        )
    elif may_open and pot.closed_at is not None:
        pot.closed_at = None
        pot.save(update_fields=["closed_at"])
    return (pots.free, pot) if kind == Transfer.Kind.TO_BOOK else (pot, pots.free)


def _too_much(amount: Decimal, source: LedgerAccount, pots: Pots) -> str:
    where = (
        f"the free {source.amount}" if source is pots.free else f"the {source.amount} lying there"
    )
    remedy = "money at risk comes free when its bets settle"
    if source is pots.free and any(pot.amount for pot in pots.books.values()):
        remedy += ", money at bookmakers when it is moved back"
    return f"amount: {amount} is more than {where}; {remedy}."


def audited(
    action: str, bankroll: Bankroll, *, at: datetime, by_id: int | None, **detail: object
) -> None:
    """Write down what was done with a bankroll."""
    audit.record(
        action=action,
        subject=f"bankroll {bankroll.pk}: {bankroll.name}",
        actor_id=by_id,
        at=at,
        detail=detail,
    )
