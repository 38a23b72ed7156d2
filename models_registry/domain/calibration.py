"""Making probabilities mean what they say, on predictions made out of fold."""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray
from models_registry.domain.logistic import fit_logistic, probability_of
from models_registry.domain.metrics import losses

# With fewer games a fitted slope is noise; the log odds are left as they are.
FEWEST_GAMES = 300
WEIGHTS = tuple(weight / 10 for weight in range(11))


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


def best_weight(first: FloatArray, second: FloatArray, happened: BoolArray) -> float:
    """Return the share of `first` in the mean of two out-of-fold log odds that loses least.

    Shares are tenths; the smallest wins a tie, so the second learner is the one to beat. Zero
    below 300 games.

    >>> first, second = np.full(400, 1.0), np.full(400, 0.0)
    >>> best_weight(first, second, np.full(400, True))
    1.0
    """
    if len(first) < FEWEST_GAMES:
        return 0.0
    lost = [
        float(losses(probability_of(weight * first + (1 - weight) * second), happened).mean())
        for weight in WEIGHTS
    ]
    return WEIGHTS[int(np.argmin(lost))]
