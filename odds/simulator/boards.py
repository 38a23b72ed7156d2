"""What all bookmakers offer on some events at some moments, as arrays: a board of offers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from odds.simulator.teams import Split

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Offer:
    """One market: `line` (events, books) is from the home or over side, NaN where there is none.

    `prices` (events, books, sides) are decimal; NaN where a book offers nothing. A book that lacks
    one side does not offer the market.
    """

    market_key: str
    sides: tuple[str, ...]
    line: FloatArray
    prices: FloatArray


@dataclass(frozen=True, slots=True)
class Board:
    """The featured markets; `updated` (events, books) are the books' own times, in seconds."""

    updated: FloatArray
    offers: tuple[Offer, ...]


class Sport(Protocol):
    """A sport's law: what is true about its events, and what bookmakers make of it."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def teams(self) -> tuple[str, ...]: ...
    @property
    def split(self) -> Split: ...

    def own_seed(self, seed: int) -> int:
        """Return the seed of this sport's own numbers in the world of a seed."""
        ...

    def numbers(self, after: float, until: float) -> IntArray:
        """Return the events that start after one moment and not after another."""
        ...

    def board(self, seed: int, number: IntArray, at: FloatArray, *, is_efficient: bool) -> Board:
        """Return what is offered on events (n,) at moments (n,)."""
        ...

    def truth(
        self, seed: int, number: IntArray, at: FloatArray, market_key: str, line: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the chances that sides win, (events, lines, sides), and that they push (.., ..).

        All news by `at` (n,) is known; nobody can know more. `line` is (events, lines).
        """
        ...

    def final_scores(self, seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
        """Return the results, home first."""
        ...
