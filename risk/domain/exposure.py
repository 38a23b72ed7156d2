"""What open stakes can lose at worst, and how much of each limit they use. In whole cents.

Outcomes of one event exclude each other: a stake on home and one on away are never both lost. So
an event's exposure is not the sum of its stakes but the most that they lose together in any one
score. Winnings count for an outcome in which they are certain, rounded down; what is lost is
rounded up. Stakes on different events add up: all of them may go wrong.

The live check and the backtest ask the same object, so they agree to the cent.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

# A price less one in thousandths, times what commission leaves in ten-thousandths.
GAIN_UNITS = 1_000 * 10_000
# The event of a stake on whose event nothing else ever is: it is not kept by event.
ALONE = -1


class On(NamedTuple):
    """What a stake is on: where it counts, and which scores win it.

    `axis` is what decides it: the home margin, the total, or '' where nobody knows; `sign` is 1
    for home and over, -1 for away and under, 0 for the draw. `quarters` is the line from the home
    or over side (home -5.5 is -22, over 2.5 is 10). A moneyline `is_straight`; whether a tie loses
    it or gives it back is `tie_loses`. `gain` is what a cent wins, in GAIN_UNITS.
    """

    event: int
    market: int
    league: int
    bookmaker: int
    axis: str = ""
    sign: int = 1
    quarters: int = 0
    is_straight: bool = False
    tie_loses: bool = True
    gain: int = 0


class Used(NamedTuple):
    """What open stakes use of the limits that the next stake counts to, in cents."""

    market: int
    event: int
    league: int
    bookmaker: int


def decided_by(market_key: str, side: str) -> tuple[str, int, bool]:
    """Return the axis, the sign and whether it is a moneyline; no axis for an unknown market.

    >>> decided_by("spreads", "away"), decided_by("player_points", "over")
    (('margin', -1, False), ('', 1, False))
    """
    sign = {"home": 1, "over": 1, "away": -1, "under": -1}.get(side, 0)
    if market_key == "h2h":
        return "margin", sign, True
    if market_key == "spreads" and sign:
        return "margin", sign, False
    if market_key == "totals" and sign:
        return "total", sign, False
    return "", 1, False


def gain_of(price: Decimal, commission_share: Decimal) -> int:
    """Return what a cent wins at a price, after commission, in GAIN_UNITS.

    >>> gain_of(Decimal("2.500"), Decimal("0.0200"))
    14700000
    """
    return int((price - 1) * 1000) * int((1 - commission_share) * 10_000)


def worst_loss(held: Iterable[tuple[On, int]], lost_with: On | None = None) -> int:
    """Return the most that stakes on one event lose together, in cents, never below zero.

    With `lost_with`, only scores count in which that one loses, too: what is already at risk in
    the scores where a further stake on it would be. Margin and total are taken apart, as if each
    could be its worst whatever the other is: never too little.

    >>> home = On(1, 1, 1, 1, "margin", 1, 0, True, tie_loses=False, gain=10_000_000)
    >>> away = home._replace(sign=-1)
    >>> worst_loss([(home, 2000), (away, 1500)]), worst_loss([(home, 2000)], lost_with=away)
    (500, 0)
    """
    by_axis: dict[str, list[tuple[On, int]]] = {}
    for on, stake in held:
        by_axis.setdefault(on.axis, []).append((on, stake))
    total = sum(stake for _, stake in by_axis.pop("", ()))
    for axis, stakes in by_axis.items():
        given = lost_with if lost_with is not None and lost_with.axis == axis else None
        total += max(
            0,
            *(
                sum(_loss(on, stake, score) for on, stake in stakes)
                for score in _scores(stakes, given)
                if given is None or _ahead(given, score) < 0
            ),
        )
    return total


def _scores(stakes: list[tuple[On, int]], given: On | None) -> set[int]:
    """Return a score from every stretch of scores that decide these alike."""
    found = set()
    for on in (*(on for on, _ in stakes), *((given,) if given else ())):
        line = -on.quarters // 4 if on.axis == "margin" else on.quarters // 4
        found |= {line - 1, line, line + 1, line + 2}
    return found


def _ahead(on: On, score: int) -> int:
    """Return how many quarters of a point ahead of its line a score leaves a stake."""
    if not on.is_straight:
        level = score * 4 + on.quarters if on.axis == "margin" else score * 4 - on.quarters
        return on.sign * level
    if on.sign == 0:
        return -2 if score else 2
    return on.sign * score * 2 if score else -2 * on.tie_loses


def _loss(on: On, stake: int, score: int) -> int:
    ahead = _ahead(on, score)
    if ahead < 0:
        return stake if ahead < -1 else (stake + 1) // 2
    return -(min(ahead, 2) * stake * on.gain // (2 * GAIN_UNITS))


class OpenStakes:
    """The unsettled stakes of one bankroll.

    `by_event` holds what is open on each event, `by_league` and `by_bookmaker` the cents open.
    """

    def __init__(self) -> None:
        self.count = 0
        self.by_event: dict[int, list[tuple[On, int]]] = {}
        self.by_league: defaultdict[int, int] = defaultdict(int)
        self.by_bookmaker: defaultdict[int, int] = defaultdict(int)

    def add(self, on: On, stake: int) -> None:
        """Hold a stake in cents."""
        self.count += 1
        event = on.event
        if event in self.by_event:
            self.by_event[event].append((on, stake))
        elif event != ALONE:
            self.by_event[event] = [(on, stake)]
        self.by_league[on.league] += stake
        self.by_bookmaker[on.bookmaker] += stake

    def remove(self, on: On, stake: int) -> None:
        """Let go of a stake that was added."""
        self.count -= 1
        if on.event != ALONE:
            held = self.by_event[on.event]
            held.remove((on, stake))
            if not held:
                del self.by_event[on.event]
        self.by_league[on.league] -= stake
        self.by_bookmaker[on.bookmaker] -= stake

    def used(self, on: On) -> Used:
        """Return what counts to the limits that a further stake would count to."""
        held = self.by_event.get(on.event)
        market = event = 0
        if held:
            event = worst_loss(held, on)
            market = worst_loss((each for each in held if each[0].market == on.market), on)
        return Used(market, event, self.by_league[on.league], self.by_bookmaker[on.bookmaker])

    def events(self) -> Iterator[tuple[int, int]]:
        """Return each event with what it can lose at worst."""
        for event, held in self.by_event.items():
            yield event, worst_loss(held)

    def markets(self) -> Iterator[tuple[int, int]]:
        """Return each market with what it can lose at worst."""
        for held in self.by_event.values():
            for market in {on.market for on, _ in held}:
                yield market, worst_loss(each for each in held if each[0].market == market)

    def leagues(self) -> Iterator[tuple[int, int]]:
        """Return each league with the stakes open in it."""
        yield from ((key, cents) for key, cents in self.by_league.items() if cents)

    def bookmakers(self) -> Iterator[tuple[int, int]]:
        """Return each bookmaker with the stakes open there."""
        yield from ((key, cents) for key, cents in self.by_bookmaker.items() if cents)
