"""Sports with a law of their own: any table of final scores, and beliefs about it that are fair.

What the score will be is decided by two standard normal fates: one says the home margin, by its
cumulative distribution before any news; the other the total, by its distribution given the margin.
News tells of the fates bit by bit (`market.signal`). Given the news a fate is normal, so the chance
of every score follows exactly, and no belief can be expected to move: what is true at a moment is
the mean of what will be true later.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from odds.simulator import market
from odds.simulator.boards import FloatArray, IntArray
from odds.simulator.noise import normal
from odds.simulator.schedule import starts

_FATE = 61
_NEVER = 1e-300


@dataclass(frozen=True, slots=True)
class Law:
    """How final scores are distributed before any news, for events (n,).

    `margins` (m,) are the margins a score can have, `totals` (m, t) the totals at each margin, in
    rising order; `margin_cut` (n, m + 1) and `total_cut` (n, m, t + 1) are where a standard normal
    fate turns from one to the next.
    """

    margins: IntArray
    totals: IntArray
    margin_cut: FloatArray
    total_cut: FloatArray


def law_of(table: FloatArray, margins: IntArray, totals: IntArray) -> Law:
    """Return the law with these chances, (events, margins, totals); they are scaled to one.

    `totals` has a row a margin.
    """
    of_margin = table.sum(axis=2)
    return Law(margins, totals, _cuts(of_margin), _cuts(table))


def _cuts(chance: FloatArray) -> FloatArray:
    whole = np.maximum(chance.sum(axis=-1, keepdims=True), _NEVER)
    below = np.cumsum(chance / whole, axis=-1)
    nothing = np.zeros_like(below[..., :1])
    cuts = ndtri(np.clip(np.concatenate([nothing, below], axis=-1), 0.0, 1.0))
    # The last sum may miss one by a rounding error; nothing may lie beyond it.
    cuts[..., -1] = np.inf
    return np.asarray(cuts)


@dataclass(frozen=True, slots=True)
class Fates:
    """What is known of both fates: means (n, k) and deviations (n, k) of margin and total."""

    margin: FloatArray
    margin_sd: FloatArray
    total: FloatArray
    total_sd: FloatArray


def fates(
    seed: int, number: IntArray, at: FloatArray, noise: tuple[float, float], error: FloatArray
) -> Fates:
    """Return the fates of events (n,) as they look at moments (n, k) to those who err so.

    `noise` is what no news tells of margin and total, in the unit of news; so is `error` (n, k).
    """
    margin, margin_sd, margin_scale = market.signal(seed, number, at, 1, noise[0])
    total, total_sd, total_scale = market.signal(seed, number, at, 2, noise[1])
    return Fates(
        margin + error / margin_scale[:, None],
        margin_sd,
        total + error / total_scale[:, None],
        total_sd,
    )


def chances(law: Law, known: Fates, column: int) -> FloatArray:
    """Return the chances of all scores, (events, margins, totals), as one column believes."""
    pick = np.s_[:, column, None]
    margin = _between(law.margin_cut, known.margin[pick], known.margin_sd[pick])
    total = _between(law.total_cut, known.total[pick][..., None], known.total_sd[pick][..., None])
    return margin[:, :, None] * total


def _between(cuts: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    return np.asarray(np.diff(ndtr((cuts - mean) / sd), axis=-1))


def final_scores(
    seed: int, number: IntArray, law: Law, noise: tuple[float, float]
) -> tuple[IntArray, IntArray]:
    """Return the results, home first, as the fates decide."""
    known = fates(seed, number, starts(number)[:, None], noise, np.zeros((len(number), 1)))
    margin_fate = known.margin[:, 0] + known.margin_sd[:, 0] * normal(seed, _FATE, 1, number)
    total_fate = known.total[:, 0] + known.total_sd[:, 0] * normal(seed, _FATE, 2, number)
    row = np.arange(len(number))
    place = (law.margin_cut[:, 1:-1] < margin_fate[:, None]).sum(axis=1)
    margin = law.margins[place]
    total = law.totals[place, (law.total_cut[row, place, 1:-1] < total_fate[:, None]).sum(axis=1)]
    return (total + margin) // 2, (total - margin) // 2


def chances_of(table: FloatArray, value: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the chances (events, values) of a whole number that each cell of a table has.

    >>> table = np.array([[[0.5, 0.2], [0.2, 0.1]]])
    >>> chance, values = chances_of(table, np.array([[0, 1], [1, 2]]))
    >>> chance.round(2).tolist(), values.tolist()
    ([[0.5, 0.4, 0.1]], [0, 1, 2])
    """
    values = np.arange(value.min(), value.max() + 1)
    which = (value.reshape(-1, 1) == values).astype(np.float64)
    return table.reshape(len(table), -1) @ which, values


def at_least(
    chance: FloatArray, values: IntArray, line: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the chances (n, k) that a value is above lines (n, k), and that it is on them.

    `chance` is (n, v) or, where it differs by line, (n, k, v).
    """
    by_line = chance if chance.ndim == 3 else chance[:, None, :]
    above = (by_line * (values > line[..., None])).sum(axis=-1)
    return above, (by_line * (values == line[..., None])).sum(axis=-1)
