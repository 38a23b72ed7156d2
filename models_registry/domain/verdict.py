"""What a record proves, in a sentence: intervals, differences, and how many events are missing."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.logistic import fit_logistic, log_odds_of, probability_of
from models_registry.domain.metrics import (
    CALIBRATION_BINS,
    CLOSEST_TO_CERTAIN,
    interval_of_mean,
    losses,
    outcome_briers,
    outcome_losses,
    ranked_probability_scores,
)

# With fewer days than this an interval is itself a guess.
FEWEST_DAYS = 30
# Standard normal quantiles: a two-sided test at 5 % that finds a true difference 4 times in 5.
FOR_95_PERCENT = 1.959964
FOR_80_PERCENT_POWER = 0.841621
# More than the events of all leagues in a lifetime: said as what it is, not as a number.
BEYOND_REACH = 10_000_000
ROUNDS = 2000


def event_scores(probability: FloatArray, happened: BoolArray) -> dict[str, FloatArray]:
    """Return log loss, Brier score and accuracy of each event, by name: shape (n,) each.

    Their means are the figures of `metrics.score`.
    """
    return {
        "log_loss": losses(probability, happened),
        "brier": (probability - happened) ** 2,
        "accuracy": ((probability > 0.5) == happened).astype(np.float64),
    }


def ordered_event_scores(probability: FloatArray, outcome: IntArray) -> dict[str, FloatArray]:
    """Return log loss, Brier score, RPS and accuracy of each event with (n, k) probabilities.

    Their means are the figures of `metrics.score_outcomes`.
    """
    return {
        "log_loss": outcome_losses(probability, outcome),
        "brier": outcome_briers(probability, outcome),
        "rps": ranked_probability_scores(probability, outcome),
        "accuracy": (probability.argmax(axis=1) == outcome).astype(np.float64),
    }


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a model's log loss differs from another's on the same events: model minus other.

    `low` and `high` are the ends of the 95 % interval, `error` the standard error with days as
    clusters; `more_events` how many further events it
    would take to tell a difference of this size (see `compare`), None where it is told already
    or no number in reach would do.
    """

    kind: str
    difference: float
    low: float
    high: float
    events: int
    more_events: int | None
    error: float = 0.0

    def words(self, against: str) -> str:
        """Return the verdict as a sentence without its full stop.

        >>> Verdict("worse", 0.02, 0.0148, 0.0249, 900, None).words("Elo")
        'worse than Elo by 0.0200 in log loss over 900 events (95 % interval 0.0148 to 0.0249)'
        """
        size, ends = abs(self.difference), sorted((abs(self.low), abs(self.high)))
        if self.kind == "unknown":
            return f"too few days to say how it stands to {against}: {self.events:,} events"
        if self.kind != "not distinguishable":
            return (
                f"{self.kind} than {against} by {size:.4f} in log loss over {self.events:,} "
                f"events (95 % interval {ends[0]:.4f} to {ends[1]:.4f})"
            )
        told = (
            f"about {self.more_events:,} more events needed to tell a difference of this size"
            if self.more_events is not None
            else "no number of events in reach would tell a difference this small"
        )
        return (
            f"not distinguishable from {against} over {self.events:,} events (log loss "
            f"{self.difference:+.4f}, 95 % interval {self.low:+.4f} to {self.high:+.4f}); {told}"
        )


def compare(mine: FloatArray, other: FloatArray, days: IntArray) -> Verdict:
    """Return how the losses of one model differ from another's on the same events.

    The interval is a paired bootstrap that draws whole days. With V the variance of a mean of
    paired differences (days as clusters) over n events, telling a difference d at 5 % with 80 %
    power takes N = (1.96 + 0.84)^2 n V / d^2 events; `more_events` is N - n to two digits.

    >>> worse = compare(np.full(60, 0.7), np.full(60, 0.6), np.arange(60))
    >>> worse.kind, round(worse.low, 4)
    ('worse', 0.1)
    >>> noise = np.tile([0.3, -0.28], 200)
    >>> compare(0.6 + noise, np.full(400, 0.6), np.arange(400)).more_events
    6200
    """
    difference = mine - other
    count, mean = len(difference), float(difference.mean())
    low, high = interval_of_mean(difference, blocks=days, rounds=ROUNDS)
    _, number = np.unique(days, return_inverse=True)
    by_day = np.bincount(number, weights=difference - mean)
    variance = float((by_day**2).sum()) / count**2
    error = variance**0.5
    if number.max() + 1 < FEWEST_DAYS:
        return Verdict("unknown", mean, low, high, count, None, error)
    if low > 0 or high < 0:
        return Verdict("worse" if low > 0 else "better", mean, low, high, count, None, error)
    power = (FOR_95_PERCENT + FOR_80_PERCENT_POWER) ** 2
    # A difference of nothing is never told; the smallest float stands in for it.
    needed = power * count * variance / max(mean**2, 1e-300)
    if needed > BEYOND_REACH:
        return Verdict("not distinguishable", mean, low, high, count, None, error)
    more = max(needed - count, 1.0)
    digits = 10 ** max(int(np.log10(more)) - 1, 0)
    more_events = round(more / digits) * digits
    return Verdict("not distinguishable", mean, low, high, count, more_events, error)


def calibration_line(
    probability: FloatArray, happened: BoolArray, days: IntArray
) -> dict[str, dict[str, Any]]:
    """Return slope and intercept of what happened on the log-odds said, each with its interval.

    Honest probabilities have slope 1 and intercept 0; a slope below 1 says too much (Cox 1958,
    "Two further applications of a model for binary regression"). The intervals are 95 % Wald
    intervals with a covariance that takes each day as one cluster (Liang and Zeger 1986).
    """
    p = np.clip(probability, CLOSEST_TO_CERTAIN, 1 - CLOSEST_TO_CERTAIN)
    said = log_odds_of(p)
    # The smallest ridge keeps the slope finite where everything that happened was favoured.
    weights = fit_logistic(said[:, None], happened, ridge=1e-6)
    design = np.column_stack([np.ones(len(said)), said])
    fitted = probability_of(design @ weights)
    bread = np.linalg.pinv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    _, number = np.unique(days, return_inverse=True)
    scores = design * (happened - fitted)[:, None]
    by_day = np.column_stack([np.bincount(number, weights=column) for column in scores.T])
    errors = np.sqrt(np.diag(bread @ (by_day.T @ by_day) @ bread))
    return {
        name: {
            "value": round(float(value), 4),
            "interval": _rounded(
                float(value - FOR_95_PERCENT * error), float(value + FOR_95_PERCENT * error), 4
            ),
        }
        for name, value, error in zip(
            ("calibration_intercept", "calibration_slope"), weights, errors, strict=True
        )
    }


def chance_of_calibration_error(probability: FloatArray) -> float:
    """Return the calibration error that perfectly honest probabilities would show by chance.

    The mean of |said - seen| in a bin of so many events, by the normal approximation:
    sqrt(2 / pi) of its standard deviation.

    >>> round(chance_of_calibration_error(np.full(1300, 0.55)), 4)
    0.011
    """
    bins = np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    variance = np.bincount(
        bins, weights=probability * (1 - probability), minlength=CALIBRATION_BINS
    )
    return float(np.sqrt(2 / np.pi * variance).sum() / len(probability))


def intervals_of(scores: dict[str, FloatArray], days: IntArray) -> dict[str, list[float]]:
    """Return the 95 % interval of the mean of each score, whole days drawn together."""
    return {
        name: _rounded(*interval_of_mean(values, blocks=days, rounds=ROUNDS), 6)
        for name, values in scores.items()
    }


AGAINST = {"close": "the market", "elo": "Elo"}


def verdict_on(
    model: dict[str, FloatArray], others: dict[str, dict[str, FloatArray]], days: IntArray
) -> dict[str, Any]:
    """Return what the scores of a model prove beside those of others on the same events.

    Scores are by name, as `event_scores` gives them; `others` by who, "close" or "elo" or as they
    should be called. Of each other: the verdict on log loss, and difference and interval of every
    score. `words` is the sentence about the first of them.
    """
    told: dict[str, Any] = {"words": "", "intervals": {"model": intervals_of(model, days)}}
    for who, scores in others.items():
        found = compare(model["log_loss"], scores["log_loss"], days)
        words = found.words(AGAINST.get(who, who))
        told["words"] = told["words"] or words
        told["intervals"][who] = intervals_of(scores, days)
        told[who] = {
            "words": words,
            "kind": found.kind,
            "events": found.events,
            "more_events": found.more_events,
            "difference": round(found.difference, 6),
            "error": round(found.error, 6),
            "differences": {
                name: {
                    "difference": round(float((model[name] - scores[name]).mean()), 6),
                    "interval": interval,
                }
                for name, interval in intervals_of(
                    {name: model[name] - scores[name] for name in scores}, days
                ).items()
            },
        }
    return told


def judge(
    happened: BoolArray,
    days: IntArray,
    *,
    model: FloatArray,
    elo: FloatArray,
    close: FloatArray | None,
) -> dict[str, Any]:
    """Return the verdict on probabilities of one side, beside Elo and, where known, the close.

    All on the same events; `calibration` has slope and intercept of the model, and what
    calibration error honest probabilities would show by chance.
    """
    others = {"close": close, "elo": elo}
    return verdict_on(
        event_scores(model, happened),
        {who: event_scores(p, happened) for who, p in others.items() if p is not None},
        days,
    ) | {
        "calibration": calibration_line(model, happened, days)
        | {"error_by_chance": round(chance_of_calibration_error(model), 6)}
    }


def _rounded(low: float, high: float, places: int) -> list[float]:
    return [round(low, places), round(high, places)]
