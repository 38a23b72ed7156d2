"""What one bettor may stake: every limit, in money, all at once.

Limits are shares with four places, money has two: `equity * share` rounded down to cents is exact
in Decimal and in whole cents alike, so the live check and the array version agree to the cent.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from accounts.money import down_to_cents

IntArray = NDArray[np.int64]

SHARE_UNITS = 10_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """One person's limits. Shares are of equity: 0.02 is 2 %."""

    kelly_fraction: Decimal = Decimal("0.25")
    max_bet_share: Decimal = Decimal("0.02")
    max_event_share: Decimal = Decimal("0.03")
    max_day_share: Decimal = Decimal("0.10")
    max_drawdown_share: Decimal = Decimal("0.25")
    min_stake: Decimal = Decimal("1.00")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is already at stake. Handed in by whoever knows the bets; all in one currency."""

    equity: Decimal
    free: Decimal
    on_event: Decimal
    today: Decimal


@dataclass(frozen=True, slots=True)
class Breach:
    """One reason against a stake: which rule, in words, what was asked and what it may be."""

    rule: str
    detail: str
    figure: str
    bound: str
    field: str = "stake"


@dataclass(frozen=True, slots=True)
class Room:
    """What one limit leaves: the most that may still be staked under it."""

    rule: str
    title: str
    bound: Decimal
    used: Decimal

    @property
    def left(self) -> Decimal:
        """Return what is left, never below zero."""
        return max(self.bound - self.used, Decimal("0.00"))

    @property
    def percent(self) -> int:
        """Return how much of it is used, from 0 to 100; a bound of nothing is full.

        >>> Room("max_day_share", "all stakes of this day", Decimal(80), Decimal(20)).percent
        25
        """
        return min(100, round(100 * self.used / self.bound)) if self.bound else 100


def rooms(*, exposure: Exposure, bounds: Bounds) -> tuple[Room, ...]:
    """Return what each limit leaves, in the order in which they are checked.

    >>> exposure = Exposure(Decimal("1000.00"), Decimal("950.00"), Decimal("25.00"), Decimal("0"))
    >>> [(room.rule, str(room.left)) for room in rooms(exposure=exposure, bounds=Bounds())]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('max_bet_share', '20.00'), ('max_event_share', '5.00'), ('max_day_share', '100.00'),
     ('free_money', '950.00')]
    """
    zero = Decimal("0.00")
    equity = exposure.equity
    return (
        Room("max_bet_share", "one bet", down_to_cents(equity * bounds.max_bet_share), zero),
        Room(
            "max_event_share",
            "all open bets on this event",
            down_to_cents(equity * bounds.max_event_share),
            exposure.on_event,
        ),
        Room(
            "max_day_share",
            "all stakes of this day",
            down_to_cents(equity * bounds.max_day_share),
            exposure.today,
        ),
        Room("free_money", "free money", exposure.free, zero),
    )


def find_breaches(*, stake: Decimal, exposure: Exposure, bounds: Bounds) -> tuple[Breach, ...]:
    """Return every limit that a stake would break, not only the first.

    >>> exposure = Exposure(Decimal("100.00"), Decimal("2.50"), Decimal("0"), Decimal("0"))
    >>> [breach.rule for breach in
    ...  find_breaches(stake=Decimal("3.00"), exposure=exposure, bounds=Bounds())]
    ['max_bet_share', 'free_money']
    """
    checked = rooms(exposure=exposure, bounds=bounds)
    most = min(room.left for room in checked)
    remedy = f"at most {most} is possible now" if most >= bounds.min_stake else "wait, or raise it"
    breaches = [
        Breach(
            rule=room.rule,
            detail=f"Stake {stake} is over what is left for {room.title}: "
            f"{room.left} of {room.bound} ({remedy}).",
            figure=str(stake + room.used),
            bound=str(room.bound),
        )
        for room in checked
        if stake > room.left
    ]
    if stake < bounds.min_stake:
        breaches.append(
            Breach(
                rule="min_stake",
                detail=f"Stake {stake} is below the smallest stake, {bounds.min_stake}.",
                figure=str(stake),
                bound=str(bounds.min_stake),
            )
        )
    return tuple(breaches)


def share_units(share: Decimal) -> int:
    """Return a four-place share as whole ten-thousandths.

    >>> share_units(Decimal("0.0250"))
    250
    """
    return int(share * SHARE_UNITS)


@cache
def _whole(bounds: Bounds) -> tuple[int, int, int, int]:
    """Return the shares of a bet, an event and a day in units, and the smallest stake in cents."""
    shares = (bounds.max_bet_share, bounds.max_event_share, bounds.max_day_share)
    bet, event, day = map(share_units, shares)
    return bet, event, day, int(bounds.min_stake * 100)


def trim_slate(
    *,
    asked: IntArray,
    event: IntArray,
    on_event: IntArray,
    equity: int,
    free: int,
    today: int,
    bounds: Bounds,
) -> IntArray:
    """Return what the limits leave of stakes taken one after the other, in whole cents.

    As if `rooms` were asked before each bet of a slate and the least of them staked: `asked`,
    `event` (any number that names the event) and `on_event` (already staked on it) have shape
    (n,), in the order of placing. A stake trimmed below the minimum is not placed.
    """
    a_bet, an_event, a_day, least = _whole(bounds)
    bet_cap, event_cap = equity * a_bet // SHARE_UNITS, equity * an_event // SHARE_UNITS
    budget = min(equity * a_day // SHARE_UNITS - today, free)
    staked: dict[int, int] = {}
    taken = []
    # Each stake depends on those before it, and a moment has a handful: no array is faster.
    for wanted, on, already in zip(asked.tolist(), event.tolist(), on_event.tolist(), strict=True):
        used = staked.get(on, already)
        stake = min(wanted, bet_cap, event_cap - used, budget)
        if stake < least:
            stake = 0
        staked[on] = used + stake
        budget -= stake
        taken.append(stake)
    return np.array(taken, dtype=np.int64)
