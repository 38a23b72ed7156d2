"""Settled bets as columns: what every figure of performance is made from, live or of the past."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from odds.domain.table import BoolArray, FloatArray, IntArray, TimeArray

DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, slots=True)
class Record:
    """Settled bets in the order of settling, all columns (n,).

    `price` is after commission. `probability` is what was believed, `doubt` how much lower the edge
    is at the low end of what was believed (0 where nobody said), `clv` the closing line value; NaN
    where there is none. `won` is 1, 0, or 0.5 for either half result: they come in pairs, and on
    average half of what was believed came true. NaN for a push or void. `event` is any number that
    names the event: bets on one of them share their luck.
    """

    stake: FloatArray
    profit: FloatArray
    price: FloatArray
    probability: FloatArray
    doubt: FloatArray
    clv: FloatArray
    won: FloatArray
    event: IntArray
    placed_at: TimeArray
    settled_at: TimeArray
    starts_at: TimeArray

    def __len__(self) -> int:
        return len(self.stake)

    def where(self, rows: BoolArray | IntArray) -> Self:
        """Return some of the bets, in the order of `rows`."""
        return type(self)(*(getattr(self, each.name)[rows] for each in fields(self)))

    @property
    def edge(self) -> FloatArray:
        """Return the edge that was believed when each bet was placed; NaN where nobody said."""
        return self.probability * self.price - 1.0


def numbered(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct values in order, and the place of each value among them: (k,) and (n,).

    `np.unique` with its inverse, without sorting where the numbers lie close together, as those of
    a season's events and of all that has few names do.

    >>> [each.tolist() for each in numbered(np.array([7, 5, 7]))]
    [[5, 7], [1, 0, 1]]
    """
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low > 8 * len(values) + 1024:
        return np.unique(values, return_inverse=True)
    is_there = np.zeros(high - low + 1, np.bool_)
    is_there[values - low] = True
    return np.flatnonzero(is_there) + low, (np.cumsum(is_there) - 1)[values - low]


def days_of(moments: TimeArray) -> IntArray:
    """Return the UTC day of each moment, as days since 1970.

    >>> days_of(np.array(["1970-01-03T23:59"], "datetime64[us]")).tolist()
    [2]
    """
    return np.asarray((moments - np.datetime64(0, "us")) // DAY, dtype=np.int64)


def curve_times(record: Record, begins: np.datetime64) -> TimeArray:
    """Return the moments of the points of a curve, (n + 1,): its beginning, then each settlement.

    A curve does not go back: it begins with the first settlement at the latest. Empty without bets.
    """
    if not len(record):
        return record.settled_at
    return np.concatenate([[min(begins, record.settled_at[0])], record.settled_at])
