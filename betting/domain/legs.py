"""The legs of an arbitrage as one thing: the order to take them in, and what closes an open one.

While one leg is taken and another is not, the stakes taken may be lost whole. So the leg most
likely to be refused goes first: if that one is not taken, nothing is open. That is the one whose
price stands out most above what the whole market says, p x q with the margin-free consensus q: such
prices are mistakes or late, and are the first to go. Of two alike, the one seen longer ago.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.money import down_to_cents


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg as it is offered: its net price, and what the consensus of all books says."""

    selection_id: int
    net_price: float
    market_probability: float
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Hedge:
    """What would close an open outcome now: so much at such a price, and what is earned then.

    `profit` is the least of all outcomes once every open one is closed so; below zero a loss.
    """

    selection_id: int
    bookmaker: str
    price: Decimal
    stake: Decimal
    profit: Decimal


def in_order(legs: Sequence[Leg]) -> list[Leg]:
    """Return the legs in the order to take them: the one most likely to be refused first."""
    return sorted(
        legs,
        key=lambda leg: (-leg.net_price * leg.market_probability, leg.seen_at, leg.selection_id),
    )


def stake_beside(planned: Decimal, *, planned_payout: float, payout: float) -> Decimal:
    """Return what to stake on a leg beside one that pays otherwise than planned.

    In the same part, rounded down to the cent: a first leg that was matched in part is not
    covered twice.

    >>> stake_beside(Decimal("10.00"), planned_payout=21.0, payout=8.4)
    Decimal('4.00')
    """
    if planned_payout == payout:
        return planned
    return down_to_cents(planned * Decimal(repr(payout / planned_payout)))


def hedge_of(
    selection_id: int, bookmaker: str, *, price: Decimal, net: float, payout: float, outlay: Decimal
) -> Hedge:
    """Return what closes one open outcome: the stake that pays there what the others pay.

    `payout` is the least that the legs taken pay, `outlay` what they and other hedges cost.

    >>> hedge_of(7, "B", price=Decimal("2.000"), net=2.0, payout=21.0, outlay=Decimal("10.00"))
    Hedge(selection_id=7, bookmaker='B', price=Decimal('2.000'), stake=Decimal('10.50'), \
profit=Decimal('0.50'))
    """
    stake = down_to_cents(Decimal(repr(payout / net)))
    least = min(payout, float(stake) * net)
    profit = down_to_cents(Decimal(repr(least))) - outlay - stake
    return Hedge(selection_id, bookmaker, price, stake, profit)
