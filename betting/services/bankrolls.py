"""Bankrolls opened, named and closed, and pots at bookmakers closed."""

from datetime import datetime

from django.db import transaction

from betting.models import AT_RISK, Bankroll, Bet, LedgerAccount, Transfer
from betting.services.ledger import AmountRefused, audited
from betting.services.pots import locked_pots

Kind = LedgerAccount.Kind
# The pots that every bankroll has; those at bookmakers come when money is moved there.
FIRST_POTS = (Kind.FREE, Kind.AT_RISK, Kind.HOUSE, Kind.WORLD)
LONGEST_NAME = 48


class NotEmpty(Exception):
    """A bankroll or a pot that still holds money, or has open bets, cannot be closed."""


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
    audited("opened bankroll", bankroll, at=now, by_id=by_id, currency=currency)
    return bankroll


@transaction.atomic
def rename_bankroll(
    *, bankroll_id: int, name: str, now: datetime, by_id: int | None = None
) -> Bankroll:
    """Give a bankroll another name. The name that it has changes nothing.

    Raises:
        AmountRefused: if another bankroll of the same person has that name.
    """
    bankroll = locked_pots(bankroll_id).bankroll
    name = read_name(name)
    if bankroll.name == name:
        return bankroll
    if Bankroll.objects.filter(owner_id=bankroll.owner_id, name=name).exists():
        raise AmountRefused(f"name: {name} is another bankroll; choose another.", field="name")
    was, bankroll.name = bankroll.name, name
    bankroll.save(update_fields=["name"])
    audited("renamed bankroll", bankroll, at=now, by_id=by_id, was=was)
    return bankroll


@transaction.atomic
def close_bankroll(*, bankroll_id: int, now: datetime, by_id: int | None = None) -> Bankroll:
    """Close a bankroll that holds nothing. One that is closed stays as it is.

    Raises:
        NotEmpty: saying what it still holds.
    """
    pots = locked_pots(bankroll_id)
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
    audited("closed bankroll", bankroll, at=now, by_id=by_id)
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


@transaction.atomic
def close_pot(
    *, bankroll_id: int, bookmaker_id: int, now: datetime, by_id: int | None = None
) -> None:
    """Keep no account of a bookmaker any more: stakes there come out of the free pot again.

    A pot that is closed, or never was, stays as it is.

    Raises:
        NotEmpty: if money lies there, or bets staked from it are open.
    """
    pots = locked_pots(bankroll_id)
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
    audited("closed pot", pots.bankroll, at=now, by_id=by_id, bookmaker=bookmaker_id)
