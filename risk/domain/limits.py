"""What one bettor may stake: every limit, in money, all at once.

Limits are shares with four places, money has two: `equity * share` rounded down to cents is exact
in Decimal and in whole cents alike, so the live check and the array version agree to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from accounts.money import down_to_cents
from risk.domain.exposure import On, OpenStakes
from risk.domain.rounding import rounded_down

IntArray = NDArray[np.int64]

SHARE_UNITS = 10_000

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Bounds:
    """One person's limits. Shares are of equity: 0.02 is 2 %."""

    kelly_fraction: Decimal = Decimal("0.25")
    max_bet_share: Decimal = Decimal("0.02")
    max_market_share: Decimal = Decimal("0.03")
    max_event_share: Decimal = Decimal("0.03")
    max_league_share: Decimal = Decimal("0.50")
    max_bookmaker_share: Decimal = Decimal("0.50")
    max_day_share: Decimal = Decimal("0.10")
    max_open_bets: int = 200
    max_drawdown_share: Decimal = Decimal("0.25")
    min_edge: Decimal = Decimal("0.0000")
    min_stake: Decimal = Decimal("1.00")


# Of these a smaller one allows more.
FLOORS = frozenset({"min_edge", "min_stake"})


@dataclass(frozen=True, slots=True)
class Room:
    """What one limit leaves: the most that may still be staked under it.

    `bound` and `used` are money, or a number of bets where the limit `counts_bets`.
    """

    rule: str
    title: str
    bound: Decimal
    used: Decimal
    counts_bets: bool = False

    @property
    def left(self) -> Decimal:
        """Return what is left, never below zero."""
        return max(self.bound - self.used, Decimal("0.00"))

    @property
    def most(self) -> Decimal:
        """Return the most money that it lets one more bet have.

        >>> Room("max_open_bets", "open bets", Decimal(2), Decimal(2), counts_bets=True).most
        Decimal('0.00')
        """
        if not self.counts_bets:
            return self.left
        return Decimal("Infinity") if self.left >= 1 else Decimal("0.00")

    @property
    def percent(self) -> int:
        """Return how much of it is used, from 0 to 100; a bound of nothing is full.

        >>> Room("max_day_share", "all stakes of this day", Decimal(80), Decimal(20)).percent
        25
        """
        return min(100, round(100 * self.used / self.bound)) if self.bound else 100


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is already at stake. Handed in by whoever knows the bets; all in one currency.

    `on_event` and `on_market` are what could be lost there in the scores that lose the next stake
    too (`exposure.OpenStakes`); `personal` is what a person's own limits over time leave.
    """

    equity: Decimal
    free: Decimal
    on_event: Decimal
    today: Decimal
    on_market: Decimal = ZERO
    in_league: Decimal = ZERO
    at_bookmaker: Decimal = ZERO
    open_bets: int = 0
    personal: tuple[Room, ...] = ()


@dataclass(frozen=True, slots=True)
class Breach:
    """One reason against a stake: which rule, in words, what was asked and what it may be."""

    rule: str
    detail: str
    figure: str
    bound: str
    field: str = "stake"


def rooms(*, exposure: Exposure, bounds: Bounds) -> tuple[Room, ...]:
    """Return what each limit leaves, in the order in which they are checked.

    >>> exposure = Exposure(Decimal("1000.00"), Decimal("950.00"), Decimal("25.00"), Decimal("0"))
    >>> [(room.rule, str(room.left)) for room in rooms(exposure=exposure, bounds=Bounds())]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('max_bet_share', '20.00'), ('max_market_share', '30.00'), ('max_event_share', '5.00'),
     ('max_league_share', '500.00'), ('max_bookmaker_share', '500.00'),
     ('max_day_share', '100.00'), ('max_open_bets', '200'), ('free_money', '950.00')]
    """
    shares = (
        ("max_bet_share", "one bet", bounds.max_bet_share, ZERO),
        (
            "max_market_share",
            "all open bets on this market",
            bounds.max_market_share,
            exposure.on_market,
        ),
        (
            "max_event_share",
            "all open bets on this event",
            bounds.max_event_share,
            exposure.on_event,
        ),
        (
            "max_league_share",
            "all open bets in this league",
            bounds.max_league_share,
            exposure.in_league,
        ),
        (
            "max_bookmaker_share",
            "all open bets at this bookmaker",
            bounds.max_bookmaker_share,
            exposure.at_bookmaker,
        ),
        ("max_day_share", "all stakes of this day", bounds.max_day_share, exposure.today),
    )
    return (
        *(
            Room(rule, title, down_to_cents(exposure.equity * share), used)
            for rule, title, share, used in shares
        ),
        Room(
            "max_open_bets",
            "open bets",
            Decimal(bounds.max_open_bets),
            Decimal(exposure.open_bets),
            counts_bets=True,
        ),
        Room("free_money", "free money", exposure.free, ZERO),
        *exposure.personal,
    )


def most_now(left: tuple[Room, ...]) -> Decimal:
    """Return the most that one more bet may have under all of these."""
    return min(room.most for room in left)


def over_room(room: Room, *, stake: Decimal, remedy: str = "") -> Breach | None:
    """Return the breach of one limit by a stake, None where it keeps to it.

    >>> room = Room("max_open_bets", "open bets", Decimal(2), Decimal(2), counts_bets=True)
    >>> over_room(room, stake=Decimal("5.00")).detail
    '2 of 2 open bets: one more is over; wait until some are settled.'
    """
    if stake <= room.most:
        return None
    if room.counts_bets:
        return Breach(
            rule=room.rule,
            detail=f"{room.used} of {room.bound} {room.title}: one more is over; "
            "wait until some are settled.",
            figure=str(room.used + 1),
            bound=str(room.bound),
        )
    return Breach(
        rule=room.rule,
        detail=f"Stake {stake} is over what is left for {room.title}: "
        f"{room.left} of {room.bound}{f' ({remedy})' if remedy else ''}.",
        figure=str(stake + room.used),
        bound=str(room.bound),
    )


def share_units(share: Decimal) -> int:
    """Return a four-place share as whole ten-thousandths.

    >>> share_units(Decimal("0.0250"))
    250
    """
    return int(share * SHARE_UNITS)


@cache
def _whole(bounds: Bounds) -> tuple[tuple[int, ...], int]:
    """Return the shares in units, in the order of `trim_slate`, and the smallest stake in cents."""
    shares = (
        bounds.max_bet_share,
        bounds.max_market_share,
        bounds.max_event_share,
        bounds.max_league_share,
        bounds.max_bookmaker_share,
        bounds.max_day_share,
    )
    return tuple(map(share_units, shares)), int(bounds.min_stake * 100)


def trim_slate(
    *,
    asked: Sequence[int],
    on: Sequence[On],
    held: OpenStakes,
    equity: int,
    free: int,
    today: int,
    bounds: Bounds,
    rounding: str = "cents",
) -> list[int]:
    """Take stakes one after the other as far as the limits leave, in whole cents; return them.

    As if `rooms` were asked before each bet of a slate and the least of them staked, rounded as
    `rounding` says: what is `asked` and what each is `on` are in the order of placing. What is
    taken is added to `held`. A stake trimmed below the minimum is not placed.
    """
    shares, least = _whole(bounds)
    bet, market, event, league, bookmaker, day = (equity * each // SHARE_UNITS for each in shares)
    budget = min(day - today, free)
    # What a stake may be where nothing else is on its event.
    alone = min(bet, market, event)
    to_the_cent = rounding == "cents"
    by_event, by_league, by_bookmaker = held.by_event, held.by_league, held.by_bookmaker
    taken = []
    # Each stake depends on those before it, and a moment has a handful: no array is faster.
    for wanted, place in zip(asked, on, strict=True):
        if budget < least:
            # Whatever else they are on: most of a day's bets come after its limit is reached.
            break
        if wanted < least:
            taken.append(0)
            continue
        stake = min(
            wanted,
            alone,
            budget,
            league - by_league[place.league],
            bookmaker - by_bookmaker[place.bookmaker],
        )
        if place.event in by_event:
            used = held.used(place)
            stake = min(stake, market - used.market, event - used.event)
        if not to_the_cent:
            stake = rounded_down(stake, rounding)
        if stake < least or held.count >= bounds.max_open_bets:
            stake = 0
        else:
            held.add(place, stake)
            budget -= stake
        taken.append(stake)
    return taken + [0] * (len(asked) - len(taken))
