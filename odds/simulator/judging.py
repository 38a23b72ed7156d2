"""How far a fair price is from the truth: errors with their bands, slope, bins.

The simulator knows each selection's true probability, so a fair price can be judged without
waiting for results: its error is seen itself, not through the noise of who won.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.consensus import Consensus
from odds.domain.table import FloatArray, IntArray
from odds.simulator.slates import TrueSlate

# The share of a normal distribution within the band that is shown: 99.9 %, for there are many.
Z = 3.29
_FIRST_SIDES = ("home", "over")
Bin = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is true of many fair probabilities beside the true ones.

    Of each market one side is judged (the others follow from it). `mean` and `mean_error` are the
    mean of fair minus true and its standard error, events being independent. `slope` and
    `intercept` are of the true log-odds on the fair ones. `bins` has, for each tenth of the fair
    probabilities, their mean, the mean error and its standard error. `covered` is the share of
    true probabilities within the low and high that the engine itself states (one standard error).
    """

    count: int
    mean: float
    mean_error: float
    spread: float
    slope: float
    intercept: float
    covered: float
    half_width: float
    bins: tuple[Bin, ...]

    @property
    def worst_bin(self) -> float:
        """Return the largest mean error of any tenth, in probability."""
        return max(abs(error) for _, error, _ in self.bins)


def judge(opinion: Consensus, slate: TrueSlate, market_key: str) -> Judgement:
    """Compare a consensus of the slate's quotes with the truth, in one market.

    Raises:
        ValueError: if the market has fewer than a hundred selections.
    """
    rows = np.flatnonzero((opinion.market_key == market_key) & np.isin(opinion.side, _FIRST_SIDES))
    if len(rows) < 100:
        raise ValueError(f"{market_key}: {len(rows)} selections are too few to judge")
    fair, true = opinion.probability[rows], truth_of(opinion, slate)[rows]
    error = fair - true
    slope, intercept = np.polyfit(_log_odds(fair), _log_odds(true), 1)
    inside = (opinion.low[rows] <= true) & (true <= opinion.high[rows])
    return Judgement(
        count=len(rows),
        mean=float(error.mean()),
        mean_error=clustered_error(error, opinion.event_id[rows]),
        spread=float(error.std()),
        slope=float(slope),
        intercept=float(intercept),
        covered=float(inside.mean()),
        half_width=float((opinion.high[rows] - opinion.low[rows]).mean() / 2),
        bins=tenths(fair, error, opinion.event_id[rows]),
    )


def tenths(fair: FloatArray, error: FloatArray, cluster: IntArray) -> tuple[Bin, ...]:
    """Return, for each tenth of the fair probabilities, their mean, the mean error, its error."""
    return tuple(
        (
            float(fair[part].mean()),
            float(error[part].mean()),
            clustered_error(error[part], cluster[part]),
        )
        for part in np.array_split(np.argsort(fair, kind="stable"), 10)
    )


def truth_of(opinion: Consensus, slate: TrueSlate) -> FloatArray:
    """Return the true probability of each of a consensus's selections."""
    selections, first = np.unique(slate.quotes.selection_id, return_index=True)
    return slate.truth[first][np.searchsorted(selections, opinion.selection_id)]


def clustered_error(values: FloatArray, cluster: IntArray) -> float:
    """Return the standard error of a mean of values that go together within clusters.

    >>> clustered_error(np.array([1.0, 1.0, -1.0, -1.0]), np.array([1, 1, 2, 2])).__round__(4)
    0.7071
    """
    _, position = np.unique(cluster, return_inverse=True)
    sums = np.bincount(position, weights=values - values.mean())
    return float(np.sqrt((sums**2).sum()) / len(values))


def _log_odds(probability: FloatArray) -> FloatArray:
    return np.log(probability / (1.0 - probability))
