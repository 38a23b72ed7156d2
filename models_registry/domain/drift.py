"""Whether a version still meets the world it was trained for, as plain figures with bounds.

Each reading has a figure, a bound from which to warn and one from which to pause. Chance is taken
off first: a small sample differs from any other, and that is no drift. docs/algorithms/drift.md
has the formulas and a worked table.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import gammaincinv

from models_registry.domain.drift_bounds import FINE, LEVELS, Bounds
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.metrics import losses

BINS = 10
# What no drift at all stays below this often, for one feature.
SURE = 0.999


@dataclass(frozen=True, slots=True)
class Reading:
    """One question, its figure (the higher the worse), its bounds, and what it says in words."""

    name: str
    figure: float | None
    warn: float | None
    pause: float | None
    level: str
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return the reading as it is stored."""
        return asdict(self)


def reading(name: str, figure: float, bounds: Bounds, words: str) -> Reading:
    """Return a reading at its level; a figure that is not known is None, and fine."""
    known = None if np.isnan(figure) else round(float(figure), 4)
    return Reading(name, known, bounds.warn, bounds.pause, bounds.level(figure), words)


def worst(levels: list[str]) -> str:
    """Return the highest of some levels, fine of none."""
    return max(levels, key=LEVELS.index, default=FINE)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a sample's distribution lies from a reference's.

    `psi` is the population stability index, `chance` what two samples of these sizes from one
    distribution stay below 99.9 % of the time, `excess` what of `psi` is above that.
    """

    psi: float
    chance: float

    @property
    def excess(self) -> float:
        """What cannot be chance, never below zero."""
        return max(self.psi - self.chance, 0.0)


def shift(reference: FloatArray, sample: FloatArray) -> Shift:
    """Return the population stability index of a sample against a reference's deciles.

    The sum over bins of (a - b) ln(a / b), a and b being the shares of sample and reference; what
    is unknown (NaN) is a bin of its own. Every bin counts half a game more, so that an empty one
    does not say infinity. Under no drift the index times n m / (n + m) is near chi-squared with a
    degree less than there are bins (Yurdakul 2018, "Statistical Properties of PSI").

    >>> rng = np.random.default_rng(1)
    >>> same = shift(rng.normal(size=5000), rng.normal(size=300))
    >>> moved = shift(rng.normal(size=5000), rng.normal(1.0, 1.0, size=300))
    >>> same.excess, bool(moved.excess > 0.5)
    (0.0, True)
    """
    known = reference[np.isfinite(reference)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if known.size else known
    counts = [_counts(values, edges) for values in (reference, sample)]
    used: BoolArray = (counts[0] + counts[1]) > 0
    before, after = (each[used] + 0.5 for each in counts)
    a, b = after / after.sum(), before / before.sum()
    psi = float(((a - b) * np.log(a / b)).sum())
    n, m = len(sample), len(reference)
    free = max(int(used.sum()) - 1, 1)
    # The inverse of chi-squared, by the gamma function that it is.
    most = 2 * float(gammaincinv(free / 2, SURE))
    return Shift(psi, most * (1 / n + 1 / m))


def _counts(values: FloatArray, edges: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    # Closed above: a value that many share falls below its own edge, not above it.
    bins = np.where(known, np.searchsorted(edges, values, side="left"), len(edges) + 1)
    return np.bincount(bins, minlength=len(edges) + 2).astype(np.float64)


def home_bias(probability: FloatArray, happened: BoolArray) -> float:
    """Return by how many standard errors home wins lie off their expected number; signed.

    >>> round(home_bias(np.full(100, 0.5), np.arange(100) < 60), 2)
    2.0
    """
    spread = np.sqrt((probability * (1 - probability)).sum())
    return float((happened - probability).sum() / spread)


def spiegelhalter(probability: FloatArray, happened: BoolArray) -> float:
    """Return Spiegelhalter's Z (1986): the Brier score's distance from what calibration expects.

    Near standard normal of calibrated probabilities; above zero, they are too sure of themselves.

    >>> round(spiegelhalter(np.tile([0.9, 0.1], 50), np.arange(100) < 50), 2)
    13.33
    """
    off = ((happened - probability) * (1 - 2 * probability)).sum()
    spread = np.sqrt(((1 - 2 * probability) ** 2 * probability * (1 - probability)).sum())
    return float(off / spread) if spread else 0.0


def worse_than_record(gap: FloatArray, record: float, days: IntArray) -> float:
    """Return by how many standard errors the mean of some gaps lies above a record.

    `gap` is what the model lost less what the market lost on each event; `days` number the days:
    events of a day rest on one set of ratings, so a day counts as one. NaN below ten days.

    >>> round(worse_than_record(np.tile([0.0, 0.2], 50), 0.05, np.arange(100)), 2)
    4.97
    """
    _, number = np.unique(days, return_inverse=True)
    count = int(number.max()) + 1 if len(number) else 0
    if count < BINS:
        return float("nan")
    over = np.bincount(number, weights=gap - record)
    # The mean over events and its error, days being drawn whole (ratio estimator).
    mean = over.sum() / len(gap)
    left = over - mean * np.bincount(number)
    error = np.sqrt((left**2).sum() * count / (count - 1)) / len(gap)
    return float(mean / error) if error else 0.0


def value_against_close(model: FloatArray, market: FloatArray, close: FloatArray) -> FloatArray:
    """Return the CLV of backing what the model likes more than the market did, at fair prices.

    All are the home side's probabilities: the model's, the market's at the same moment, and the
    close's. The price taken is 1 / the market's probability of that side, so the CLV is the
    close's probability over it, less one: above zero where the market came to agree.

    >>> value_against_close(*(np.array([p]) for p in (0.6, 0.5, 0.55))).round(2).tolist()
    [0.1]
    >>> value_against_close(*(np.array([p]) for p in (0.4, 0.5, 0.55))).round(2).tolist()
    [-0.1]
    """
    liked: BoolArray = model > market
    taken = np.where(liked, market, 1 - market)
    return np.where(liked, close, 1 - close) / taken - 1


def rolling_gap(
    probability: FloatArray,
    close: FloatArray,
    happened: BoolArray,
    days: IntArray,
    *,
    window: int,
    fewest: int,
) -> list[dict[str, float]]:
    """Return for each day with events the mean losses over the window that ends with it.

    `days` count from any origin, in order; `window` is in days. Each row has `day`, `count`, the
    model's and the market's log loss, and a 95 % interval of their difference by the normal. Days
    with fewer than `fewest` events in their window are left out.
    """
    mine, market = losses(probability, happened), losses(close, happened)
    gap = mine - market
    rows = []
    for day in np.unique(days).tolist():
        within: BoolArray = (days <= day) & (days > day - window)
        count = int(within.sum())
        if count < fewest:
            continue
        error = float(gap[within].std(ddof=1)) / count**0.5
        mean = float(gap[within].mean())
        rows.append(
            {
                "day": day,
                "count": count,
                "model": round(float(mine[within].mean()), 5),
                "market": round(float(market[within].mean()), 5),
                "low": round(mean - 1.96 * error, 5),
                "high": round(mean + 1.96 * error, 5),
            }
        )
    return rows
