"""What bookmakers said of games well before them: what a model may be blended with."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.logistic import log_odds_of, probability_of

# A game's row and a margin-free probability, one a bookmaker, in any order.
Said = tuple[IntArray, FloatArray]


@dataclass(frozen=True, slots=True)
class MarketBefore:
    """The market at one moment before each game, the home side's. Shapes (n,).

    `probability` is of the mean log-odds of the bookmakers that had both sides, margin taken out;
    `books` how many they were; `disagreement` the standard deviation of their log-odds, 0 for one;
    `moved` by how much the mean log-odds had changed since the first prices known. NaN, and 0
    books, where nobody had both sides.
    """

    probability: FloatArray
    books: IntArray
    disagreement: FloatArray
    moved: FloatArray

    @classmethod
    def of(cls, last: Said, first: Said, n: int) -> Self:
        """Return it from what each bookmaker said last and first of `n` games.

        >>> one = np.array([0, 0]), np.array([0.5, 0.6])
        >>> before = MarketBefore.of(one, (np.array([0]), np.array([0.5])), 2)
        >>> before.probability.round(4).tolist(), before.books.tolist()
        ([0.5505, nan], [2, 0])
        >>> before.disagreement.round(4).tolist(), before.moved.round(4).tolist()
        ([0.2027, nan], [0.2027, nan])
        """
        books, mean, spread = _of_each(*last, n)
        return cls(probability_of(mean), books, spread, mean - _of_each(*first, n)[1])

    def __getitem__(self, rows: BoolArray) -> "MarketBefore":
        return MarketBefore(
            self.probability[rows], self.books[rows], self.disagreement[rows], self.moved[rows]
        )

    def columns(self, model: FloatArray) -> FloatArray:
        """Return what a regression may add to the market's log-odds, shape (n, 4).

        How far the model (log-odds) lies from the market, the same where bookmakers disagree
        (times ten times their disagreement) and where they are few (over their number), and how
        the market moved. All in log-odds, so on one scale.
        """
        apart = model - log_odds_of(self.probability)
        few = apart / np.maximum(self.books, 1)
        return np.column_stack([apart, 10 * self.disagreement * apart, few, self.moved])


def _of_each(
    game: IntArray, probability: FloatArray, n: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    sound = np.isfinite(probability)
    game, said = game[sound], log_odds_of(probability[sound])
    books = np.bincount(game, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(game, weights=said, minlength=n) / books
        spread = np.sqrt(np.bincount(game, weights=(said - mean[game]) ** 2, minlength=n) / books)
    return books, mean, spread
