"""Making probabilities mean what they say, on predictions made out of fold."""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray
from models_registry.domain.logistic import fit_logistic, log_odds_of, probability_of
from models_registry.domain.metrics import calibration_curve, losses

# With fewer games a fitted slope is noise; the log odds are left as they are.
FEWEST_GAMES = 300


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's map of log odds: intercept + slope x log odds (Platt 1999)."""

    intercept: float = 0.0
    slope: float = 1.0

    def apply(self, log_odds: FloatArray) -> FloatArray:
        """Return probabilities.

        >>> Calibration(slope=0.5).apply(np.array([2.0])).round(4)
        array([0.7311])
        """
        return probability_of(self.intercept + self.slope * log_odds)


def fit_calibration(log_odds: FloatArray, happened: BoolArray) -> Calibration:
    """Return the map that fits out-of-fold log odds best; the identity below 300 games.

    Never give it log odds of games the learner was fitted on: they are too sure of themselves,
    and the map would keep them so.
    """
    if len(log_odds) < FEWEST_GAMES:
        return Calibration()
    intercept, slope = fit_logistic(log_odds[:, None], happened, ridge=1e-6)
    return Calibration(float(intercept), float(slope))


def best_weight(
    first: FloatArray, second: FloatArray, happened: BoolArray, *, steps: int = 10
) -> float:
    """Return the share of `first` in the mean of two out-of-fold log odds that loses least.

    Shares go from 0 to 1 in so many steps; the smallest wins a tie, so the second is the one to
    beat. Zero below 300 games.

    >>> first, second = np.full(400, 1.0), np.full(400, 0.0)
    >>> best_weight(first, second, np.full(400, True))
    1.0
    """
    if len(first) < FEWEST_GAMES:
        return 0.0
    lost = [
        float(losses(probability_of(share * first + (1 - share) * second), happened).mean())
        for share in (step / steps for step in range(steps + 1))
    ]
    return int(np.argmin(lost)) / steps


def earned_share(
    first: FloatArray, second: FloatArray, happened: BoolArray, *, steps: int = 100
) -> float:
    """Return the smallest share of `first` that is as good as the best, by one standard error.

    The second stands unless the first has earned its say: of all shares, in so many steps from 0
    to 1, the least whose mean log loss exceeds the best one's by no more than the standard error
    of that difference (the one-standard-error rule of Breiman et al. 1984). Zero below 300 games.

    >>> first, second = np.full(400, 1.0), np.full(400, 0.0)
    >>> earned_share(first, second, np.full(400, True), steps=10)
    1.0
    """
    if len(first) < FEWEST_GAMES:
        return 0.0
    shares = np.arange(steps + 1)[:, None] / steps
    lost = losses(probability_of(shares * first + (1 - shares) * second), happened)
    more = lost - lost[int(np.argmin(lost.mean(axis=1)))]
    error = more.std(axis=1, ddof=1) / np.sqrt(len(first))
    return int(np.flatnonzero(more.mean(axis=1) <= error)[0]) / steps


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a record says to believe a model beside the market.

    `weight` is the model's part of the mean of log-odds that would have lost least, out of sample,
    on games whose close is known; `error` one standard error of its own log-odds.
    """

    weight: float
    error: float
    games: int


def earned_trust(model: FloatArray, close: FloatArray, happened: BoolArray) -> Trust:
    """Return how far to believe a model, by its out-of-sample record beside the close.

    Where the close is not known (NaN) the game says nothing about the weight; below 300 that are
    known the weight is 0. The error is how far what was said and what happened lie apart in
    log-odds, over ten bins, each at the far end of its own standard error: few games make it
    large, as they should.

    >>> said = np.tile([0.25, 0.75], 400)
    >>> happened = np.tile([False, False, False, True, True, True, True, False], 100)
    >>> earned_trust(said, np.full(800, 0.5), happened).weight
    0.0
    >>> happened = np.tile([False, True, False, True, False, True, True, False], 100)
    >>> earned_trust(said, np.full(800, 0.5), happened)
    Trust(weight=1.0, error=0.1187, games=800)
    """
    known = np.isfinite(close)
    weight = best_weight(
        log_odds_of(model[known]), log_odds_of(close[known]), happened[known], steps=100
    )
    bins = calibration_curve(model, happened)
    count = np.array([each["count"] for each in bins])
    said = np.array([each["said"] for each in bins])
    # Half a game more on either side, so that a bin in which all or none happened has log-odds.
    seen = (np.array([each["happened"] for each in bins]) * count + 0.5) / (count + 1)
    far = np.abs(log_odds_of(seen) - log_odds_of(said)) + 1 / np.sqrt(count * seen * (1 - seen))
    error = float(np.sqrt((count * far**2).sum() / count.sum()))
    return Trust(weight, round(min(error, 5.0), 4), int(known.sum()))
