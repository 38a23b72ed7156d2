"""How far a game lies from those a version was trained on, so that it can decline to guess.

The distance is Mahalanobis's (1936), on features brought to one scale: it counts a combination
that was never seen as far, even where each figure alone is ordinary. How far is too far is read
off the training games themselves.
"""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray, IntArray

# Of the games a version was trained on, this part lies within its reach.
WITHIN = 0.999
# Correlations are drawn this far towards none: some features nearly repeat each other.
SHRINKAGE = 0.05
# A feature that fewer training games than this part lacked must be there.
SELDOM_MISSING = 0.01


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The games a version was fitted on: `values` has shape (n, features), NaN where unknown."""

    names: tuple[str, ...]
    event_id: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the training games lie: one mean and scale a feature, and how features go together.

    `inverse` is that of the shrunken correlations, shape (k, k); `limit` the distance within
    which 99.9 % of the training games lie; `needed` marks features they hardly ever lacked.
    """

    names: tuple[str, ...]
    mean: FloatArray
    scale: FloatArray
    inverse: FloatArray
    needed: BoolArray
    limit: float

    def standardised(self, values: FloatArray) -> FloatArray:
        """Return values in standard deviations from the mean; what is unknown counts as the mean.

        A column that was the same in every training game keeps its own units.
        """
        return np.where(np.isfinite(values), (values - self.mean) / self.scale, 0.0)

    def distances(self, values: FloatArray) -> FloatArray:
        """Return the distance of each row from the mean of the training games, shape (n,)."""
        z = self.standardised(values)
        squared: FloatArray = ((z @ self.inverse) * z).sum(axis=1)
        return np.sqrt(np.maximum(squared, 0.0))


def measure_reach(rows: TrainingRows) -> Reach:
    """Return the reach of a version, from the games it was fitted on.

    >>> rng = np.random.default_rng(1)
    >>> rows = TrainingRows(("a", "b"), np.arange(5000), rng.normal(size=(5000, 2)))
    >>> reach = measure_reach(rows)
    >>> bool(3.0 < reach.limit < 4.5)
    True
    >>> (reach.distances(np.array([[0.0, 0.0], [6.0, 0.0]])) > reach.limit).tolist()
    [False, True]
    """
    known = np.isfinite(rows.values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows.values, 0.0).sum(axis=0) / count
    off = np.where(known, rows.values - mean, 0.0)
    spread = np.sqrt((off**2).sum(axis=0) / count)
    scale = np.where(spread > 0, spread, 1.0)
    z = off / scale
    together = (1 - SHRINKAGE) * (z.T @ z) / len(z)
    # A feature that never varied has no correlations, and a variance of one.
    np.fill_diagonal(together, 1.0)
    reach = Reach(
        names=rows.names,
        mean=mean,
        scale=scale,
        inverse=np.linalg.inv(together).astype(np.float64),
        needed=(~known).mean(axis=0) < SELDOM_MISSING,
        limit=np.inf,
    )
    limit = float(np.quantile(reach.distances(rows.values), WITHIN))
    return Reach(reach.names, reach.mean, reach.scale, reach.inverse, reach.needed, limit)


def out_of_reach(reach: Reach, matrix: FeatureMatrix) -> list[str]:
    """Return for each row why it lies outside what was trained on, or an empty text.

    Raises:
        ValueError: if the matrix has other features than the training games.
    """
    if matrix.names != reach.names:
        raise ValueError("the features are not those of the training games")
    distances = reach.distances(matrix.values)
    z = reach.standardised(matrix.values)
    missing: BoolArray = ~np.isfinite(matrix.values) & reach.needed
    reasons = []
    for row, distance in enumerate(distances.tolist()):
        if missing[row].any():
            lacking = [reach.names[column] for column in np.flatnonzero(missing[row])]
            reasons.append(f"nothing is known of {', '.join(lacking[:5])}, which training had")
        elif distance > reach.limit:
            most = np.argsort(-np.abs(z[row]))[:3].tolist()
            told = ", ".join(f"{reach.names[column]} {z[row, column]:+.1f}" for column in most)
            reasons.append(
                f"distance {distance:.2f} from the games it was trained on, of which "
                f"{WITHIN:.1%} lie within {reach.limit:.2f}; furthest off, in standard "
                f"deviations: {told}"
            )
        else:
            reasons.append("")
    return reasons
