"""Middles: two bets on the two sides of one market at different lines, which may both win.

Home -4.5 at one bookmaker and away +6.5 at another: a home win by 5 or 6 wins both. With stakes
for equal payouts R (per unit of outlay), a miss costs 1 - R and a hit earns 2 R - 1, so it pays if
hit more often than (1 - R) / R.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from odds.domain.scan import (
    Gates,
    Leg,
    ages,
    best_rows,
    doubts,
    groups,
    leg,
    net_prices,
    offered,
)
from odds.domain.table import QuoteTable

# The side that gives points away (or asks for more of them), and the side that gets them.
PAIRS = (("home", "away"), ("over", "under"))
# Probability that the home margin (or the total) of an event falls between two lines, or None.
Between = Callable[[int, str, float, float], float | None]


@dataclass(frozen=True, slots=True)
class Middle:
    """Two legs that both win if the score falls strictly between `from_score` and `to_score`.

    Scores are home margins in a spread market, totals otherwise. `cost` is lost per unit of outlay
    on a miss (below zero: an arbitrage on its own), `gain` earned on a hit. `hit_probability` is
    None where no score distribution speaks about the event; then only `width` is known.
    """

    event_id: int
    market_id: int
    market_key: str
    legs: tuple[Leg, Leg]
    from_score: float
    to_score: float
    cost: float
    gain: float
    break_even: float
    hit_probability: float | None
    doubts: tuple[str, ...]

    @property
    def width(self) -> float:
        """Return how many points lie between the two lines."""
        return self.to_score - self.from_score

    @property
    def expected(self) -> float | None:
        """Return the expected profit per unit of outlay, where the hit probability is known."""
        if self.hit_probability is None:
            return None
        return self.hit_probability * self.gain - (1.0 - self.hit_probability) * self.cost

    @property
    def oldest_age(self) -> float:
        """Return the age of the leg seen longest ago, in minutes."""
        return max(each.age for each in self.legs)


def middles(
    table: QuoteTable,
    *,
    at: np.datetime64,
    gates: Gates,
    max_cost: float = 0.05,
    between: Between | None = None,
) -> list[Middle]:
    """Return the middles of a slate that cost at most `max_cost`, cheapest to break even first.

    Every pair of lines counts once, with the best net price on either side.
    """
    usable = offered(table, at=at)
    usable = usable.where(~np.isnan(usable.line))
    net, age = net_prices(usable), ages(usable, at=at)
    rows = best_rows(usable, net)
    found = []
    for members in groups(usable.market_id[rows], np.zeros(len(rows), dtype=np.int64)):
        legs = [leg(usable, net, age, int(row)) for row in rows[members]]
        place = int(rows[members][0])
        for giving, getting in PAIRS:
            for first in (each for each in legs if each.side == giving):
                for second in (each for each in legs if each.side == getting):
                    span = _span(first, second)
                    cost = 1.0 - 1.0 / (1.0 / first.net + 1.0 / second.net)
                    if span is None or cost > max_cost:
                        continue
                    event_id, key = int(usable.event_id[place]), str(usable.market_key[place])
                    payout = 1.0 - cost
                    found.append(
                        Middle(
                            event_id=event_id,
                            market_id=int(usable.market_id[place]),
                            market_key=key,
                            legs=(first, second),
                            from_score=span[0],
                            to_score=span[1],
                            cost=cost,
                            gain=2.0 * payout - 1.0,
                            break_even=cost / payout,
                            hit_probability=between(event_id, key, *span) if between else None,
                            doubts=doubts((first, second), -cost, gates),
                        )
                    )
    return sorted(found, key=_order)


def _span(first: Leg, second: Leg) -> tuple[float, float] | None:
    """Return the open interval of scores in which both win, or None where there is no score."""
    # Spread lines are the home side's: it wins above -line, the away side below its own -line.
    sign = -1.0 if first.side == "home" else 1.0
    low, high = sign * first.line, sign * second.line
    # Some whole number must lie strictly inside: 4.5 to 5 holds none.
    return (low, high) if np.floor(low) + 1.0 < high else None


def _order(each: Middle) -> tuple[float, float, int, float]:
    expected = each.expected
    return (
        -(expected if expected is not None else -each.cost),
        -each.width,
        each.market_id,
        each.from_score,
    )
