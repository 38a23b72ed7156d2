"""How far a bankroll may fall and rise: Monte Carlo of its path, and Kelly's own formula.

Two futures are drawn. `from_record`: days of the record again and again, in any order, which says
what more of the same would bring. `from_beliefs`: every bet wins as often as was believed, or as
often as its price pays for, which says what the stakes risk if we are right, or if there is
nothing in it. docs/algorithms/ruin.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from betting.domain.record import Record, days_of
from odds.domain.table import FloatArray, IntArray

PATHS = 5_000
SEED = 23
# What a reader is shown of each moment: nine in ten paths lie between the outer two.
LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
# Falls from a peak of which the chance is told.
FALLS = (0.10, 0.20, 0.30, 0.50)
# Points of a path that are kept for a chart.
POINTS = 60
# Bankrolls drawn at once, times days: so many numbers stay in the cache.
AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Ruin:
    """What became of many drawn bankrolls, each beginning with 1.

    `fell` (4,) is the part that at some time lay so far below their peak: FALLS.

    `step` (k,) says after how many days the `band` (k, 5) was read, whose columns are LEVELS.
    `ruined` is the part of paths that ever fell to `floor`, `losing` the part that ended below
    their start; `fall` holds the deepest falls from a peak, and `final` the ends, at LEVELS.
    """

    paths: int
    days: int
    floor: float
    ruined: float
    losing: float
    fall: FloatArray
    fell: FloatArray
    final: FloatArray
    step: IntArray
    band: FloatArray


def daily_returns(record: Record, *, capital: float) -> FloatArray:
    """Return what each day with settled bets earned as a share of the equity it began with: (d,).

    Bets of one day share their luck and their place; a day is drawn whole. Once equity is gone,
    days that follow have no share and are left out.
    """
    if not len(record):
        return np.zeros(0)
    _, place = np.unique(days_of(record.settled_at), return_inverse=True)
    profit = np.bincount(place, weights=record.profit)
    before = capital + np.cumsum(profit) - profit
    alive = np.logical_and.accumulate(before > 0.0)
    return np.asarray(profit[alive] / before[alive], dtype=np.float64)


def from_record(
    record: Record,
    *,
    capital: float,
    days: int | None = None,
    floor: float = 0.5,
    paths: int = PATHS,
    seed: int = SEED,
) -> Ruin | None:
    """Draw bankrolls from the days of a record, with replacement; None without any.

    `days` ahead are as many as the record has unless said. It knows no worse day than the record:
    a short one tells too little of what can happen.
    """
    returns = daily_returns(record, capital=capital)
    if not len(returns):
        return None
    days = days or len(returns)
    rng = np.random.default_rng(seed)
    return _ruin(
        lambda count: returns[rng.integers(0, len(returns), (count, days))],
        days=days,
        floor=floor,
        paths=paths,
    )


def from_beliefs(
    share: FloatArray,
    price: FloatArray,
    probability: FloatArray,
    *,
    floor: float = 0.5,
    paths: int = PATHS,
    seed: int = SEED,
) -> Ruin | None:
    """Draw bankrolls from bets one after the other, each a day of its own; None without any.

    `share` of equity at a net `price` that wins with `probability`, shapes (n,). With 1 / price for
    the probability it says what would happen without any edge.
    """
    rows = (share > 0.0) & (price > 1.0) & np.isfinite(probability)
    share, price, probability = share[rows], price[rows], probability[rows]
    if not len(share):
        return None
    rng = np.random.default_rng(seed)
    return _ruin(
        lambda count: np.where(
            rng.random((count, len(share))) < probability, share * (price - 1.0), -share
        ),
        days=len(share),
        floor=floor,
        paths=paths,
    )


def chance_of_fall(part: float, floor: float) -> float:
    """Return how likely a bankroll staked by a part of Kelly ever falls to a share of its start.

    floor ** (2 / part - 1), for ever, with bets that are small and beliefs that are right (Thorp
    2006, "The Kelly criterion in blackjack, sports betting and the stock market", sec. 7). Twice
    Kelly or more falls to it for sure.

    >>> [round(chance_of_fall(part, 0.5), 4) for part in (0.25, 0.5, 1.0, 2.0)]
    [0.0078, 0.125, 0.5, 1.0]
    """
    if part <= 0.0:
        return 0.0
    return float(min(1.0, floor ** (2.0 / part - 1.0)))


def _ruin(draw: Callable[[int], FloatArray], *, days: int, floor: float, paths: int) -> Ruin:
    """Return what became of paths; `draw` gives the returns (count, days) of some of them."""
    step = np.unique(np.linspace(0, days, min(days, POINTS) + 1).astype(np.int64))
    kept, lowest, deepest = np.empty((paths, len(step))), np.empty(paths), np.empty(paths)
    batch = max(1, AT_ONCE // days)
    for begin in range(0, paths, batch):
        count = min(batch, paths - begin)
        # Nothing is staked any more once nothing is left.
        growth = np.maximum(1.0 + draw(count), 0.0)
        equity = np.concatenate([np.ones((count, 1)), np.cumprod(growth, axis=1)], axis=1)
        rows = slice(begin, begin + count)
        kept[rows] = equity[:, step]
        lowest[rows] = equity.min(axis=1)
        deepest[rows] = (1.0 - equity / np.maximum.accumulate(equity, axis=1)).max(axis=1)
    return Ruin(
        paths=paths,
        days=days,
        floor=floor,
        ruined=float((lowest <= floor).mean()),
        losing=float((kept[:, -1] < 1.0).mean()),
        fall=np.quantile(deepest, LEVELS),
        fell=(deepest[:, None] >= np.array(FALLS) - 1e-12).mean(axis=0),
        final=np.quantile(kept[:, -1], LEVELS),
        step=step,
        band=np.quantile(kept, LEVELS, axis=0).T,
    )
