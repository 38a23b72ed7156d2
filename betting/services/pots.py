"""The pots of a bankroll, and the lock of the money path."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from betting.models import Bankroll, LedgerAccount, Transfer

Kind = LedgerAccount.Kind


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


def locked_pots(bankroll_id: int) -> Pots:
    """Return a bankroll's pots under its owner's lock.

    Raises:
        Bankroll.DoesNotExist: if there is no such bankroll.
    """
    owner_id = Bankroll.objects.values_list("owner_id", flat=True).get(pk=bankroll_id)
    return pots_of(lock_accounts(owner_id), bankroll_id)
