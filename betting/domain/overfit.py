"""What is left of a result that was the best of many, and how likely it was the best by chance.

Searching is free and looks like skill: the best of a hundred worthless strategies earned well. So
a sweep's best is shown beside what the best of as many trials shows without any skill, and its rank
is tried on the parts of the past that it was not chosen on. docs/algorithms/overfit.md.
"""

from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from betting.domain.luck import TWO_SIDED, Interval, bets_needed
from models_registry.domain.holdout import expected_best
from odds.domain.table import FloatArray, IntArray

# Stretches that the past is cut into: 70 ways to choose half of eight.
STRETCHES = 8
FEWEST_PERIODS = 2
# Below this what is left of a result is not told from nothing.
SURE = 0.975


@dataclass(frozen=True, slots=True)
class Deflated:
    """A figure that was the best of `tries`: what chance alone shows, and what is left.

    `probability` is how likely the true figure is above what chance shows.
    """

    value: float
    tries: int
    by_chance: float
    left: float
    probability: float

    @property
    def sentence(self) -> str:
        """Return what may be concluded, in words."""
        shows = f"The best of {self.tries:,} trials shows {self.by_chance:+.1%} by chance alone"
        if self.tries < 2:
            return f"{self.value:+.1%}, and nothing else was tried."
        if self.left <= 0:
            return f"{shows}: {self.value:+.1%} is no more than that."
        return f"{shows}: of {self.value:+.1%}, {self.left:+.1%} is left."


def deflated_yield(value: float, error: float, tries: int) -> Deflated:
    """Return a yield less what the best of so many trials earns by chance.

    `error` is the standard error of the yield. Trials alike are fewer than they are counted, so
    what is left is not flattered; without a usable error nothing is.

    >>> done = deflated_yield(0.05, 0.02, 100)
    >>> round(done.by_chance, 4), round(done.left, 4)
    (0.0506, -0.0006)
    >>> done.sentence
    'The best of 100 trials shows +5.1% by chance alone: +5.0% is no more than that.'
    """
    if not (np.isfinite(error) and error > 0.0):
        return Deflated(value, tries, float("inf"), float("-inf"), 0.0)
    by_chance = error * expected_best(tries)
    left = value - by_chance
    return Deflated(value, tries, by_chance, left, NormalDist().cdf(left / error))


def deflated_sharpe(returns: FloatArray, tried: FloatArray) -> float | None:
    """Return how likely the true Sharpe ratio is above that of the best of all tried, by chance.

    `returns` (n,) are those of the one chosen, `tried` (m,) the Sharpe ratios per period of all,
    the chosen one among them. Skewed and heavy-tailed returns count for what they are. None where
    there is nothing to judge by.

    Bailey and Lopez de Prado (2014), "The Deflated Sharpe Ratio", eq. 2 and 6.
    """
    n, spread = len(returns), float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    if spread <= 0.0:
        return None
    ratio = float(returns.mean()) / spread
    z = (returns - returns.mean()) / returns.std()
    skew, tails = float((z**3).mean()), float((z**4).mean())
    by_chance = float(tried.std(ddof=1)) * expected_best(len(tried)) if len(tried) > 1 else 0.0
    doubt = 1.0 - skew * ratio + (tails - 1.0) / 4.0 * ratio**2
    if doubt <= 0.0:
        return None
    return NormalDist().cdf((ratio - by_chance) * np.sqrt((n - 1) / doubt))


@dataclass(frozen=True, slots=True)
class Overfit:
    """How the best in one half of the past did in the other, over all ways to halve it.

    `probability` is the part of halvings in which the best of one half was in the lower half of
    the other: 0.5 where choosing was luck. `inside` and `outside` are its mean yields in the half
    that it was chosen on and in the other; `losing` the part of halvings in which it lost there.
    """

    probability: float
    losing: float
    inside: float
    outside: float
    halvings: int
    tries: int

    @property
    def sentence(self) -> str:
        """Return what may be concluded, in words."""
        said = (
            f"The best of {self.tries:,} in one half of the past earned {self.inside:+.1%} there "
            f"and {self.outside:+.1%} in the other; in {self.probability:.0%} of "
            f"{self.halvings} halvings it was no better than the middle."
        )
        if self.probability >= 0.5:
            return f"{said} Choosing by the past was no better than drawing lots."
        if self.probability >= 0.1:
            return f"{said} Part of what it shows comes from the choosing."
        return f"{said} The choice holds up."


def overfit_of(
    profit: FloatArray, stake: FloatArray, *, stretches: int = STRETCHES
) -> Overfit | None:
    """Return how likely choosing the best of these strategies overfits; None if it cannot be said.

    `profit` and `stake` (periods, tries): what each strategy earned and staked in each period (a
    day, a week), in order of time. The past is cut into an even number of `stretches` of as many
    periods each; every way to take half of them is one halving, and strategies are ranked by yield
    in both. One that staked nothing in a half earned nothing there. Ties share their rank.

    Bailey, Borwein, Lopez de Prado, Zhu (2017), "The Probability of Backtest Overfitting":
    combinatorially symmetric cross-validation.
    """
    periods, tries = profit.shape
    stretches = min(stretches, periods) // 2 * 2
    if tries < 2 or stretches < FEWEST_PERIODS or not stake.any():
        return None
    cut = np.arange(periods) * stretches // periods
    earned, staked = (_by_stretch(cut, values, stretches) for values in (profit, stake))
    half = [list(each) for each in combinations(range(stretches), stretches // 2)]
    inside = _yields(earned, staked, half)
    # Halvings come in pairs that swap: what is left out of one is the other.
    outside = inside[::-1]
    best = inside.argmax(axis=1)
    row = np.arange(len(half))
    there = outside[row, best]
    level = (outside == there[:, None]).sum(axis=1) - 1
    below = (outside < there[:, None]).sum(axis=1) + level / 2
    rank = (below + 1.0) / (tries + 1.0)
    return Overfit(
        probability=float((rank <= 0.5).mean()),
        losing=float((there < 0.0).mean()),
        inside=float(inside[row, best].mean()),
        outside=float(there.mean()),
        halvings=len(half),
        tries=tries,
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """What the best of many trials is worth, each way of asking; None where it cannot be said.

    `sharpe` is how likely its true Sharpe ratio a week is above what the best of all shows by
    chance; `needed` how many bets would set its yield apart from zero, were it the only try.
    """

    tries: int
    deflated: Deflated | None
    sharpe: float | None
    overfit: Overfit | None
    needed: int | None

    @property
    def sentence(self) -> str:
        """Return what may be concluded, plainly, in one sentence."""
        if self.tries < 2:
            return "Only one was tried: nothing was chosen, so nothing is taken off."
        if self.deflated is None:
            return f"{self.tries:,} were tried, with too few bets to say what the best is worth."
        told = f"{self.tries:,} were tried and the best earned {self.deflated.value:+.1%}"
        if self.deflated.left <= 0:
            return f"{told}, which the best of so many shows by luck alone: nothing is left."
        if self.overfit is not None and self.overfit.probability >= 0.5:
            return (
                f"{told}; what was best in one half of the past was no better than the middle in "
                "the other, so choosing by it was drawing lots."
            )
        left = f"{told}; {self.deflated.left:+.1%} is left after what luck alone shows"
        if self.deflated.probability < SURE:
            return f"{left}, too little to be told from nothing."
        return f"{left}."


def budget_of(
    profit: FloatArray, stake: FloatArray, *, best: int, earned: Interval | None
) -> Budget:
    """Return what the best of these trials is worth, with its yield and interval.

    `profit` and `stake` (weeks, tries): what each earned and staked a week.

    >>> none = np.zeros((4, 2))
    >>> budget_of(none, none, best=0, earned=None).sentence
    '2 were tried, with too few bets to say what the best is worth.'
    """
    tries = profit.shape[1]
    bounded = earned is not None and earned.is_bounded
    error = (earned.high - earned.low) / 2 / TWO_SIDED if earned is not None and bounded else 0.0
    spread = profit.std(axis=0, ddof=1) if len(profit) > 1 else np.zeros(tries)
    ratios = np.divide(profit.mean(axis=0), spread, out=np.zeros(tries), where=spread > 0.0)
    return Budget(
        tries=tries,
        deflated=deflated_yield(earned.value, error, tries) if earned and bounded else None,
        sharpe=deflated_sharpe(profit[:, best], ratios),
        overfit=overfit_of(profit, stake),
        needed=bets_needed(earned) if earned is not None and bounded else None,
    )


def _by_stretch(cut: IntArray, values: FloatArray, stretches: int) -> FloatArray:
    found = np.zeros((stretches, values.shape[1]))
    np.add.at(found, cut, values)
    return found


def _yields(earned: FloatArray, staked: FloatArray, half: list[list[int]]) -> FloatArray:
    """Return the yield of each strategy in each half: shape (halvings, tries)."""
    profit = np.stack([earned[rows].sum(axis=0) for rows in half])
    stake = np.stack([staked[rows].sum(axis=0) for rows in half])
    found = np.divide(profit, stake, out=np.zeros(profit.shape), where=stake > 0.0)
    return np.asarray(found, dtype=np.float64)
