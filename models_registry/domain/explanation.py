"""Why a version says what it says of an event: its parts, its likes, and what would change it.

Nothing here knows a model: it is handed what each feature adds, or a function from features to
probabilities. docs/algorithms/explanation.md has a worked table.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.logistic import probability_of
from models_registry.domain.reach import Reach

# From features to the probabilities of home, [draw,] away: shape (n, 2) or (n, 3).
Probabilities = Callable[[FeatureMatrix], FloatArray]
# How finely a feature is moved between the lowest and the highest that training saw.
STEPS = 41
MOVE = 0.05


@dataclass(frozen=True, slots=True)
class Contributions:
    """What makes up the log-odds of the home side, in rows as given and columns as named.

    `base` has shape (n,), what is said of a game about which nothing is special; `parts` has
    shape (n, k). Base and parts of a row sum to its log-odds.
    """

    names: tuple[str, ...]
    base: FloatArray
    parts: FloatArray

    def log_odds(self) -> FloatArray:
        """Return the sums, shape (n,)."""
        total: FloatArray = self.base + self.parts.sum(axis=1)
        return total

    def probability(self) -> FloatArray:
        """Return what the sums say, shape (n,)."""
        return probability_of(self.log_odds())


@dataclass(frozen=True, slots=True)
class Move:
    """The smallest move of one feature that brings a probability past a bound.

    `deviations` is how far it moves, in standard deviations of the training games.
    """

    feature: str
    before: float
    after: float
    deviations: float
    probability: float


def nearest_rows(reach: Reach, past: FloatArray, row: FloatArray, *, count: int) -> IntArray:
    """Return the rows of `past` most like a row, nearest first, by standardised features.

    `past` has shape (n, k), `row` (k,). The distance is Euclid's; what is unknown counts as the
    mean. Equal distances keep their order.

    >>> reach = Reach(("a",), np.zeros(1), np.ones(1), np.eye(1), np.ones(1, bool), 3.0)
    >>> nearest_rows(reach, np.array([[5.0], [1.0], [2.0]]), np.array([1.4]), count=2).tolist()
    [1, 2]
    """
    off = reach.standardised(past) - reach.standardised(row[None, :])
    return np.argsort((off**2).sum(axis=1), kind="stable")[:count]


def smallest_moves(
    probabilities: Probabilities, reach: Reach, past: FloatArray, row: FloatArray
) -> tuple[list[Move], list[Move]]:
    """Return the moves that change the favourite, and those that move home's chance by 5 points.

    One feature moves at a time, over 41 values between the least and the most that the training
    games (`past`, shape (n, k)) had of it; the others stay. Each list has one move a feature
    that can do it at all, the smallest first.
    """
    names, columns, values = reach.names, [], []
    for column in range(len(names)):
        known = past[np.isfinite(past[:, column]), column]
        if known.size and known.min() < known.max():
            for value in np.linspace(known.min(), known.max(), STEPS).tolist():
                columns.append(column)
                values.append(value)
    trials = np.repeat(row[None, :], len(columns) + 1, axis=0)
    trials[np.arange(len(columns)), columns] = values
    said = probabilities(FeatureMatrix(names, trials))
    favourite, home = said.argmax(axis=1), said[:, 0]
    sizes = np.abs(
        reach.standardised(trials[:-1])[np.arange(len(columns)), columns]
        - reach.standardised(row[None, :])[0, columns]
    )
    flips: IntArray = np.flatnonzero(favourite[:-1] != favourite[-1])
    moves: IntArray = np.flatnonzero(np.abs(home[:-1] - home[-1]) >= MOVE)

    def smallest(able: IntArray) -> list[Move]:
        best: dict[int, int] = {}
        for trial in able[np.argsort(sizes[able], kind="stable")].tolist():
            best.setdefault(columns[trial], trial)
        return [
            Move(
                feature=names[column],
                before=float(row[column]),
                after=float(values[trial]),
                deviations=float(sizes[trial]),
                probability=float(home[trial]),
            )
            for column, trial in best.items()
        ]

    return smallest(flips), smallest(moves)
