"""One event's score distribution at lines that a reader compares with bookmakers'."""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import FloatArray
from models_registry.domain.scores import ScoreDistribution

# Half lines that any family's events can have, and how many stand on either side of the even one.
SPREADS = np.arange(-60.5, 61.0, 1.0)
TOTALS = np.arange(0.5, 400.0, 1.0)
SIDE = 3


@dataclass(frozen=True, slots=True)
class HalfLine:
    """A half line, and the probabilities that a bet on it wins and loses."""

    line: float
    win: float
    lose: float


def spreads_about_even(scores: ScoreDistribution) -> list[HalfLine]:
    """Return handicaps of the home side about the one nearest to even, of one event.

    The line is added to the home side's score: at -5.5 it has to win by six.
    """
    return _about_even(SPREADS, scores.spread(SPREADS[None, :]).win[0])


def totals_about_even(scores: ScoreDistribution) -> list[HalfLine]:
    """Return totals about the one nearest to even, of one event; to win is to go over."""
    return _about_even(TOTALS, scores.total(TOTALS[None, :]).win[0])


def _about_even(lines: FloatArray, chance: FloatArray) -> list[HalfLine]:
    """Return the half lines about the one nearest to even.

    >>> shown = _about_even(np.array([0.5, 1.5, 2.5]), np.array([0.9, 0.6, 0.2]))
    >>> [(each.line, each.win) for each in shown]
    [(0.5, 0.9), (1.5, 0.6), (2.5, 0.2)]
    """
    even = int(np.argmin(np.abs(chance - 0.5)))
    shown = slice(max(even - SIDE, 0), even + SIDE + 1)
    return [
        HalfLine(line, win, 1 - win)
        for line, win in zip(lines[shown].tolist(), chance[shown].tolist(), strict=True)
    ]
