"""How much to believe each bookmaker, learned from how well its prices foretold what came.

All arrays are (events, books, outcomes), NaN where a book does not price an event: `early` are
margin-free probabilities some time before the start, `late` those at the start. An event's target
is either what the *other* books said at the start, or its result. The measure is the divergence of
a forecast q from a target p, sum(p log(p / q)), in nats: for a result minus the log of the
probability that came true.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import FloatArray, IntArray

# Events at which a book's own record counts as much as the belief that all are alike.
SHRINK = 200.0
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 10.0
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Records:
    """One entry a book: how many events judged it, how far off it was, and what weight follows.

    `error` is the mean divergence, `relative` that against the average book on the same events;
    the weights' mean is one over the judged books.
    """

    events: IntArray
    error: FloatArray
    relative: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of weights on the same events; `gain` is old score minus new, with 95 % of it."""

    old: float
    new: float
    gain_low: float
    gain_high: float
    events: int

    @property
    def is_better(self) -> bool:
        """Say whether the new weights foretold better, beyond what chance explains."""
        return self.gain_low > 0.0


def divergence(target: FloatArray, forecast: FloatArray) -> FloatArray:
    """Return sum(p log(p / q)) over the last axis; an outcome of target 0 adds nothing.

    >>> divergence(np.array([0.5, 0.5]), np.array([0.5, 0.5])).item()
    0.0
    >>> round(divergence(np.array([1.0, 0.0]), np.array([0.8, 0.2])).item(), 4)
    0.2231
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(target > 0.0, target * np.log(target / forecast), 0.0)
    return np.asarray(parts.sum(axis=-1))


def records(early: FloatArray, target: FloatArray) -> Records:
    """Return each book's record and weight; `target` as `close_without` or `outcome` gives it.

    With r the book's divergence relative to the average book on the same n events, its weight is
    (n / r + SHRINK) / (n + SHRINK): equal for all without a record, inverse to the error with a
    long one. Weights are kept within LEAST_WEIGHT and MOST_WEIGHT.
    """
    each = divergence(target, early)
    judged = ~np.isnan(early).any(axis=-1) & ~np.isnan(target).any(axis=-1)
    # One book alone cannot be compared with anybody.
    judged &= judged.sum(axis=1, keepdims=True) >= 2
    each = np.where(judged, each, 0.0)
    count = judged.sum(axis=0)
    of_event = each.sum(axis=1) / np.maximum(judged.sum(axis=1), 1)
    own = each.sum(axis=0)
    average = (of_event[:, None] * judged).sum(axis=0)
    known = (count > 0) & (average > 0.0)
    relative = np.where(known, own / np.where(known, average, 1.0), 1.0)
    weight = (count / np.maximum(relative, 1e-9) + SHRINK) / (count + SHRINK)
    if known.any():
        weight = weight / weight[known].mean()
    return Records(
        events=count.astype(np.int64),
        error=np.where(count > 0, own / np.maximum(count, 1), np.nan),
        relative=relative,
        weight=np.clip(weight, LEAST_WEIGHT, MOST_WEIGHT),
    )


def close_without(late: FloatArray) -> FloatArray:
    """Return for each book the close of all others, each with one voice; NaN where nobody is left.

    So no book is judged against a close that it made itself.
    """
    return _mean_without(late, np.ones(late.shape[1]))


def outcome(result: IntArray, like: FloatArray) -> FloatArray:
    """Return results (the index of the outcome that came true) as targets of every book."""
    happened = np.zeros((len(result), like.shape[2]))
    happened[np.arange(len(result)), result] = 1.0
    return np.broadcast_to(happened[:, None, :], like.shape).copy()


def scores_by_close(early: FloatArray, late: FloatArray, weight: FloatArray) -> FloatArray:
    """Return how well the weighted consensus foretold the close, by event; NaN where it cannot.

    Each book's own close is foretold by the others' early prices, and the mean taken over books.
    """
    forecast = _mean_without(early, weight)
    each = divergence(late, forecast)
    known = ~np.isnan(late).any(axis=-1) & ~np.isnan(forecast).any(axis=-1)
    count = known.sum(axis=1)
    total = np.where(known, each, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def scores_by_result(early: FloatArray, result: IntArray, weight: FloatArray) -> FloatArray:
    """Return minus the log of what the weighted consensus gave the result, by event."""
    sums, weights = _weighted(early, weight)
    forecast = _normal(sums.sum(axis=1) / _positive(weights.sum(axis=1)))
    return np.asarray(-np.log(forecast[np.arange(len(result)), result]))


def compare(old: FloatArray, new: FloatArray) -> Comparison:
    """Return the comparison of two sets of scores of the same events, bootstrapped over events.

    Raises:
        ValueError: if no event has both scores.
    """
    both = ~np.isnan(old) & ~np.isnan(new)
    if not both.any():
        raise ValueError("no event can be scored with both sets of weights")
    gain = (old - new)[both]
    rng = np.random.default_rng(1)
    draws = [gain[rng.integers(0, len(gain), len(gain))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Comparison(
        old=float(old[both].mean()),
        new=float(new[both].mean()),
        gain_low=float(low),
        gain_high=float(high),
        events=int(both.sum()),
    )


def _weighted(values: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted log-probabilities, 0 where a book is silent, and the weights that spoke."""
    spoke = np.asarray(~np.isnan(values).any(axis=-1))
    given = np.where(spoke, weight[None, :], 0.0)[..., None]
    return np.where(
        spoke[..., None], given * np.log(np.where(spoke[..., None], values, 1.0)), 0.0
    ), given


def _mean_without(values: FloatArray, weight: FloatArray) -> FloatArray:
    sums, given = _weighted(values, weight)
    rest = given.sum(axis=1, keepdims=True) - given
    return _normal((sums.sum(axis=1, keepdims=True) - sums) / _positive(rest))


def _positive(weight: FloatArray) -> FloatArray:
    return np.asarray(np.where(weight > 1e-12, weight, np.nan))


def _normal(logs: FloatArray) -> FloatArray:
    values = np.exp(logs)
    return np.asarray(values / values.sum(axis=-1, keepdims=True))
