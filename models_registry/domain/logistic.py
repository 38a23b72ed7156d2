"""Logistic regression with a ridge, by Newton's method: small, exact, and without a pickle."""

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray

STEPS = 50
CLOSE_ENOUGH = 1e-10


def fit_logistic(
    values: FloatArray, happened: BoolArray, *, ridge: float, base: FloatArray | None = None
) -> FloatArray:
    """Return the intercept and one coefficient a column, shape (k + 1,).

    The ridge (half of it times the squared coefficients is added to the loss) spares the
    intercept. Columns should be on one scale. `base` are log-odds that the regression adds to.

    Raises:
        ValueError: if a value is missing or not a number.

    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> fit_logistic(x, np.array([False, True, False, True]), ridge=1.0).round(6) + 0.0
    array([0., 0.])
    """
    if not np.isfinite(values).all():
        raise ValueError("the regression needs every value")
    design = np.column_stack([np.ones(len(values)), values])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(design.shape[1])
    start = 0.0 if base is None else base
    for _ in range(STEPS):
        p = probability_of(start + design @ weights)
        slope = design.T @ (p - happened) + penalty * weights
        curve = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(penalty)
        curve[0, 0] += 1e-9
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    return weights


def probability_of(log_odds: FloatArray) -> FloatArray:
    """Return 1 / (1 + e^-x) without overflow.

    >>> probability_of(np.array([0.0, 1000.0, -1000.0]))
    array([0.5, 1. , 0. ])
    """
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))


def log_odds_of(probability: FloatArray) -> FloatArray:
    """Return log(p / (1 - p)).

    >>> log_odds_of(np.array([0.5])).round(6) + 0.0
    array([0.])
    """
    return np.log(probability) - np.log1p(-probability)
