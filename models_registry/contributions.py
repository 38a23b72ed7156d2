"""What each feature adds to the log-odds a model says, exactly, whatever the model is made of."""

import numpy as np

from models_registry.domain.explanation import Contributions
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import FloatArray
from models_registry.learners import FittedModel


def contributions_of(model: FittedModel, matrix: FeatureMatrix) -> Contributions:
    """Return base and contributions of each row; they sum to the log-odds of what is said.

    The regression's part of a feature is its weight times how far it lies from its mean; the
    trees' is TreeSHAP's (Lundberg et al. 2020). Blend and calibration scale both alike.

    Raises:
        SignatureMismatch: if the features are not the trained ones, in their order.
    """
    linear = model.linear.parts(matrix)
    trees = model.tree_parts(matrix)
    share, map_ = model.tree_share, model.calibration
    parts = np.zeros((len(matrix.values), len(matrix.names)))
    for column, name in enumerate(model.linear.columns):
        parts[:, matrix.names.index(name)] += linear[:, column]
    parts += share * trees[:, :-1]
    base = model.linear.weights[0] + share * trees[:, -1]
    return Contributions(matrix.names, map_.intercept + map_.slope * base, map_.slope * parts)


def probabilities_of(model: FittedModel, matrix: FeatureMatrix) -> FloatArray:
    """Return the probabilities of home and away, shape (n, 2)."""
    home = model.predict(matrix)
    return np.column_stack([home, 1 - home])
