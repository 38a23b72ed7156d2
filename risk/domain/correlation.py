"""What is taken off stakes that tend to win and lose together.

Outcomes of one market exclude each other and are Kelly's own business (`simultaneous.py`), which
takes different markets for independent. They are not: the spread and the moneyline of one event
are nearly one bet, and what we believe of a team, or of a day, is wrong in several bets at once.

For n alike bets with correlation r the shares that grow fastest are, to second order, 1 / (1 +
(n - 1) r) of those of independent ones, since the variance of their sum is that much larger. Each
bet here is divided by one plus the correlations with the others of its slate; another one that is
smaller than it counts by as much as it is smaller. It is a reduction only, also where one bet
would hedge another, so a slate never stakes more for being correlated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Correlations:
    """How alike two bets are taken to be, from 0 to 1, by the closest of what they share.

    Other markets of one event; other events of a team; other events of a day (UTC).
    """

    event: float = 1.0
    team: float = 0.2
    day: float = 0.02


@dataclass(frozen=True, slots=True)
class Ties:
    """What the bets of slates share, all columns (n,); without teams nobody shares one."""

    slate: IntArray
    market: IntArray
    event: IntArray
    day: IntArray
    home: IntArray | None = None
    away: IntArray | None = None


# Terms (slates x bets x bets) worked on at once.
AT_ONCE = 1 << 18


def kept_parts(
    share: FloatArray, probability: FloatArray, price: FloatArray, ties: Ties, by: Correlations
) -> FloatArray:
    """Return the part of each share that is left for its correlation with the others. Shape (n,).

    `share` is full Kelly (0: not bet on, and no company to others), `price` net of commission.
    A slate gets the same bits whatever other slates it is computed with.

    >>> two = np.array([0.1, 0.1]), np.array([0.55, 0.55]), np.array([2.0, 2.0])
    >>> one = np.array([1, 1])
    >>> ties = Ties(slate=one, market=np.array([1, 2]), event=one, day=one)
    >>> kept_parts(*two, ties, Correlations()).tolist()
    [0.5, 0.5]
    """
    kept = np.ones(len(share))
    rows = np.flatnonzero(share > 0.0)
    if len(rows) == 0 or not max(by.event, by.team, by.day) > 0.0:
        return kept
    rows = rows[np.lexsort((rows, ties.slate[rows]))]
    slate = ties.slate[rows]
    first = np.flatnonzero(np.concatenate([[True], slate[1:] != slate[:-1]]))
    size = np.diff(np.append(first, len(rows)))
    # How much of the bankroll each swings by: the standard deviation of what it earns.
    p = np.clip(probability[rows], 0.0, 1.0)
    swing = np.zeros(len(share))
    swing[rows] = share[rows] * price[rows] * np.sqrt(p * (1.0 - p))
    for n in np.unique(size[size > 1]).tolist():
        starts = first[size == n]
        for part in np.array_split(starts, -(-len(starts) * n * n // AT_ONCE)):
            at = rows[part[:, None] + np.arange(n)]
            kept[at] = 1.0 / (1.0 + _company(at, swing[at], ties, by))
    return kept


def _company(at: IntArray, swing: FloatArray, ties: Ties, by: Correlations) -> FloatArray:
    """Return per bet (s, n) the correlations with the others of its slate, added up."""

    def shared(one: IntArray, other: IntArray) -> BoolArray:
        return np.asarray(one[at][:, :, None] == other[at][:, None, :])

    alike = by.day * shared(ties.day, ties.day)
    if ties.home is not None and ties.away is not None:
        sides = (ties.home, ties.away)
        team = np.logical_or.reduce([shared(one, other) for one in sides for other in sides])
        alike = np.where(team, np.maximum(alike, by.team), alike)
    alike = np.where(shared(ties.event, ties.event), np.maximum(alike, by.event), alike)
    alike = np.where(shared(ties.market, ties.market), 0.0, alike)
    # A sure thing swings by nothing, and is no company.
    weight = np.minimum(1.0, swing[:, None, :] / np.maximum(swing, 1e-300)[:, :, None])
    return np.asarray((alike * weight).sum(axis=2), dtype=np.float64)
