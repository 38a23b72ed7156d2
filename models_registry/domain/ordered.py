"""Home, draw, away from one number: the plain baseline of competitions in which draws happen."""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.logistic import fit_logistic, probability_of

FEWEST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Ordered:
    """An ordered logit (McCullagh 1980): log-odds of home are slope x value + middle - draw / 2.

    Those of home or draw are `draw` higher, so a draw is likeliest where the sides are level.
    """

    slope: float
    middle: float
    draw: float

    def apply(self, values: FloatArray) -> FloatArray:
        """Return the probabilities of home, draw, away, shape (n, 3).

        >>> Ordered(1.0, 0.0, 1.2).apply(np.array([0.0, 1.0])).round(4).tolist()
        [[0.3543, 0.2913, 0.3543], [0.5987, 0.2333, 0.168]]
        """
        centre = self.slope * values + self.middle
        home = probability_of(centre - self.draw / 2)
        not_away = probability_of(centre + self.draw / 2)
        return np.column_stack([home, not_away - home, 1 - not_away])


def fit_ordered(values: FloatArray, outcome: IntArray) -> Ordered:
    """Return the ordered logit of outcomes (0 home, 1 draw, 2 away).

    Both questions, did home win and did away not, are one regression with a common slope, which
    is consistent for it. Below 100 events, or where an outcome never happened, what leagues
    usually show.
    """
    if len(values) < FEWEST_EVENTS or len(np.unique(outcome)) < 3:
        return Ordered(1.0, 0.0, 1.2)
    second = np.repeat([0.0, 1.0], len(values))
    asked = np.column_stack([np.tile(values, 2), second])
    happened = np.concatenate([outcome == 0, outcome < 2])
    first, slope, draw = fit_logistic(asked, happened, ridge=1e-6).tolist()
    return Ordered(slope, first + draw / 2, draw)
