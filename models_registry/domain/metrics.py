"""How good probabilities were, by proper scores, always on games that have been played."""

from dataclasses import asdict, dataclass

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray

CALIBRATION_BINS = 10
# A probability of exactly 0 or 1 that is wrong would cost infinitely much.
CLOSEST_TO_CERTAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one set of probabilities."""

    log_loss: float
    brier: float
    accuracy: float
    calibration_error: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name, rounded to six places."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def losses(probability: FloatArray, happened: BoolArray) -> FloatArray:
    """Return the log loss of each probability, in nats.

    >>> losses(np.array([0.5, 0.8]), np.array([True, False])).round(4)
    array([0.6931, 1.6094])
    """
    p = np.clip(probability, CLOSEST_TO_CERTAIN, 1 - CLOSEST_TO_CERTAIN)
    return -np.where(happened, np.log(p), np.log1p(-p))


def calibration_error(probability: FloatArray, happened: BoolArray) -> float:
    """Return the expected calibration error over ten bins of equal width.

    In each bin: the distance between the mean probability and the share that happened, weighted
    by how many fell there (Naeini et al. 2015). Bins are closed below: 0.1 counts in the second.

    >>> round(calibration_error(np.array([0.15, 0.15, 0.75]), np.array([True, False, True])), 4)
    0.3167
    """
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    said = np.bincount(bins, weights=probability, minlength=CALIBRATION_BINS)
    seen = np.bincount(bins, weights=happened.astype(np.float64), minlength=CALIBRATION_BINS)
    return float(np.abs(said - seen).sum() / len(probability))


def calibration_curve(probability: FloatArray, happened: BoolArray) -> list[dict[str, float]]:
    """Return, for each bin that holds any: count, mean probability, share that happened."""
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return [
        {
            "count": int((bins == number).sum()),
            "said": round(float(probability[bins == number].mean()), 4),
            "happened": round(float(happened[bins == number].mean()), 4),
        }
        for number in np.unique(bins)
    ]


def score(probability: FloatArray, happened: BoolArray) -> Scores:
    """Return log loss, Brier score, accuracy and calibration error.

    Accuracy takes above one half as "it happens".

    Raises:
        ValueError: if there is nothing to score, or a probability is missing.

    >>> score(np.array([0.8, 0.4]), np.array([True, False])).as_dict()
    {'log_loss': 0.366985, 'brier': 0.1, 'accuracy': 1.0, 'calibration_error': 0.3}
    """
    if not len(probability):
        raise ValueError("there are no games to score")
    if not np.isfinite(probability).all():
        raise ValueError("a game has no probability")
    return Scores(
        log_loss=float(losses(probability, happened).mean()),
        brier=float(((probability - happened) ** 2).mean()),
        accuracy=float(((probability > 0.5) == happened).mean()),
        calibration_error=calibration_error(probability, happened),
    )


def interval_of_mean(
    values: FloatArray, *, level: float = 0.95, rounds: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return a bootstrap interval of a mean, by percentiles (Efron 1979); seeded, so repeatable.

    Given the losses of two models on the same games, the values are their differences.

    >>> interval_of_mean(np.array([1.0, 1.0, 1.0]))
    (1.0, 1.0)
    """
    rng = np.random.default_rng(seed)
    # A hundred resamples at a time: all at once would be gigabytes for a long record.
    count = len(values)
    means = np.empty(rounds)
    for start in range(0, rounds, 100):
        drawn = rng.integers(0, count, size=(min(100, rounds - start), count))
        means[start : start + len(drawn)] = values[drawn].mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def share_of_gap_closed(*, model: float, elo: float, close: float) -> float:
    """Return how far from Elo to the close a model's log loss gets: 0 is Elo, 1 the close.

    >>> round(share_of_gap_closed(model=0.6244, elo=0.6415, close=0.6073), 2)
    0.5
    """
    return (elo - model) / (elo - close)
