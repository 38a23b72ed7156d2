"""What a version is made of: a logistic regression and boosted trees, blended and calibrated."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from models_registry.domain.calibration import Calibration
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray
from models_registry.domain.goals import GoalModel
from models_registry.domain.logistic import fit_logistic
from models_registry.domain.points import Points
from models_registry.domain.scores import PointScores
from models_registry.training.boosters import BOOSTERS

# The regression reads the ratings and what tires; the trees read every feature.
LINEAR_COLUMNS = (
    "strength",
    "strength_quick",
    "strength_by_phase",
    "strength_in_playoffs",
    "playoffs",
    "record_in_playoffs",
    "contest",
    "locked",
    "last_game",
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a search may turn: the ridge of the regression, and XGBoost's own names.

    As they stand: small and well held back, for a season is some 1,300 noisy outcomes.
    """

    ridge: float = 50.0
    rounds: int = 150
    eta: float = 0.02
    max_depth: int = 2
    min_child_weight: float = 50.0
    subsample: float = 0.7
    colsample_bytree: float = 0.5
    reg_lambda: float = 20.0
    algorithm: str = "logistic+xgboost"

    def trees(self) -> dict[str, float]:
        """Return what the library of trees is given, by XGBoost's names."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in ("ridge", "algorithm")
        }


AS_THEY_STAND = Parameters()


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression on some columns, each brought to one scale first."""

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    def log_odds(self, matrix: FeatureMatrix) -> FloatArray:
        """Return the log odds that the home team wins; a missing value counts as the mean."""
        # Row by row in one order: a matrix product may round differently for another row count.
        log_odds: FloatArray = self.weights[0] + self.parts(matrix).sum(axis=1)
        return log_odds

    def parts(self, matrix: FeatureMatrix) -> FloatArray:
        """Return what each of its columns adds to the intercept, shape (n, columns)."""
        scaled = _scaled(matrix, self.columns, np.array(self.means), np.array(self.scales))
        parts: FloatArray = scaled * np.array(self.weights[1:])
        return parts


def fit_linear(
    matrix: FeatureMatrix, happened: BoolArray, parameters: Parameters = AS_THEY_STAND
) -> Linear:
    """Return the regression on LINEAR_COLUMNS; a column without any value gets no say."""
    picked = np.column_stack([matrix.column(name) for name in LINEAR_COLUMNS])
    known = np.isfinite(picked)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, picked, 0.0)
    means = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, picked - means, 0.0) ** 2).sum(axis=0) / count)
    scales = np.where(spread > 0, spread, 1.0)
    scaled = _scaled(matrix, LINEAR_COLUMNS, means, scales)
    weights = fit_logistic(scaled, happened, ridge=parameters.ridge)
    return Linear(
        LINEAR_COLUMNS, tuple(means.tolist()), tuple(scales.tolist()), tuple(weights.tolist())
    )


def _scaled(
    matrix: FeatureMatrix, columns: tuple[str, ...], means: FloatArray, scales: FloatArray
) -> FloatArray:
    picked = np.column_stack([matrix.column(name) for name in columns])
    return np.where(np.isfinite(picked), (picked - means) / scales, 0.0)


def fit_trees(
    matrix: FeatureMatrix,
    happened: BoolArray,
    linear: Linear,
    parameters: Parameters = AS_THEY_STAND,
) -> bytes:
    """Return trees on every feature that correct a regression, as their library keeps them.

    They are boosted from what the regression says, so they spend nothing on learning that the
    stronger team tends to win.
    """
    return BOOSTERS[parameters.algorithm].fit(
        matrix.values,
        list(matrix.names),
        happened,
        linear.log_odds(matrix),
        parameters.trees(),
    )


@dataclass(frozen=True)
class FittedModel:
    """A regression, trees that correct it, and what share of the correction is believed.

    `points` turn what it says into a score distribution; None until they are fitted.
    """

    signature: tuple[str, ...]
    linear: Linear
    trees: bytes
    tree_share: float = 0.0
    calibration: Calibration = field(default_factory=Calibration)
    algorithm: str = AS_THEY_STAND.algorithm
    points: Points | None = None

    @cached_property
    def _booster(self) -> Any:  # noqa: ANN401
        return BOOSTERS[self.algorithm].load(self.trees)

    def log_odds(self, matrix: FeatureMatrix) -> tuple[FloatArray, FloatArray]:
        """Return what the corrected and the plain regression say, neither blended nor calibrated.

        Raises:
            SignatureMismatch: if the features are not the trained ones, in their order.
        """
        matrix.must_have(self.signature)
        linear = self.linear.log_odds(matrix)
        library = BOOSTERS[self.algorithm]
        return linear + library.correct(self._booster, matrix.values, list(matrix.names)), linear

    def tree_parts(self, matrix: FeatureMatrix) -> FloatArray:
        """Return by how much each feature corrects the regression, the last column by itself.

        Shape (n, features + 1): TreeSHAP's values (Lundberg et al. 2020), which sum to the whole.
        """
        library = BOOSTERS[self.algorithm]
        return library.parts(self._booster, matrix.values, list(matrix.names))

    def predict(self, matrix: FeatureMatrix) -> FloatArray:
        """Return the probability that the home team wins, one a row."""
        trees, linear = self.log_odds(matrix)
        return self.calibration.apply(self.tree_share * trees + (1 - self.tree_share) * linear)

    def scores(self, matrix: FeatureMatrix) -> PointScores:
        """Return the score distribution of each row, whose home side wins as `predict` says."""
        return (self.points or Points()).scores(
            self.predict(matrix), matrix.column("expected_total"), matrix.column("playoffs") > 0
        )


# What a version may be: of events with two ends, or of matches that may be drawn.
AnyModel = FittedModel | GoalModel
