"""Market regimes: stretches of days in which margin, movement and our own error were alike.

A hidden Markov model with Gaussian states: each day is in one of a few regimes, which tends to
last; what is measured of a day scatters around its regime's means. Fitted by expectation and
maximisation (Baum and Welch; Rabiner 1989, "A tutorial on hidden Markov models"), the number of
regimes by the Bayesian information criterion. A mixture is the case in which no regime lasts.
docs/algorithms/regimes.md.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import FloatArray, IntArray

MOST_REGIMES = 4
FEWEST_DAYS = 30
# Live, regimes are fitted anew so often, on so many days.
REFIT_DAYS, MOST_DAYS = 28, 400
ROUNDS = 200
# A round that adds less to the log likelihood of a day ends the fit.
ENOUGH = 1e-6
# No regime is narrower than this part of the whole spread: it would be a single day.
NARROWEST = 0.05


@dataclass(frozen=True, slots=True)
class Regimes:
    """The regimes of a stretch of days, from the lowest first column to the highest. k of them.

    `label` (n,) is each day's likeliest regime, -1 for a day without every figure; it is read with
    the days after it in mind and is for looking back. `known` (n,) knows only the days before,
    though the regimes themselves were fitted on all. `mean` and `spread` (k, d) are in the units
    given. `transition` (k, k) is how a regime goes on into each, `lasts` (k,) how many days it
    stays, `part` (k,) how much of the time there is of it.
    """

    label: IntArray
    known: IntArray
    mean: FloatArray
    spread: FloatArray
    transition: FloatArray
    lasts: FloatArray
    part: FloatArray
    criterion: float

    def __len__(self) -> int:
        return len(self.part)


def regimes_of(figures: FloatArray, *, most: int = MOST_REGIMES) -> Regimes | None:
    """Return the regimes of days, whose figures (n, d) are in order of time; None with too few.

    Columns are figures of a day such as the mean overround, the mean movement of prices and the
    model's log loss less the market's. Days with a figure missing are left out, as if the day after
    followed. As many regimes as explain the days best for their number of parameters, `most` at
    most; one says that there is nothing to tell apart.
    """
    whole = np.flatnonzero(np.isfinite(figures).all(axis=1))
    if len(whole) < FEWEST_DAYS:
        return None
    centre, scale = figures[whole].mean(axis=0), figures[whole].std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    days = (figures[whole] - centre) / scale
    fits = [_fit(days, k) for k in range(1, most + 1) if len(whole) >= k * FEWEST_DAYS // 2]
    best = min(fits, key=lambda fit: fit.criterion)
    order = np.lexsort(best.mean.T[::-1])
    place = np.argsort(order)
    after, before = best.smoothed.argmax(axis=1), best.filtered.argmax(axis=1)
    label = np.full(len(figures), -1, dtype=np.int64)
    known = label.copy()
    label[whole], known[whole] = place[after], place[before]
    transition = best.transition[order][:, order]
    return Regimes(
        label=label,
        known=known,
        mean=best.mean[order] * scale + centre,
        spread=np.sqrt(best.variance[order]) * scale,
        transition=transition,
        lasts=1.0 / np.maximum(1.0 - np.diagonal(transition), 1.0 / len(whole)),
        part=best.smoothed.mean(axis=0)[order],
        criterion=best.criterion,
    )


def regimes_as_known(figures: FloatArray, *, since: int = 0) -> tuple[IntArray, IntArray]:
    """Return each day's regime as it was known when the day was over, and how many there were.

    Shapes (n,), -1 and 0 for days before `since`, for the first FEWEST_DAYS and for days of which
    too little is known. Regimes are fitted anew every REFIT_DAYS, on the MOST_DAYS before the day
    and on no later one, and a day is read with those before it alone: what comes later changes
    nothing. A column that is known of fewer than FEWEST_DAYS of those days is left out of a fit.
    """
    n = len(figures)
    label, count = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for begin in range(FEWEST_DAYS, n, REFIT_DAYS):
        end = min(begin + REFIT_DAYS, n)
        if end <= since:
            continue
        before = figures[max(begin - MOST_DAYS, 0) : begin]
        columns = np.isfinite(before).sum(axis=0) >= FEWEST_DAYS
        fit = regimes_of(before[:, columns]) if columns.any() else None
        if fit is None:
            continue
        read = _read_on(fit, figures[max(begin - MOST_DAYS, 0) : end][:, columns])
        label[begin:end] = read[-(end - begin) :]
        count[begin:end] = np.where(label[begin:end] < 0, 0, len(fit))
    label[:since], count[:since] = -1, 0
    return label, count


def regime_name(label: int, count: int) -> str:
    """Return a regime's name, from the lowest margin to the highest.

    >>> [regime_name(label, 3) for label in (0, 1, 2)]
    ['lowest margin', 'middle margin', 'highest margin']
    """
    if count == 1:
        return "one regime"
    if label in (0, count - 1):
        side = "low" if label == 0 else "high"
        return f"{side}{'er' if count == 2 else 'est'} margin"
    if count == 3:
        return "middle margin"
    return f"second {'lowest' if label == 1 else 'highest'} margin"


def _read_on(fit: Regimes, figures: FloatArray) -> IntArray:
    """Return the regime of each day by it and the days before, -1 where a figure is missing."""
    label, belief = np.full(len(figures), -1, dtype=np.int64), fit.part
    density = _log_density(figures, fit.mean, np.maximum(fit.spread, 1e-12) ** 2)
    for day in np.flatnonzero(np.isfinite(figures).all(axis=1)).tolist():
        here = belief * np.exp(density[day] - density[day].max())
        here /= here.sum()
        label[day] = here.argmax()
        belief = here @ fit.transition
    return label


@dataclass(frozen=True, slots=True)
class _Fit:
    mean: FloatArray
    variance: FloatArray
    transition: FloatArray
    filtered: FloatArray
    smoothed: FloatArray
    criterion: float


def _fit(days: FloatArray, k: int) -> _Fit:
    """Return k regimes of standardised days (n, d); it begins with equal parts, no chance in it."""
    n, d = days.shape
    # Along the direction in which days differ most, cut into as many parts as there are regimes.
    direction = np.linalg.svd(days, full_matrices=False)[2][0]
    rank = np.argsort(np.argsort(days @ direction, kind="stable"))
    smoothed = np.eye(k)[rank * k // n]
    start, transition = np.full(k, 1.0 / k), np.full((k, k), 0.1 / k) + 0.9 * np.eye(k)
    likelihood, left = -np.inf, ROUNDS
    while True:
        weight = smoothed.sum(axis=0) + 1e-9
        mean = smoothed.T @ days / weight[:, None]
        variance = smoothed.T @ days**2 / weight[:, None] - mean**2
        variance = np.maximum(variance, NARROWEST**2)
        density = _log_density(days, mean, variance)
        filtered, smoothed, pairs, reached = _read(density, start, transition)
        start = smoothed[0]
        transition = (pairs + 1e-6) / (pairs + 1e-6).sum(axis=1, keepdims=True)
        left -= 1
        if reached - likelihood < ENOUGH * n or not left:
            break
        likelihood = reached
    parameters = k * 2 * d + k * (k - 1) + k - 1
    criterion = parameters * np.log(n) - 2.0 * reached
    return _Fit(mean, variance, transition, filtered, smoothed, float(criterion))


def _log_density(days: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    apart = (days[:, None, :] - mean) ** 2 / variance + np.log(2.0 * np.pi * variance)
    return np.asarray(-0.5 * apart.sum(axis=2), dtype=np.float64)


def _read(
    density: FloatArray, start: FloatArray, transition: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return what is believed of each day by the days before, by all; transitions; likelihood."""
    highest = density.max(axis=1)
    seen = np.exp(density - highest[:, None])
    n, k = seen.shape
    filtered, scale = np.empty((n, k)), np.empty(n)
    belief = start
    for day in range(n):
        here = belief * seen[day]
        scale[day] = here.sum()
        filtered[day] = here / scale[day]
        belief = filtered[day] @ transition
    smoothed, pairs = np.empty((n, k)), np.zeros((k, k))
    smoothed[-1], ahead = filtered[-1], np.ones(k)
    for day in range(n - 2, -1, -1):
        follow = seen[day + 1] * ahead / scale[day + 1]
        pairs += filtered[day][:, None] * transition * follow
        ahead = transition @ follow
        smoothed[day] = filtered[day] * ahead
    return filtered, smoothed, pairs, float((np.log(scale) + highest).sum())
