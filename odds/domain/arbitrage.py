"""Markets whose best prices together leave no margin, or next to none.

With net prices p (after commission) the *hold* of a market is 1 - 1 / sum(1 / p): what one who
takes every outcome loses for certain, as a share of the outlay. Below zero it is an arbitrage.
On a whole line (-6) the score between the two returns both stakes, on a quarter line half of them:
that score earns as much less of the profit, and `comes_back` says so. docs/algorithms/scanner.md
has worked tables.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal

import numpy as np

from odds.domain.lines import comes_back
from odds.domain.scan import (
    Gates,
    Leg,
    ages,
    best_rows,
    doubts,
    groups,
    is_whole_market,
    legs_of,
    markets_with_draw,
    net_prices,
    offered,
)
from odds.domain.table import QuoteTable, line_codes

CENT = Decimal("0.01")
DRAW_NO_BET = "draw_no_bet"


@dataclass(frozen=True, slots=True)
class BestBook:
    """The best price of every outcome of one market and line, at whatever bookmaker.

    `profit` is what equal payouts earn per unit of outlay, below zero a loss; `comes_back` the
    share of every stake that a score on the line returns, earning nothing (0.0 where no score
    does); `doubts` the quality gates it breaks, in words.
    """

    event_id: int
    market_id: int
    market_key: str
    line: float
    legs: tuple[Leg, ...]
    profit: float
    comes_back: float
    doubts: tuple[str, ...]

    @property
    def hold(self) -> float:
        """Return the certain loss per unit of outlay."""
        return -self.profit

    @property
    def oldest_age(self) -> float:
        """Return the age of the leg seen longest ago, in minutes."""
        return max(each.age for each in self.legs)


@dataclass(frozen=True, slots=True)
class Stakes:
    """What to put on each leg, to the unit, and what is certain then."""

    stakes: tuple[Decimal, ...]
    outlay: Decimal
    payouts: tuple[Decimal, ...]
    profit: Decimal


def best_books(table: QuoteTable, *, at: np.datetime64, gates: Gates) -> list[BestBook]:
    """Return every market and line of which all outcomes are offered, highest profit first.

    Whether the draw is an outcome is decided by anybody offering it, stale or not: two legs of a
    three-way market are no arbitrage.
    """
    with_draw = markets_with_draw(table)
    usable = offered(table, at=at)
    net, age = net_prices(usable), ages(usable, at=at)
    rows = best_rows(usable, net)
    every = legs_of(usable, net, age, rows)
    found = []
    for members in groups(usable.market_id[rows], line_codes(usable.line[rows])):
        first = int(rows[members[0]])
        legs = tuple(every[place] for place in members.tolist())
        market_id = int(usable.market_id[first])
        if not is_whole_market([each.side for each in legs], market_id in with_draw):
            continue
        profit = 1.0 / sum(1.0 / each.net for each in legs) - 1.0
        line, market_key = legs[0].line, str(usable.market_key[first])
        found.append(
            BestBook(
                event_id=int(usable.event_id[first]),
                market_id=market_id,
                market_key=market_key,
                line=line,
                legs=legs,
                profit=profit,
                comes_back=1.0 if market_key == DRAW_NO_BET else comes_back(line),
                doubts=doubts(legs, profit, gates),
            )
        )
    return sorted(found, key=lambda each: (-each.profit, each.market_id, each.line))


def arbitrages(books: Sequence[BestBook]) -> list[BestBook]:
    """Return those of `best_books` that earn whatever happens."""
    return [each for each in books if each.profit > 0.0]


def low_holds(books: Sequence[BestBook], *, at_most: float = 0.02) -> list[BestBook]:
    """Return those of `best_books` that lose at most so much, and are no arbitrage."""
    return [each for each in books if -at_most <= each.profit <= 0.0]


def stakes_for(
    prices: Sequence[Decimal],
    commissions: Sequence[Decimal],
    *,
    outlay: Decimal,
    unit: Decimal = CENT,
) -> Stakes:
    """Return stakes in whole units, of at most `outlay` together, with the best worst outcome.

    Each leg's equal-payout stake is rounded down or up, in every combination that the outlay
    allows; the one with the highest certain profit is taken, the smaller outlay on a tie. Payouts
    are after commission, rounded down to cents.

    Raises:
        ValueError: if the unit or the outlay is not above zero, or a stake would be nothing.

    >>> found = stakes_for([Decimal("2.10"), Decimal("2.05")], [Decimal(0)] * 2,
    ...                    outlay=Decimal(100), unit=Decimal(1))
    >>> found.stakes, found.payouts, found.profit
    ((Decimal('49'), Decimal('50')), (Decimal('102.90'), Decimal('102.50')), Decimal('3.50'))
    """
    if unit <= 0 or outlay <= 0:
        raise ValueError(f"unit and outlay must be above zero, not {unit} and {outlay}")
    net = [1 + (price - 1) * (1 - share) for price, share in zip(prices, commissions, strict=True)]
    total = sum((1 / each for each in net), Decimal(0))
    downs = [(outlay / each / total / unit).to_integral_value(ROUND_FLOOR) * unit for each in net]
    best: Stakes | None = None
    for steps in itertools.product((Decimal(0), unit), repeat=len(net)):
        stakes = tuple(down + step for down, step in zip(downs, steps, strict=True))
        if min(stakes) <= 0 or sum(stakes) > outlay:
            continue
        payouts = tuple(
            (stake * each).quantize(CENT, ROUND_DOWN)
            for stake, each in zip(stakes, net, strict=True)
        )
        spent = sum(stakes, Decimal(0))
        found = Stakes(stakes, spent, payouts, min(payouts) - spent)
        if best is None or (found.profit, -found.outlay) > (best.profit, -best.outlay):
            best = found
    if best is None:
        raise ValueError(f"an outlay of {outlay} leaves a leg without a stake of {unit}")
    return best
