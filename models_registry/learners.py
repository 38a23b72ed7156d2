"""What a version is made of: a logistic regression and boosted trees, blended and calibrated."""

import importlib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from models_registry.domain.calibration import Calibration
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray
from models_registry.domain.goals import GoalModel
from models_registry.domain.logistic import fit_logistic

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
# What never changes from one training to the next.
TREES: dict[str, Any] = {
    "objective": "binary:logistic",
    "max_bin": 64,
    "tree_method": "hist",
    "nthread": 1,
    "seed": 2007,
}


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

    def trees(self) -> dict[str, Any]:
        """Return the parameters of the trees as XGBoost takes them."""
        return TREES | {
            name: value for name, value in asdict(self).items() if name not in ("ridge", "rounds")
        }


AS_THEY_STAND = Parameters()


def xgboost() -> Any:  # noqa: ANN401 - it ships no types
    """Return the library, loaded at first use.

    The one late import of the project: services are imported by every web process, and loading
    this there would cost each of them 100 MB and a second for nothing.
    """
    return importlib.import_module("xgboost")


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
    """Return trees on every feature that correct a regression, as XGBoost's own UBJSON.

    They are boosted from what the regression says, so they spend nothing on learning that the
    stronger team tends to win.
    """
    library = xgboost()
    data = library.DMatrix(matrix.values, happened, feature_names=list(matrix.names))
    data.set_base_margin(linear.log_odds(matrix))
    booster = library.train(parameters.trees(), data, parameters.rounds)
    return bytes(booster.save_raw(raw_format="ubj"))


@dataclass(frozen=True)
class FittedModel:
    """A regression, trees that correct it, and what share of the correction is believed."""

    signature: tuple[str, ...]
    linear: Linear
    trees: bytes
    tree_share: float = 0.0
    calibration: Calibration = field(default_factory=Calibration)

    @cached_property
    def _booster(self) -> Any:  # noqa: ANN401
        library = xgboost()
        booster = library.Booster({"nthread": 1})
        booster.load_model(bytearray(self.trees))
        return booster

    def log_odds(self, matrix: FeatureMatrix) -> tuple[FloatArray, FloatArray]:
        """Return what the corrected and the plain regression say, neither blended nor calibrated.

        Raises:
            SignatureMismatch: if the features are not the trained ones, in their order.
        """
        matrix.must_have(self.signature)
        linear = self.linear.log_odds(matrix)
        data = xgboost().DMatrix(matrix.values, feature_names=list(matrix.names))
        data.set_base_margin(linear)
        trees = self._booster.predict(data, output_margin=True).astype(np.float64)
        return trees, linear

    def tree_parts(self, matrix: FeatureMatrix) -> FloatArray:
        """Return by how much each feature corrects the regression, the last column by itself.

        Shape (n, features + 1): TreeSHAP's values (Lundberg et al. 2020), which sum to the whole.
        """
        data = xgboost().DMatrix(matrix.values, feature_names=list(matrix.names))
        data.set_base_margin(np.zeros(len(matrix.values)))
        parts: FloatArray = self._booster.predict(data, pred_contribs=True).astype(np.float64)
        return parts

    def predict(self, matrix: FeatureMatrix) -> FloatArray:
        """Return the probability that the home team wins, one a row."""
        trees, linear = self.log_odds(matrix)
        return self.calibration.apply(self.tree_share * trees + (1 - self.tree_share) * linear)


# What a version may be: of events with two ends, or of matches that may be drawn.
AnyModel = FittedModel | GoalModel
