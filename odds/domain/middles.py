"""Middles: two bets on the two sides of one market at different lines, which may both win.

Home -4.5 at one bookmaker and away +6.5 at another: a home win by 5 or 6 wins both. With stakes
for equal payouts R (per unit of outlay), a miss costs 1 - R and a hit earns 2 R - 1, so it pays if
hit more often than (1 - R) / R. How often that is, a bookmaker who prices both lines says: what is
above the one and not above the other is the chance of the scores between. Those are taken for
equally likely, so that whole and quarter lines, which return stakes on a score of their own, are
counted too. Two bookmakers who each stand on one of the lines say nothing of the kind: each has put
its line where it thinks that the chances are even. docs/algorithms/scanner.md has a worked table.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from odds.domain.consensus import heard, probability_by_book
from odds.domain.lines import settled_halves, wins_wholly_above
from odds.domain.scan import (
    Gates,
    Leg,
    ages,
    best_rows,
    doubts,
    groups,
    legs_of,
    net_prices,
    offered,
)
from odds.domain.table import QuoteTable

# The side that gives points away (or asks for more of them), and the side that gets them.
PAIRS = (("home", "away"), ("over", "under"))


@dataclass(frozen=True, slots=True)
class Middle:
    """Two legs that both win if the score falls strictly between `from_score` and `to_score`.

    Scores are home margins in a spread market, totals otherwise. `cost` is lost per unit of outlay
    on a miss (below zero: an arbitrage on its own), `gain` earned on a hit. `hit_probability` and
    `expected`, the profit per unit of outlay on average, are None where no bookmaker prices both
    sides of both lines; then only `width` is known.
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
    expected: float | None
    doubts: tuple[str, ...]

    @property
    def width(self) -> float:
        """Return how many points lie between the two lines."""
        return self.to_score - self.from_score

    @property
    def oldest_age(self) -> float:
        """Return the age of the leg seen longest ago, in minutes."""
        return max(each.age for each in self.legs)


def middles(
    table: QuoteTable,
    *,
    at: np.datetime64,
    gates: Gates,
    method: str,
    max_cost: float = 0.05,
) -> list[Middle]:
    """Return the middles of a slate that cost at most `max_cost`, the most promising first.

    Every pair of lines counts once, with the best net price on either side. `method` takes the
    margin out, for the chance of a hit, as in `probability_by_book`.
    """
    usable = offered(table, at=at)
    usable = usable.where(~np.isnan(usable.line))
    net, age = net_prices(usable), ages(usable, at=at)
    opinions = _opinions(usable, method)
    rows = best_rows(usable, net)
    every = legs_of(usable, net, age, rows)
    found = []
    for members in groups(usable.market_id[rows], np.zeros(len(rows), dtype=np.int64)):
        legs = [every[place] for place in members.tolist()]
        place = int(rows[members][0])
        for giving, getting in PAIRS:
            for first in (each for each in legs if each.side == giving):
                for second in (each for each in legs if each.side == getting):
                    span = _span(first, second)
                    cost = 1.0 - 1.0 / (1.0 / first.net + 1.0 / second.net)
                    if span is None or cost > max_cost:
                        continue
                    payout = 1.0 - cost
                    hit, expected = _worth(first, second, span, opinions)
                    found.append(
                        Middle(
                            event_id=int(usable.event_id[place]),
                            market_id=int(usable.market_id[place]),
                            market_key=str(usable.market_key[place]),
                            legs=(first, second),
                            from_score=span[0],
                            to_score=span[1],
                            cost=cost,
                            gain=2.0 * payout - 1.0,
                            break_even=cost / payout,
                            hit_probability=hit,
                            expected=expected,
                            doubts=doubts((first, second), -cost, gates),
                        )
                    )
    return sorted(found, key=_order)


_Opinions = dict[int, dict[int, tuple[float, float]]]


def _opinions(table: QuoteTable, method: str) -> _Opinions:
    """Return what each book thinks of each selection, and its weight."""
    found: _Opinions = defaultdict(dict)
    by_book = probability_by_book(table, method=method)
    rows = np.flatnonzero(heard(table, by_book))
    columns = (table.selection_id, table.bookmaker_id, by_book, table.weight)
    for selection, book, chance, weight in zip(
        *(column[rows].tolist() for column in columns), strict=True
    ):
        found[selection][book] = chance, weight
    return found


def _cuts(first: Leg, second: Leg) -> tuple[float, float]:
    """Return where the two lines lie on the axis of scores: first wins above, second below."""
    # Spread lines are the home side's: it wins above -line, the away side below its own -line.
    sign = -1.0 if first.side == "home" else 1.0
    return sign * first.line, sign * second.line


def _span(first: Leg, second: Leg) -> tuple[float, float] | None:
    """Return the open interval of scores in which both win, or None where there is no score."""
    low, high = _cuts(first, second)
    low, high = wins_wholly_above(low), -wins_wholly_above(-high)
    # Some whole number must lie strictly inside: 4.5 to 5 holds none.
    return (low, high) if floor(low) + 1 < high else None


def _worth(
    first: Leg, second: Leg, span: tuple[float, float], opinions: _Opinions
) -> tuple[float | None, float | None]:
    """Return the chance that both win, and the expected profit per unit of outlay.

    With p and q the chances of the stake that is decided, by the books that price both lines, a
    the chance of a score above both, b of one below and d of each of the n on or between them,
    a + b + n d = 1; and the share of its stake that the first leg wins, a + d w, is p times the
    share decided, a + b + d (w + l). So for the second from below. That leaves one equation for d.
    """
    one, other = opinions.get(first.selection_id, {}), opinions.get(second.selection_id, {})
    both = one.keys() & other.keys()
    if not both:
        return None, None
    weight = sum(one[book][1] for book in both)
    p, q = (sum(of[book][0] * of[book][1] for book in both) / weight for of in (one, other))
    low, high = _cuts(first, second)
    scores = np.arange(ceil(low - 0.25), floor(high + 0.25) + 1)
    won, lost = settled_halves(4 * scores - round(4 * low))
    also_won, also_lost = settled_halves(round(4 * high) - 4 * scores)
    # What of each leg's stake every score decides, and what of it is won; per unit of d.
    decided, also_decided = (won + lost).sum() / 2.0, (also_won + also_lost).sum() / 2.0
    win, also_win = won.sum() / 2.0, also_won.sum() / 2.0
    count = len(scores)
    for_first = win + p * (count - decided)
    for_second = also_win + q * (count - also_decided)
    # Below zero a book contradicts itself: by it no score lies between.
    each = max((p + q - 1.0) / (for_first + for_second - count), 0.0)
    payout = 1.0 / (1.0 / first.net + 1.0 / second.net)
    returned = payout * (won + also_won) / 2.0
    for this_won, this_lost, net in ((won, lost, first.net), (also_won, also_lost, second.net)):
        returned = returned + payout / net * (1.0 - (this_won + this_lost) / 2.0)
    inside = (scores > span[0]) & (scores < span[1])
    expected = (1.0 - count * each) * payout + each * returned.sum() - 1.0
    return float(each * inside.sum()), float(expected)


def _order(each: Middle) -> tuple[float, float, int, float]:
    return (
        -(each.expected if each.expected is not None else -each.cost),
        -each.width,
        each.market_id,
        each.from_score,
    )
