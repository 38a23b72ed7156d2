"""From ratings to the goals of both sides: Poisson, with Dixon and Coles' low scores.

Dixon and Coles (1997), "Modelling Association Football Scores and Inefficiencies in the Football
Betting Market", Applied Statistics 46: scores of two independent Poisson counts, in which 0-0, 1-0,
0-1 and 1-1 are corrected by rho, for close matches are drawn more often than independence says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import pdtrc

from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.scores import Outcomes, outcomes

# More goals of one side than this happen to nobody whose rate is within FASTEST.
MOST_GOALS = 35
SLOWEST, FASTEST = 0.05, 6.0
STEPS = 50
CLOSE_ENOUGH = 1e-10


def dixon_coles_tau(
    home_goals: IntArray, away_goals: IntArray, home: FloatArray, away: FloatArray, rho: FloatArray
) -> FloatArray:
    """Return what the chance of a score is multiplied by (Dixon and Coles 1997, equation 4.2).

    `home` and `away` are the rates, in goals a match.

    >>> goals = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> rates = np.full(5, 1.5), np.full(5, 1.0)
    >>> dixon_coles_tau(*goals, *rates, np.full(5, -0.1)).round(3).tolist()
    [1.15, 0.85, 0.9, 1.1, 1.0]
    """
    ends = [
        (home_goals == 0) & (away_goals == 0),
        (home_goals == 0) & (away_goals == 1),
        (home_goals == 1) & (away_goals == 0),
        (home_goals == 1) & (away_goals == 1),
    ]
    return np.select(ends, [1 - home * away * rho, 1 + home * rho, 1 + away * rho, 1 - rho], 1.0)


@dataclass(frozen=True, slots=True)
class GoalScores:
    """The goals of both sides of a match that may be drawn. Everything has length n.

    `home` and `away` are rates in goals a match, `rho` the correction of low scores.

    Raises:
        ValueError: if a rate is not within 0.05 to 6 goals, or a rho would make a chance negative.
    """

    family: ClassVar[str] = "goals"

    home: FloatArray
    away: FloatArray
    rho: FloatArray

    def __post_init__(self) -> None:
        for name, rate in (("home", self.home), ("away", self.away)):
            if not ((rate >= SLOWEST) & (rate <= FASTEST)).all():
                raise ValueError(f"{name} must be {SLOWEST} to {FASTEST} goals for every event")
        low, high = rho_bounds(self.home, self.away)
        if not ((self.rho >= low) & (self.rho <= high)).all():
            raise ValueError("rho is out of the bounds that its rates set: see rho_bounds")

    def __len__(self) -> int:
        return len(self.home)

    def h2h(self) -> FloatArray:
        """Return the probabilities of home, draw, away, shape (n, 3)."""
        theirs, reaches = self._tables()
        shift = self._low_score_shift()
        home = (theirs * reaches[1:]).sum(axis=0) + shift
        not_away = (theirs * reaches[:-1]).sum(axis=0) - shift
        return np.column_stack([home, not_away - home, 1 - not_away])

    def spread(self, lines: FloatArray) -> Outcomes:
        """Return how bets on the home side end; -0.75 is half a bet at -0.5, half at -1.

        Raises:
            ValueError: if a line is no multiple of a quarter.
        """
        return outcomes(self._margin_above, -lines)

    def total(self, lines: FloatArray) -> Outcomes:
        """Return how bets on more goals than the lines end.

        Raises:
            ValueError: if a line is no multiple of a quarter.
        """
        return outcomes(self._total_above, lines)

    def scores(self, most: int = 10) -> FloatArray:
        """Return the probability of each score, shape (n, most + 1, most + 1): [row, home, away].

        What is left to one are scores with more goals of a side.
        """
        grid = poisson(most, self.home).T[:, :, None] * poisson(most, self.away).T[:, None, :]
        for one, two in ((0, 0), (0, 1), (1, 0), (1, 1)):
            ends = np.full(len(self), one), np.full(len(self), two)
            grid[:, one, two] *= dixon_coles_tau(*ends, self.home, self.away, self.rho)
        return grid

    def rows(self) -> list[dict[str, Any]]:
        """Return each event's family and parameters, ready for JSON."""
        columns = (self.home.tolist(), self.away.tolist(), self.rho.tolist())
        return [
            {"family": self.family, "home": home, "away": away, "rho": rho}
            for home, away, rho in zip(*columns, strict=True)
        ]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Return the distribution that `rows` came from."""
        return cls(
            *(np.array([row[name] for row in rows], np.float64) for name in ("home", "away", "rho"))
        )

    def _low_score_shift(self) -> FloatArray:
        """Return by how much 0-0 and 1-1 are each less likely than two independent counts say."""
        shift: FloatArray = self.home * self.away * self.rho * np.exp(-self.home - self.away)
        return shift

    def _tables(self) -> tuple[FloatArray, FloatArray]:
        """Return the chances that away scores j, and that home scores j or more: a row a j.

        Home's has one row more, of zeros.
        """
        theirs, ours = poisson(MOST_GOALS, self.away), poisson(MOST_GOALS, self.home)
        reaches = np.zeros((MOST_GOALS + 2, len(self)))
        reaches[:-1] = np.cumsum(ours[::-1], axis=0)[::-1]
        return theirs, reaches

    def _margin_above(self, whole: IntArray) -> FloatArray:
        """Return the probability that the home side wins by more than `whole` goals."""
        rows = np.arange(len(self)).reshape(-1, *(1,) * (whole.ndim - 1))
        theirs, reaches = self._tables()
        above = np.zeros(np.broadcast_shapes(rows.shape, whole.shape))
        for conceded, chance in enumerate(theirs):
            needed = np.clip(whole + 1 + conceded, 0, MOST_GOALS + 1)
            above += chance[rows] * reaches[needed, rows]
        # 0-0 and 1-1 lose what 1-0 and 0-1 gain: that shows between margins -1 and 1 only.
        shift = self._low_score_shift()[rows]
        return above + np.where(whole == 0, shift, 0.0) - np.where(whole == -1, shift, 0.0)

    def _total_above(self, whole: IntArray) -> FloatArray:
        """Return the probability of more than `whole` goals in all."""
        rows = np.arange(len(self)).reshape(-1, *(1,) * (whole.ndim - 1))
        above = np.where(whole < 0, 1.0, pdtrc(np.maximum(whole, 0), (self.home + self.away)[rows]))
        # 0-0 loses, one goal gains twice as much, 1-1 loses.
        shift = self._low_score_shift()[rows]
        return above + np.where(whole == 0, shift, 0.0) - np.where(whole == 1, shift, 0.0)


def poisson(most: int, rate: FloatArray) -> FloatArray:
    """Return the probabilities of 0 to `most` events at each rate, shape (most + 1, len(rate)).

    >>> poisson(2, np.array([1.0])).round(4).tolist()
    [[0.3679], [0.3679], [0.1839]]
    """
    chance = np.empty((most + 1, len(rate)))
    chance[0] = np.exp(-rate)
    for count in range(1, most + 1):
        chance[count] = chance[count - 1] * (rate / count)
    return chance


def rho_bounds(home: FloatArray, away: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest rho at which no score has a negative probability.

    >>> [bound.round(3).tolist() for bound in rho_bounds(np.array([2.0]), np.array([1.0]))]
    [[-0.5], [0.5]]
    """
    return np.maximum(-1 / home, -1 / away), np.minimum(1 / (home * away), 1.0)


@dataclass(frozen=True, slots=True)
class Mapped:
    """How ratings become goals: log goals = level + totals, + or - (edge + supremacies).

    `columns` are the ratings that are read; `total` and `supremacy` have one weight each.
    """

    columns: tuple[str, ...]
    level: float
    edge: float
    total: tuple[float, ...]
    supremacy: tuple[float, ...]
    rho: float


# What four leagues had taught before 2015-16, and how many matches' worth of learning it takes to
# leave it: docs/algorithms/goals.md. Without counts of chances goals speak alone.
BOTH = Mapped(("goals", "chances"), -0.01, -0.065, (0.42, 0.56), (0.75, 0.83), -0.05)
GOALS_ONLY = Mapped(("goals",), 0.06, -0.03, (0.74,), (1.2,), -0.05)
RIDGE = 300.0
RHO_RIDGE = 1000.0
FEWEST_MATCHES = 300


@dataclass(frozen=True, slots=True)
class GoalModel:
    """Ratings to goals, where chances were counted (`both`) and where they were not.

    `usual` is each feature's mean over the matches it was fitted on: what a match is explained
    by its distance from.
    """

    signature: tuple[str, ...]
    both: Mapped
    goals_only: Mapped
    usual: tuple[float, ...]

    def scores(self, matrix: FeatureMatrix) -> GoalScores:
        """Return the goals of both sides, one row a match.

        A match whose teams nothing is known of gets what is usual in the league it was fitted on.

        Raises:
            SignatureMismatch: if the features are not the trained ones, in their order.
        """
        matrix.must_have(self.signature)
        counted: BoolArray = np.isfinite(matrix.column("chances_total"))
        home, away = _rates(self.goals_only, matrix)
        with_chances = _rates(self.both, matrix)
        home = np.where(counted, with_chances[0], home)
        away = np.where(counted, with_chances[1], away)
        rho = np.where(counted, self.both.rho, self.goals_only.rho)
        return GoalScores(home, away, np.clip(rho, *rho_bounds(home, away)))

    def predict(self, matrix: FeatureMatrix) -> FloatArray:
        """Return the probability that the home side wins, one a row; what is left is not away's.

        Raises:
            SignatureMismatch: as `scores`.
        """
        return self.scores(matrix).h2h()[:, 0]

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the model that `as_dict` described."""
        both, goals_only = (
            Mapped(
                columns=tuple(part["columns"]),
                level=part["level"],
                edge=part["edge"],
                total=tuple(part["total"]),
                supremacy=tuple(part["supremacy"]),
                rho=part["rho"],
            )
            for part in (plain["both"], plain["goals_only"])
        )
        return cls(tuple(plain["signature"]), both, goals_only, tuple(plain["usual"]))


def fit_goal_model(matrix: FeatureMatrix, goals: FloatArray) -> GoalModel:
    """Return the model that turns point-in-time ratings into the goals that followed.

    `goals` has shape (n, 2), home and away. Ratings are of before each match, so nothing here
    has seen its own answer. Below 300 matches what other leagues taught stands as it is.
    """
    counted: BoolArray = np.isfinite(matrix.column("chances_total"))
    rated: BoolArray = np.isfinite(matrix.column("goals_total"))
    return GoalModel(
        matrix.names,
        _fit(BOTH, matrix, goals, rated & counted),
        _fit(GOALS_ONLY, matrix, goals, rated),
        tuple(_means(matrix.values).tolist()),
    )


def _fit(prior: Mapped, matrix: FeatureMatrix, goals: FloatArray, rows: BoolArray) -> Mapped:
    if rows.sum() < FEWEST_MATCHES:
        return prior
    matrix, goals = FeatureMatrix(matrix.names, matrix.values[rows]), goals[rows]
    totals, supremacies = _picked(prior, matrix)
    ones = np.ones((len(goals), 1))
    # Home sides above, away sides below: what is supremacy to one is the reverse to the other.
    design = np.block([[ones, ones, totals, supremacies], [ones, -ones, totals, -supremacies]])
    scored = goals.T.reshape(-1)
    start = np.array([prior.level, prior.edge, *prior.total, *prior.supremacy])
    weights = start.copy()
    for _ in range(STEPS):
        rate = np.exp(design @ weights)
        slope = design.T @ (rate - scored) + RIDGE * (weights - start)
        step = np.linalg.solve(
            design.T @ (design * rate[:, None]) + RIDGE * np.eye(len(weights)), slope
        )
        weights -= step
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    level, edge, *rest = weights.tolist()
    middle = len(prior.columns)
    fitted = Mapped(
        prior.columns, level, edge, tuple(rest[:middle]), tuple(rest[middle:]), prior.rho
    )
    home, away = _rates(fitted, matrix)
    return replace(fitted, rho=fit_rho(goals, home, away, prior.rho))


def _means(values: FloatArray) -> FloatArray:
    """Return the mean of what is known of each column, 0 where nothing is."""
    known = np.isfinite(values)
    means: FloatArray = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return means


def fit_rho(
    goals: FloatArray,
    home: FloatArray,
    away: FloatArray,
    usual: float,
    *,
    ridge: float = RHO_RIDGE,
) -> float:
    """Return the rho under which the low scores were likeliest, drawn towards what is usual.

    Every log of tau is that of a line in rho, so what is climbed has one summit.
    """
    low, high = rho_bounds(home, away)
    floor, roof = 0.9 * float(low.max()), 0.9 * float(high.min())
    ends = goals[:, 0].astype(np.int64), goals[:, 1].astype(np.int64)
    # By how much tau moves with rho.
    steep = dixon_coles_tau(*ends, home, away, np.ones(len(home))) - 1
    rho = float(np.clip(usual, floor, roof))
    for _ in range(STEPS):
        pull = steep / (1 + steep * rho)
        slope = float(pull.sum()) - ridge * (rho - usual)
        step = slope / (float((pull**2).sum()) + ridge)
        rho = float(np.clip(rho + step, floor, roof))
        if abs(step) < CLOSE_ENOUGH:
            break
    return rho


def _picked(mapped: Mapped, matrix: FeatureMatrix) -> tuple[FloatArray, FloatArray]:
    totals = np.column_stack([matrix.column(f"{name}_total") for name in mapped.columns])
    supremacies = np.column_stack([matrix.column(f"{name}_supremacy") for name in mapped.columns])
    return totals, supremacies


def _rates(mapped: Mapped, matrix: FeatureMatrix) -> tuple[FloatArray, FloatArray]:
    """Return the rates of home and away sides, within what a match can bring."""
    totals, supremacies = (np.where(np.isfinite(x), x, 0.0) for x in _picked(mapped, matrix))
    # Row by row in one order: a matrix product may round differently for another row count.
    total = mapped.level + (totals * np.array(mapped.total)).sum(axis=1)
    supremacy = mapped.edge + (supremacies * np.array(mapped.supremacy)).sum(axis=1)
    rates = np.clip(np.exp(np.stack([total + supremacy, total - supremacy])), SLOWEST, FASTEST)
    return rates[0], rates[1]
