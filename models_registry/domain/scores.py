"""A prediction as a score distribution: moneyline, every spread and every total from one belief.

Prices that come from one distribution cannot contradict each other: a harder line is never likelier
to be beaten, both sides and the push sum to one, and a moneyline is the spread at 0.
docs/algorithms/scores.md has the formulas and a worked table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from scipy.special import ndtr

from models_registry.domain.games import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What shares of a stake win, come back and lose on average; they sum to one.

    On whole and half lines these are the probabilities of the three ends. Shaped as the lines.
    """

    win: FloatArray
    push: FloatArray
    lose: FloatArray

    @property
    def decided(self) -> FloatArray:
        """Return the probability of winning what is decided: what a margin-free price says."""
        return self.win / (self.win + self.lose)


class ScoreDistribution(Protocol):
    """What every family of score distributions answers; one row an event.

    `family` names it in stored predictions. Lines have the shape (n,), or (n, k) for k lines an
    event, and are multiples of a quarter of a point.
    """

    family: ClassVar[str]

    def __len__(self) -> int: ...

    def h2h(self) -> FloatArray:
        """Return the probabilities of home, [draw,] away: shape (n, 2) or (n, 3)."""
        ...

    def spread(self, lines: FloatArray) -> Outcomes:
        """Return how a bet on the home side ends, `lines` being added to its score."""
        ...

    def total(self, lines: FloatArray) -> Outcomes:
        """Return how a bet on more points than `lines` ends."""
        ...

    def rows(self) -> list[dict[str, Any]]:
        """Return each event's family and parameters, ready for JSON."""
        ...

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Return the distribution that `rows` came from."""
        ...


def outcomes(above: Callable[[IntArray], FloatArray], thresholds: FloatArray) -> Outcomes:
    """Return how a bet that a whole score beats its threshold ends.

    `above(k)` is the probability of a score above the whole number k, never rising in k. A
    quarter line is two bets of half the stake, a quarter of a point to either side.

    Raises:
        ValueError: if a threshold is no multiple of a quarter.

    >>> die = lambda k: np.clip((6 - k) / 6, 0.0, 1.0)
    >>> outcomes(die, np.array([4.0, 4.5, 4.25])).win.round(4).tolist()
    [0.3333, 0.3333, 0.3333]
    >>> outcomes(die, np.array([4.0, 4.5, 4.25])).push.round(4).tolist()
    [0.1667, 0.0, 0.0833]
    """
    in_quarters = thresholds * 4
    if not (in_quarters == np.rint(in_quarters)).all():
        wrong = thresholds[in_quarters != np.rint(in_quarters)].flat[0]
        raise ValueError(f"a line must be a multiple of a quarter, not {wrong:g}")
    aside = np.where(thresholds * 2 == np.rint(thresholds * 2), 0.0, 0.25)
    # Without quarter lines both halves of the stake are one bet.
    halves = (thresholds - aside, thresholds + aside) if aside.any() else (thresholds,)
    win, level_or_more = np.zeros(thresholds.shape), np.zeros(thresholds.shape)
    for half in halves:
        win += above(np.floor(half).astype(np.int64)) / len(halves)
        level_or_more += above(np.ceil(half).astype(np.int64) - 1) / len(halves)
    return Outcomes(win, level_or_more - win, 1 - level_or_more)


@dataclass(frozen=True, slots=True)
class PointShape:
    """What is the same for every event of a league: how margins and totals lie about a centre.

    `key_weights` multiply what a normal gives to margins of 1, 2, 3, ... points either way: games
    seldom end one point apart, for the side behind fouls and shoots, and often seven. Overtime
    adds `overtime_points` to the total of some games, with a variance of its own.
    """

    key_weights: tuple[float, ...]
    overtime_share: float
    overtime_points: float
    overtime_variance: float


# 2007-08 to 2017-18 around the closing lines: 14,203 games (docs/algorithms/scores.md).
BASKETBALL = PointShape(
    key_weights=(
        0.77, 1.03, 1.14, 1.18, 1.36, 1.32, 1.52, 1.42, 1.31, 1.25, 1.24, 1.14, 1.10, 1.06,
    ),
    overtime_share=0.06,
    overtime_points=21.0,
    overtime_variance=134.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PointScores:
    """Margin and total of a game that cannot be drawn, in points, independent of each other.

    Everything has length n. A margin is a normal about its centre taken at whole points,
    reweighted by `shape.key_weights`, without 0; a total is a normal about its centre and, in the
    share of games that go to overtime, a wider one further up.

    Raises:
        ValueError: if a spread is not above 0.
    """

    family: ClassVar[str] = "normal"

    margin_centre: FloatArray
    margin_sd: FloatArray
    total_centre: FloatArray
    total_sd: FloatArray
    shape: PointShape = BASKETBALL

    def __post_init__(self) -> None:
        if not ((self.margin_sd > 0).all() and (self.total_sd > 0).all()):
            raise ValueError("margin_sd and total_sd must be above 0 for every event")

    def __len__(self) -> int:
        return len(self.margin_centre)

    def h2h(self) -> FloatArray:
        """Return the probabilities that home and away win, shape (n, 2)."""
        home = self._margin_above(np.zeros(len(self), dtype=np.int64))
        return np.column_stack([home, 1 - home])

    def spread(self, lines: FloatArray) -> Outcomes:
        """Return how bets on the home side end; a line of -5.5 means that it gives 5.5 points.

        Raises:
            ValueError: if a line is no multiple of a quarter.
        """
        return outcomes(self._margin_above, -lines)

    def total(self, lines: FloatArray) -> Outcomes:
        """Return how bets on more points than the lines end.

        Raises:
            ValueError: if a line is no multiple of a quarter.
        """
        return outcomes(self._total_above, lines)

    def rows(self) -> list[dict[str, Any]]:
        """Return each event's family and parameters, ready for JSON."""
        columns = (self.margin_centre, self.margin_sd, self.total_centre, self.total_sd)
        shape = asdict(self.shape) | {"key_weights": list(self.shape.key_weights)}
        return [
            {"family": self.family, **dict(zip(_COLUMNS, row, strict=True)), "shape": shape}
            for row in zip(*(column.tolist() for column in columns), strict=True)
        ]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Return the distribution that `rows` came from.

        Raises:
            ValueError: if there is no row, or the rows are of more than one shape.
        """
        if not rows or any(row["shape"] != rows[0]["shape"] for row in rows):
            raise ValueError("rows of one distribution must be there and share one shape")
        shape = rows[0]["shape"]
        columns = np.array([[row[name] for name in _COLUMNS] for row in rows], dtype=np.float64)
        margin, margin_sd, total, total_sd = columns.T
        shape = PointShape(**shape | {"key_weights": tuple(shape["key_weights"])})
        return cls(margin, margin_sd, total, total_sd, shape)

    def _margin_above(self, whole: IntArray) -> FloatArray:
        """Return the probability that the home side wins by more than `whole` points."""
        reach = len(self.shape.key_weights)
        key = np.arange(-reach, reach + 1)
        weights = np.array([*self.shape.key_weights[::-1], 0.0, *self.shape.key_weights])
        # The edges of the whole points from -reach to reach, in standard deviations.
        edges = (np.arange(-reach, reach + 2) - 0.5 - self.margin_centre[:, None]) / (
            self.margin_sd[:, None]
        )
        mass = (ndtr(edges[:, 1:]) - ndtr(edges[:, :-1])) * weights
        beyond, below = ndtr(-edges[:, -1]), ndtr(edges[:, 0])
        # Column j: the mass at key[j] and above.
        from_key = np.cumsum(mass[:, ::-1], axis=1)[:, ::-1] + beyond[:, None]
        everything = from_key[:, 0] + below
        rows = np.arange(len(self)).reshape(-1, *(1,) * (whole.ndim - 1))
        centre, sd, all_ = (
            column[rows] for column in (self.margin_centre, self.margin_sd, everything)
        )
        edge = (whole + 0.5 - centre) / sd
        inside = from_key[rows, np.clip(whole + 1 - key[0], 0, 2 * reach)]
        above = np.where(
            whole >= reach, ndtr(-edge), np.where(whole < -reach, all_ - ndtr(edge), inside)
        )
        share: FloatArray = above / all_
        return share

    def _total_above(self, whole: IntArray) -> FloatArray:
        """Return the probability of more than `whole` points in all."""
        shape = self.shape
        rows = np.arange(len(self)).reshape(-1, *(1,) * (whole.ndim - 1))
        centre, sd = self.total_centre[rows], self.total_sd[rows]
        further = whole + 0.5 - centre
        longer = np.sqrt(sd**2 + shape.overtime_variance)
        later = ndtr((shape.overtime_points - further) / longer)
        above: FloatArray = (1 - shape.overtime_share) * ndtr(
            -further / sd
        ) + shape.overtime_share * later
        return above


_COLUMNS = ("margin_centre", "margin_sd", "total_centre", "total_sd")
