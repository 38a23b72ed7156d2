"""What a backtest's profit leans on: one bookmaker, and whether its prices stand apart.

A price in an archive may have been late or mistaken when it was written down: it looks like an edge
and nobody could have had it. Such a book is taken again and again, its prices scatter further round
the consensus than other books' do, and much of the profit is its own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from odds.domain.table import FloatArray, TextArray

# Most of the profit: more than half.
MOST = 0.5
# Fewer bets than this lean on something by chance; fewer prices say nothing of their spread.
FEWEST_BETS, FEWEST_PRICES = 30, 100
# Among fewer books none stands apart.
FEWEST_BOOKS = 3
# A median distance from n normal prices is off by 1.17 / sqrt(n) of itself, the ratio of two of
# them by 1.65 / sqrt(n). One of many books is always the widest: three times that is no chance.
SURE = 3 * 1.65


@dataclass(frozen=True, slots=True)
class Leaning:
    """A bookmaker with most of the profit: `share` of it, by so many bets; the `rest` earned.

    `scatter` is how many times as far its prices scatter round the consensus as the median of the
    other books' do, where that is wider than any other by more than chance; else None.
    """

    bookmaker: str
    share: float
    bets: int
    of_bets: int
    rest: float
    scatter: float | None

    @property
    def sentence(self) -> str:
        """Return it in plain words."""
        sign = "+" if self.rest >= 0 else "\N{MINUS SIGN}"
        part = "All" if self.share >= 1.0 else f"{self.share * 100:.0f} %"
        said = (
            f"{part} of the profit is of {self.bets:,} of the {self.of_bets:,} bets, those at "
            f"{self.bookmaker}; without them {sign}{abs(self.rest):,.2f} is left."
        )
        if self.scatter is None:
            return said
        return (
            f"{said} Of all books its prices scatter widest round the consensus, "
            f"{self.scatter:.1f} times as far as the others' do: late or mistaken prices look like "
            "that, and live they may not be had."
        )


class Scatter(NamedTuple):
    """How far a book's prices lie from fair ones, in the median, and how many they are."""

    far: float
    prices: int


def scatter_of(
    bookmaker: TextArray, price: FloatArray, probability: FloatArray
) -> dict[str, Scatter]:
    """Return by bookmaker how far its prices scatter round fair ones, its margin aside.

    The median distance of log(price x probability) from its own median, of at least
    `FEWEST_PRICES`; `probability` is the consensus, NaN where there is none. Shapes (n,).

    >>> price = np.array([2.2, 1.8] * 50)
    >>> found = scatter_of(np.full(100, "a"), price, np.full(100, 0.5))["a"]
    >>> round(found.far, 3), found.prices
    (0.1, 100)
    """
    known = np.isfinite(probability) & (probability > 0.0)
    off = np.log(price[known] * probability[known])
    books, of, count = np.unique(bookmaker[known], return_inverse=True, return_counts=True)
    found = {}
    for place in np.flatnonzero(count >= FEWEST_PRICES):
        own = off[of == place]
        far = float(np.median(np.abs(own - np.median(own))))
        found[str(books[place])] = Scatter(far, len(own))
    return found


def leaning_of(
    bookmaker: TextArray, profit: FloatArray, scatter: dict[str, Scatter]
) -> Leaning | None:
    """Return which bookmaker most of a profit is of; None where none is, or there is no profit.

    `bookmaker` and `profit` are of the bets (m,), `scatter` as `scatter_of` of all prices.
    """
    total = float(profit.sum())
    if len(profit) < FEWEST_BETS or total <= 0.0 or len(scatter) < FEWEST_BOOKS:
        return None
    books, of, count = np.unique(bookmaker, return_inverse=True, return_counts=True)
    earned = np.bincount(of, weights=profit)
    most = int(earned.argmax())
    if earned[most] <= MOST * total:
        return None
    name = str(books[most])
    return Leaning(
        bookmaker=name,
        share=float(earned[most] / total),
        bets=int(count[most]),
        of_bets=len(profit),
        rest=total - float(earned[most]),
        scatter=_apart(name, scatter),
    )


def _apart(bookmaker: str, scatter: dict[str, Scatter]) -> float | None:
    """Return how many times as far a book's prices lie as the others', if that is no chance."""
    own = scatter.get(bookmaker)
    others = [each for book, each in scatter.items() if book != bookmaker]
    next_widest = max(others)
    if own is None or next_widest.far <= 0.0:
        return None
    if own.far / next_widest.far <= 1.0 + SURE / min(own.prices, next_widest.prices) ** 0.5:
        return None
    return own.far / float(np.median([each.far for each in others]))
