"""Money in and money out.

Every transfer is written here or by placement and settlement, under the lock of the owner's pots.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.money import to_cents
from betting.models import Bankroll, LedgerAccount, Transfer

Kind = LedgerAccount.Kind
MOST = Decimal("1000000000.00")


class AmountRefused(Exception):
    """An amount that cannot be moved, with the field, the value and the remedy."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.field = "amount"
        self.detail = detail


class TransferRepeatedDifferently(Exception):
    """A reference that was used before comes back with another amount or other pots."""


@dataclass(frozen=True, slots=True)
class Pots:
    """The four pots of one bankroll."""

    bankroll: Bankroll
    free: LedgerAccount
    at_risk: LedgerAccount
    house: LedgerAccount
    world: LedgerAccount

    @property
    def equity(self) -> Decimal:
        """Return free plus at risk, as it was when the pots were read."""
        return self.free.amount + self.at_risk.amount


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
    mine = {a.kind: a for a in accounts if a.bankroll_id == bankroll_id}
    if len(mine) != len(Kind.values):
        raise Bankroll.DoesNotExist(f"There is no bankroll {bankroll_id} of this owner.")
    return Pots(
        bankroll=mine[Kind.FREE].bankroll,
        free=mine[Kind.FREE],
        at_risk=mine[Kind.AT_RISK],
        house=mine[Kind.HOUSE],
        world=mine[Kind.WORLD],
    )


@transaction.atomic
def open_bankroll(owner_id: int, name: str, currency: str, now: datetime) -> Bankroll:
    """Open a bankroll with its four empty pots. The same owner and name return the first one.

    Raises:
        AmountRefused: if that name is open already in another currency.
    """
    bankroll, is_new = Bankroll.objects.get_or_create(
        owner_id=owner_id, name=name, defaults={"currency": currency, "opened_at": now}
    )
    if bankroll.currency != currency:
        raise AmountRefused(
            f"currency: {name} is kept in {bankroll.currency}, not {currency}; "
            "give the new bankroll another name."
        )
    if is_new:
        LedgerAccount.objects.bulk_create(
            [LedgerAccount(bankroll=bankroll, kind=kind) for kind in Kind.values]
        )
    return bankroll


def deposit(*, bankroll_id: int, amount: Decimal, reference: str, now: datetime) -> Transfer:
    """Pay money into a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move_world(
        bankroll_id=bankroll_id,
        amount=read_amount(amount),
        reference=reference,
        kind=Transfer.Kind.DEPOSIT,
        now=now,
    )


def withdraw(*, bankroll_id: int, amount: Decimal, reference: str, now: datetime) -> Transfer:
    """Take free money out of a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount, or how much is free.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move_world(
        bankroll_id=bankroll_id,
        amount=read_amount(amount),
        reference=reference,
        kind=Transfer.Kind.WITHDRAWAL,
        now=now,
    )


@transaction.atomic
def _move_world(
    *, bankroll_id: int, amount: Decimal, reference: str, kind: str, now: datetime
) -> Transfer:
    owner_id = Bankroll.objects.values_list("owner_id", flat=True).get(pk=bankroll_id)
    pots = pots_of(lock_accounts(owner_id), bankroll_id)
    source, destination = pots.world, pots.free
    if kind == Transfer.Kind.WITHDRAWAL:
        source, destination = pots.free, pots.world
    # The owner is part of it: two people may well use the same words.
    reference = f"{owner_id}:{reference}"
    if earlier := Transfer.objects.filter(reference=reference).first():
        if (earlier.source_id, earlier.destination_id, earlier.amount) != (
            source.pk,
            destination.pk,
            amount,
        ):
            raise TransferRepeatedDifferently(
                f"Reference {reference} moved {earlier.amount} before, not {amount}."
            )
        return earlier
    if kind == Transfer.Kind.WITHDRAWAL and amount > pots.free.amount:
        raise AmountRefused(
            f"amount: {amount} is more than the free {pots.free.amount}; "
            "money at risk comes free when its bets settle."
        )
    return Transfer.objects.create(
        reference=reference,
        kind=kind,
        source=source,
        destination=destination,
        amount=amount,
        at=now,
    )
