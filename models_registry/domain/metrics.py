"""How good probabilities were, by proper scores, always on games that have been played."""

from dataclasses import asdict, dataclass

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, IntArray

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


@dataclass(frozen=True, slots=True)
class OutcomeScores:
    """The figures of one set of probabilities of several ordered outcomes."""

    log_loss: float
    brier: float
    rps: float
    accuracy: float
    calibration_error: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name, rounded to six places."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def outcome_losses(probability: FloatArray, outcome: IntArray) -> FloatArray:
    """Return the log loss of each row of (n, k) probabilities, in nats.

    `outcome` is the number of the column that happened.

    >>> outcome_losses(np.array([[0.5, 0.3, 0.2]]), np.array([0])).round(4)
    array([0.6931])
    """
    said = probability[np.arange(len(outcome)), outcome]
    return -np.log(np.clip(said, CLOSEST_TO_CERTAIN, 1.0))


def outcome_briers(probability: FloatArray, outcome: IntArray) -> FloatArray:
    """Return each row's squared distance to what happened, summed over the outcomes (Brier 1950).

    For two outcomes that is twice the `brier` of `score`, which looks at one side.

    >>> outcome_briers(np.array([[0.5, 0.3, 0.2]]), np.array([0])).round(4)
    array([0.38])
    """
    return np.asarray(((probability - _one_hot(probability, outcome)) ** 2).sum(axis=1))


def ranked_probability_scores(probability: FloatArray, outcome: IntArray) -> FloatArray:
    """Return the ranked probability score of each row of (n, k) probabilities, 0 to 1.

    The columns are in the order of the outcomes (home, draw, away): the squared distances of
    the cumulated probabilities, divided by k - 1, so that a near miss costs less than a far one.
    For two outcomes it is the Brier score of one side.

    Epstein (1969); Constantinou and Fenton (2012), "Solving the problem of inadequate scoring
    rules for assessing probabilistic football forecast models".

    >>> said = np.array([[1.0, 0.0, 0.0], [0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.35, 0.3, 0.35]])
    >>> ranked_probability_scores(said, np.array([0, 0, 0, 1])).round(4)
    array([0.    , 0.005 , 0.025 , 0.1225])
    """
    apart = np.cumsum(probability - _one_hot(probability, outcome), axis=1)[:, :-1]
    return np.asarray((apart**2).sum(axis=1) / (probability.shape[1] - 1))


def score_outcomes(probability: FloatArray, outcome: IntArray) -> OutcomeScores:
    """Return the figures of (n, k) probabilities; `outcome` numbers the column that happened.

    Accuracy takes the likeliest outcome, the first where two are equal. The calibration error is
    the mean of the columns' own (class-wise, Kull et al. 2019).

    Raises:
        ValueError: if there is nothing to score, a probability is missing, or a row does not sum
            to one.

    >>> score_outcomes(np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]), np.array([0, 1])).as_dict()
    {'log_loss': 0.94856, 'brier': 0.58, 'rps': 0.145, 'accuracy': 0.5, 'calibration_error': 0.3}
    """
    if not len(probability):
        raise ValueError("there are no games to score")
    if not np.isfinite(probability).all():
        raise ValueError("a game has no probability")
    if not np.allclose(probability.sum(axis=1), 1.0, rtol=0, atol=1e-6):
        raise ValueError("the probabilities of a game do not sum to one")
    happened = _one_hot(probability, outcome)
    errors = [
        calibration_error(probability[:, column], happened[:, column])
        for column in range(probability.shape[1])
    ]
    return OutcomeScores(
        log_loss=float(outcome_losses(probability, outcome).mean()),
        brier=float(outcome_briers(probability, outcome).mean()),
        rps=float(ranked_probability_scores(probability, outcome).mean()),
        accuracy=float((probability.argmax(axis=1) == outcome).mean()),
        calibration_error=float(np.mean(errors)),
    )


def _one_hot(probability: FloatArray, outcome: IntArray) -> BoolArray:
    return np.asarray(np.arange(probability.shape[1]) == outcome[:, None])


def interval_of_mean(
    values: FloatArray,
    *,
    blocks: IntArray | None = None,
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a bootstrap interval of a mean, by percentiles (Efron 1979); seeded, so repeatable.

    Given the losses of two models on the same games, the values are their differences. Games that
    are not independent (those of one day, under one set of ratings) share a number in `blocks`
    and are drawn together.

    >>> interval_of_mean(np.array([1.0, 1.0, 1.0]))
    (1.0, 1.0)
    >>> values = np.tile([1.0, 1.0, 0.0, 0.0], 25)
    >>> alone, together = (
    ...     interval_of_mean(values, blocks=blocks) for blocks in (None, np.arange(100) // 2)
    ... )
    >>> together[1] - together[0] > 1.3 * (alone[1] - alone[0])
    True
    """
    rng = np.random.default_rng(seed)
    sums: FloatArray = values
    counts: FloatArray = np.ones(len(values))
    if blocks is not None:
        _, number = np.unique(blocks, return_inverse=True)
        sums = np.asarray(np.bincount(number, weights=values), np.float64)
        counts = np.asarray(np.bincount(number), np.float64)
    # A hundred resamples at a time: all at once would be gigabytes for a long record.
    means = np.empty(rounds)
    for start in range(0, rounds, 100):
        many = min(100, rounds - start)
        drawn: IntArray = rng.integers(0, len(sums), size=(many, len(sums)))
        means[start : start + many] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def share_of_gap_closed(*, model: float, elo: float, close: float) -> float:
    """Return how far from Elo to the close a model's log loss gets: 0 is Elo, 1 the close.

    >>> round(share_of_gap_closed(model=0.6244, elo=0.6415, close=0.6073), 2)
    0.5
    """
    return (elo - model) / (elo - close)
