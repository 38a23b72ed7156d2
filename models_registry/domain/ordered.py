"""Home, draw, away from one number: the plain baseline of competitions in which draws happen."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.logistic import probability_of

FEWEST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Ordered:
    """An ordered logit (McCullagh 1980): log-odds of home are slope x value - draw / 2 + middle.

    Those of home or draw are `draw` higher, so a draw is likeliest where the sides are level.
    """

    slope: float
    middle: float
    draw: float

    def apply(self, values: FloatArray) -> FloatArray:
        """Return the probabilities of home, draw, away, shape (n, 3).

        >>> Ordered(1.0, 0.0, 1.2).apply(np.array([0.0, 1.0])).round(4).tolist()
        [[0.3543, 0.2913, 0.3543], [0.5987, 0.2334, 0.1679]]
        """
        centre = self.slope * values + self.middle
        home = probability_of(centre - self.draw / 2)
        not_away = probability_of(centre + self.draw / 2)
        return np.column_stack([home, not_away - home, 1 - not_away])


def fit_ordered(values: FloatArray, outcome: IntArray) -> Ordered:
    """Return the ordered logit under which outcomes (0 home, 1 draw, 2 away) were likeliest.

    Below 100 events, or where an outcome never happened, what leagues usually show.
    """
    usual = Ordered(1.0, 0.0, 1.2)
    if len(values) < FEWEST_EVENTS or len(np.unique(outcome)) < 3:
        return usual

    def lost(theta: FloatArray) -> float:
        said = Ordered(theta[0], theta[1], float(np.exp(theta[2]))).apply(values)
        return float(-np.log(np.maximum(said[np.arange(len(outcome)), outcome], 1e-12)).mean())

    found = minimize(lost, np.array([usual.slope, 0.0, np.log(usual.draw)]), method="BFGS").x
    slope, middle, log_draw = found.tolist()
    return Ordered(slope, middle, float(np.exp(log_draw)))
