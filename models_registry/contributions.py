"""What each feature adds to the log-odds a model says, exactly, whatever the model is made of."""

from math import factorial

import numpy as np

from models_registry.domain.explanation import Contributions
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import FloatArray
from models_registry.domain.goals import GoalModel
from models_registry.domain.logistic import log_odds_of
from models_registry.training.learners import AnyModel


def contributions_of(model: AnyModel, matrix: FeatureMatrix) -> Contributions:
    """Return base and contributions of each row; they sum to the log-odds of what is said.

    The regression's part of a feature is its weight times how far it lies from its mean; the
    trees' is TreeSHAP's (Lundberg et al. 2020). Blend and calibration scale both alike.

    Raises:
        SignatureMismatch: if the features are not the trained ones, in their order.
    """
    if isinstance(model, GoalModel):
        return _shapley(model, matrix)
    linear = model.linear.parts(matrix)
    trees = model.tree_parts(matrix)
    share, map_ = model.tree_share, model.calibration
    parts = np.zeros((len(matrix.values), len(matrix.names)))
    for column, name in enumerate(model.linear.columns):
        parts[:, matrix.names.index(name)] += linear[:, column]
    parts += share * trees[:, :-1]
    base = model.linear.weights[0] + share * trees[:, -1]
    return Contributions(matrix.names, map_.intercept + map_.slope * base, map_.slope * parts)


def _shapley(model: GoalModel, matrix: FeatureMatrix) -> Contributions:
    """Return exact Shapley values (1953) of the features a goal model reads.

    Each feature's part is the mean, over all orders, of what it changes when it takes the place
    of what is usual, in the log-odds that the home side wins. A feature that is not known stays
    usual.
    """
    count = len(matrix.names)
    usual = np.where(np.isfinite(matrix.values), np.array(model.usual), np.nan)
    # Row s: log-odds with the features of the set s, a bit each, as they are, the others usual.
    said = np.empty((2**count, len(matrix.values)))
    for chosen in range(2**count):
        values = usual.copy()
        for place in range(count):
            if chosen >> place & 1:
                values[:, place] = matrix.values[:, place]
        said[chosen] = log_odds_of(model.predict(FeatureMatrix(matrix.names, values)))
    parts = np.zeros(matrix.values.shape)
    for chosen in range(2**count):
        size = chosen.bit_count()
        for place in range(count):
            if not chosen >> place & 1:
                weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                parts[:, place] += weight * (said[chosen | 1 << place] - said[chosen])
    return Contributions(matrix.names, said[0], parts)


def probabilities_of(model: AnyModel, matrix: FeatureMatrix) -> FloatArray:
    """Return the probabilities of home, [draw,] away: shape (n, 2) or (n, 3)."""
    if isinstance(model, GoalModel):
        return model.scores(matrix).h2h()
    home = model.predict(matrix)
    return np.column_stack([home, 1 - home])
