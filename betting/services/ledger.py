"""Money in and money out.

Every transfer is written here or by placement and settlement, under the lock of the owner's pots.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from accounts.money import to_cents
from betting.models import AT_RISK, Bankroll, Bet, LedgerAccount, Transfer

Kind = LedgerAccount.Kind
# The pots that every bankroll has; those at bookmakers come when money is moved there.
FIRST_POTS = (Kind.FREE, Kind.AT_RISK, Kind.HOUSE, Kind.WORLD)
MOST = Decimal("1000000000.00")
LONGEST_NAME = 48
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


class NotEmpty(Exception):
    """A bankroll or a pot that still holds money, or has open bets, cannot be closed."""


@dataclass(frozen=True, slots=True)
class Pots:
    """The pots of one bankroll; `books` are those at bookmakers, by the bookmaker's key."""

    bankroll: Bankroll
    free: LedgerAccount
    at_risk: LedgerAccount
    house: LedgerAccount
    world: LedgerAccount
    books: Mapping[int, LedgerAccount] = field(default_factory=dict)

    @property
    def equity(self) -> Decimal:
        """Return free, at bookmakers and at risk together, as it was when the pots were read."""
        at_books = sum((pot.amount for pot in self.books.values()), Decimal("0.00"))
        return self.free.amount + at_books + self.at_risk.amount

    def stakes_at(self, bookmaker_id: int) -> LedgerAccount:
        """Return the pot that a stake at a bookmaker comes out of.

        That at the bookmaker, where one is kept; else the free one.
        """
        pot = self.books.get(bookmaker_id)
        return pot if pot is not None and pot.closed_at is None else self.free


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


def unmatched_reference(bet_id: int) -> str:
    """Return the reference of the transfer that gives back what a venue did not match."""
    return f"bet:{bet_id}:unmatched"


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


def lock_accounts(owner_id: int) -> list[LedgerAccount]:
    """Lock all pots of a person, in the order of their keys, and return them.

    These rows are the lock of the money path: one money decision per owner at a time. Everybody
    locks in the same order, so nobody waits in a ring.
    """
    return list(
        LedgerAccount.objects.select_for_update(of=("self",))
        .filter(bankroll__owner_id=owner_id)
        .select_related("bankroll")
        .order_by("pk")
    )


def pots_of(accounts: Iterable[LedgerAccount], bankroll_id: int) -> Pots:
    """Return one bankroll's pots out of the locked ones.

    Raises:
        Bankroll.DoesNotExist: if none of them belongs to that bankroll.
    """
    mine = [a for a in accounts if a.bankroll_id == bankroll_id]
    if not mine:
        raise Bankroll.DoesNotExist(f"There is no bankroll {bankroll_id} of this owner.")
    by_kind = {a.kind: a for a in mine}
    return Pots(
        bankroll=mine[0].bankroll,
        free=by_kind[Kind.FREE],
        at_risk=by_kind[Kind.AT_RISK],
        house=by_kind[Kind.HOUSE],
        world=by_kind[Kind.WORLD],
        books={a.bookmaker_id: a for a in mine if a.bookmaker_id is not None},
    )


def staked_from(pots: Pots, bet_id: int) -> LedgerAccount:
    """Return the pot that a bet's stake came out of; its money goes back there."""
    source = Transfer.objects.values_list("source_id", flat=True).get(
        bet_id=bet_id, kind=Transfer.Kind.STAKE
    )
    return next(pot for pot in (pots.free, *pots.books.values()) if pot.pk == source)


@transaction.atomic
def open_bankroll(
    owner_id: int, name: str, currency: str, now: datetime, *, by_id: int | None = None
) -> Bankroll:
    """Open a bankroll with its four empty pots, or one that was closed once more.

    The same owner, name and currency return the one that is open.

    Raises:
        AmountRefused: if that name is open already in another currency.
    """
    bankroll, is_new = Bankroll.objects.select_for_update().get_or_create(
        owner_id=owner_id, name=name, defaults={"currency": currency, "opened_at": now}
    )
    if bankroll.currency != currency:
        raise AmountRefused(
            f"currency: {name} is kept in {bankroll.currency}, not {currency}; "
            "give the new bankroll another name."
        )
    if is_new:
        LedgerAccount.objects.bulk_create(
            [LedgerAccount(bankroll=bankroll, kind=kind) for kind in FIRST_POTS]
        )
    elif bankroll.closed_at is not None:
        bankroll.closed_at = None
        bankroll.save(update_fields=["closed_at"])
    else:
        return bankroll
    _audit("opened bankroll", bankroll, at=now, by_id=by_id, currency=currency)
    return bankroll


@transaction.atomic
def rename_bankroll(
    *, bankroll_id: int, name: str, now: datetime, by_id: int | None = None
) -> Bankroll:
    """Give a bankroll another name. The name that it has changes nothing.

    Raises:
        AmountRefused: if another bankroll of the same person has that name.
    """
    bankroll = _locked(bankroll_id).bankroll
    name = read_name(name)
    if bankroll.name == name:
        return bankroll
    if Bankroll.objects.filter(owner_id=bankroll.owner_id, name=name).exists():
        raise AmountRefused(f"name: {name} is another bankroll; choose another.", field="name")
    was, bankroll.name = bankroll.name, name
    bankroll.save(update_fields=["name"])
    _audit("renamed bankroll", bankroll, at=now, by_id=by_id, was=was)
    return bankroll


@transaction.atomic
def close_bankroll(*, bankroll_id: int, now: datetime, by_id: int | None = None) -> Bankroll:
    """Close a bankroll that holds nothing. One that is closed stays as it is.

    Raises:
        NotEmpty: saying what it still holds.
    """
    pots = _locked(bankroll_id)
    bankroll = pots.bankroll
    if bankroll.closed_at is not None:
        return bankroll
    if pots.equity:
        raise NotEmpty(
            f"{bankroll.name} still holds {pots.equity} {bankroll.currency}, of that "
            f"{pots.at_risk.amount} at risk; let its bets settle and withdraw the rest first."
        )
    bankroll.closed_at = now
    bankroll.save(update_fields=["closed_at"])
    _audit("closed bankroll", bankroll, at=now, by_id=by_id)
    return bankroll


def read_name(name: str) -> str:
    """Return a bankroll's name, or refuse it.

    >>> read_name(" Main ")
    'Main'

    Raises:
        AmountRefused: if it is empty, too long or not printable.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise AmountRefused(
            f"name: {name[:LONGEST_NAME]!r} will not do; "
            f"write 1 to {LONGEST_NAME} printable characters.",
            field="name",
        )
    return name


def deposit(
    *,
    bankroll_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    by_id: int | None = None,
) -> Transfer:
    """Pay money into a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount.
        BankrollClosed: if the bankroll is closed.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move(
        Transfer.Kind.DEPOSIT,
        bankroll_id=bankroll_id,
        amount=amount,
        reference=reference,
        now=now,
        by_id=by_id,
    )


def withdraw(
    *,
    bankroll_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    by_id: int | None = None,
) -> Transfer:
    """Take free money out of a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount, or how much is free.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move(
        Transfer.Kind.WITHDRAWAL,
        bankroll_id=bankroll_id,
        amount=amount,
        reference=reference,
        now=now,
        by_id=by_id,
    )


def move_to_bookmaker(
    *,
    bankroll_id: int,
    bookmaker_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    by_id: int | None = None,
) -> Transfer:
    """Move free money to a bookmaker. From the first time on stakes there come out of that pot.

    A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount, or how much is free.
        BankrollClosed: if the bankroll is closed.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move(
        Transfer.Kind.TO_BOOK,
        bankroll_id=bankroll_id,
        bookmaker_id=bookmaker_id,
        amount=amount,
        reference=reference,
        now=now,
        by_id=by_id,
    )


def move_from_bookmaker(
    *,
    bankroll_id: int,
    bookmaker_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    by_id: int | None = None,
) -> Transfer:
    """Move money that lies at a bookmaker back into the free pot.

    A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount, or how much lies there.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move(
        Transfer.Kind.FROM_BOOK,
        bankroll_id=bankroll_id,
        bookmaker_id=bookmaker_id,
        amount=amount,
        reference=reference,
        now=now,
        by_id=by_id,
    )


@transaction.atomic
def close_pot(
    *, bankroll_id: int, bookmaker_id: int, now: datetime, by_id: int | None = None
) -> None:
    """Keep no account of a bookmaker any more: stakes there come out of the free pot again.

    A pot that is closed, or never was, stays as it is.

    Raises:
        NotEmpty: if money lies there, or bets staked from it are open.
    """
    pots = _locked(bankroll_id)
    pot = pots.books.get(bookmaker_id)
    if pot is None or pot.closed_at is not None:
        return
    waiting = Bet.objects.filter(bankroll_id=bankroll_id, status__in=AT_RISK).filter(
        transfers__kind=Transfer.Kind.STAKE, transfers__source=pot
    )
    if pot.amount or (count := waiting.count()):
        held = f"{pot.amount} lies there" if pot.amount else f"{count} of its bets are open"
        raise NotEmpty(f"{held}; move the money back, and let its bets settle first.")
    pot.closed_at = now
    pot.save(update_fields=["closed_at"])
    _audit("closed pot", pots.bankroll, at=now, by_id=by_id, bookmaker=bookmaker_id)


@transaction.atomic
def _move(
    kind: Transfer.Kind,
    *,
    bankroll_id: int,
    amount: Decimal,
    reference: str,
    now: datetime,
    by_id: int | None,
    bookmaker_id: int | None = None,
) -> Transfer:
    amount = read_amount(amount)
    pots = _locked(bankroll_id)
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
    if brings and pots.bankroll.closed_at is not None:
        raise BankrollClosed(f"{pots.bankroll.name} is closed; open it again first.")
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
    _audit(
        f"moved money: {moved.get_kind_display().lower()}",
        pots.bankroll,
        at=now,
        by_id=by_id,
        amount=str(amount),
        reference=reference,
        **({} if bookmaker_id is None else {"bookmaker": bookmaker_id}),
    )
    return moved


def _ends(
    kind: Transfer.Kind, pots: Pots, bookmaker_id: int | None, *, may_open: bool
) -> tuple[LedgerAccount, LedgerAccount]:
    if kind is Transfer.Kind.DEPOSIT:
        return pots.world, pots.free
    if kind is Transfer.Kind.WITHDRAWAL:
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
    return (pots.free, pot) if kind is Transfer.Kind.TO_BOOK else (pot, pots.free)


def _too_much(amount: Decimal, source: LedgerAccount, pots: Pots) -> str:
    where = (
        f"the free {source.amount}" if source is pots.free else f"the {source.amount} lying there"
    )
    remedy = "money at risk comes free when its bets settle"
    if source is pots.free and any(pot.amount for pot in pots.books.values()):
        remedy += ", money at bookmakers when it is moved back"
    return f"amount: {amount} is more than {where}; {remedy}."


def _locked(bankroll_id: int) -> Pots:
    owner_id = Bankroll.objects.values_list("owner_id", flat=True).get(pk=bankroll_id)
    return pots_of(lock_accounts(owner_id), bankroll_id)


def _audit(
    action: str, bankroll: Bankroll, *, at: datetime, by_id: int | None, **detail: object
) -> None:
    audit.record(
        action=action,
        subject=f"bankroll {bankroll.pk}: {bankroll.name}",
        actor_id=by_id,
        at=at,
        detail=detail,
    )
