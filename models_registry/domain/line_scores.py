"""How good probabilities of spreads and totals were: on lines that push, and on quarter lines too.

Of a bet at a line, part of the stake may come back. What is said is the probability among the part
that is decided, and it is judged by that part: a push says nothing, half a win half as much.
"""

from typing import Any

import numpy as np

from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.metrics import CALIBRATION_BINS, CLOSEST_TO_CERTAIN
from models_registry.domain.scores import Outcomes, outcomes


def ended(scored: FloatArray, thresholds: FloatArray) -> Outcomes:
    """Return how bets that a score beats its threshold ended, as shares of the stake.

    >>> ended(np.array([3.0, 2.0]), np.array([2.5, 2.25])).win.tolist()
    [1.0, 0.0]
    >>> ended(np.array([3.0, 2.0]), np.array([2.5, 2.25])).push.tolist()
    [0.0, 0.5]
    """

    def above(whole: IntArray) -> FloatArray:
        return (scored > whole).astype(np.float64)

    return outcomes(above, thresholds)


def line_losses(probability: FloatArray, ends: Outcomes) -> FloatArray:
    """Return the log loss of each event, in nats a unit staked; 0 where the stake came back.

    >>> ends = ended(np.array([3.0, 2.0]), np.array([2.5, 2.25]))
    >>> line_losses(np.array([0.5, 0.5]), ends).round(4).tolist()
    [0.6931, 0.3466]
    """
    p = np.clip(probability, CLOSEST_TO_CERTAIN, 1 - CLOSEST_TO_CERTAIN)
    return -(ends.win * np.log(p) + ends.lose * np.log1p(-p))


def score_lines(probability: FloatArray, ends: Outcomes) -> dict[str, Any]:
    """Return log loss, Brier score and calibration error a unit decided, and the calibration curve.

    Bins as in `metrics.calibration_curve`, each event counting by what was decided of it.

    >>> ends = ended(np.array([3.0, 2.0]), np.array([2.5, 2.5]))
    >>> scored = score_lines(np.array([0.8, 0.4]), ends)
    >>> scored["log_loss"], scored["brier"], scored["calibration_error"]
    (0.366985, 0.1, 0.3)
    """
    decided = ends.win + ends.lose
    everything = decided.sum()
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    count, said, seen = (
        np.bincount(bins, weights=weights, minlength=CALIBRATION_BINS)
        for weights in (decided, decided * probability, ends.win)
    )
    brier = ends.win * (1 - probability) ** 2 + ends.lose * probability**2
    return {
        "log_loss": round(float(line_losses(probability, ends).sum() / everything), 6),
        "brier": round(float(brier.sum() / everything), 6),
        "calibration_error": round(float(np.abs(said - seen).sum() / everything), 6),
        "calibration": [
            {
                "count": round(float(count[place]), 2),
                "said": round(float(said[place] / count[place]), 4),
                "happened": round(float(seen[place] / count[place]), 4),
            }
            for place in np.flatnonzero(count).tolist()
        ],
    }
