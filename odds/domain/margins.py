"""Taking the bookmaker's margin out of prices, on whole slates at once.

Every method takes prices of shape (n books, k outcomes) and answers probabilities of the same
shape that sum to one in each row. The rules that hold for all of them:

* NaN is an outcome that the row does not have (a two-way book in a three-column array); its
  probability is 0.0.
* A price at or below 1, an infinite price, or a row with fewer than two prices has no answer:
  `UnusableBook` names the first such row.
* A row whose implied probabilities sum to one or less (an arbitrage) has no margin to explain by
  any bias, so every method scales it proportionally.
* No outcome gets less than `SMALLEST`, so a logarithm or a fair price of the answer is finite.

docs/algorithms/margins.md has a worked table.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SMALLEST = 1e-12
_MOST_STEPS = 100
_CLOSE_ENOUGH = 1e-13
_TINY = 1e-300


class UnusableBook(ValueError):
    """A row of prices from which no probabilities follow."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"row {row}: {reason}")
        self.row = row
        self.reason = reason


def overround(prices: FloatArray) -> FloatArray:
    """Return the sum of implied probabilities minus one, shape (n,); NaN prices do not count.

    >>> overround(np.array([[1.90, 2.00], [2.10, 2.00]])).round(4)
    array([ 0.0263, -0.0238])
    """
    return np.asarray(np.nansum(1.0 / prices, axis=1) - 1.0)


def remove_margin(prices: FloatArray, method: str) -> FloatArray:
    """Return the probabilities behind decimal prices; both of shape (n, k).

    `method` is a key of METHODS. The rules for absent outcomes, arbitrages and useless rows are
    at the top of this module.

    Raises:
        UnusableBook: naming the first row with a price at or below 1 or with fewer than two.
        KeyError: if the method is unknown.

    >>> remove_margin(np.array([[2.7, 2.3, 4.4]]), "shin").round(5)
    array([[0.35934, 0.42324, 0.21741]])
    >>> remove_margin(np.array([[1.91, 1.91, np.nan]]), "power").round(5)
    array([[0.5, 0.5, 0. ]])
    """
    solve = METHODS[method]
    prices = np.asarray(prices, dtype=np.float64)
    _check(prices)
    # One contiguous run per outcome: sums over outcomes then go down columns, several times faster.
    implied = np.ascontiguousarray(np.nan_to_num(1.0 / prices, nan=0.0).T)
    total = implied.sum(axis=0)
    probability = implied / total
    with_margin = total > 1.0
    if with_margin.any() and with_margin.all():
        probability = solve(implied, total)
    elif with_margin.any():
        probability[:, with_margin] = solve(implied[:, with_margin], total[with_margin])
    absent = implied == 0.0
    probability = np.maximum(probability, SMALLEST)
    probability[absent] = 0.0
    probability /= probability.sum(axis=0)
    return np.ascontiguousarray(probability.T)


def _check(prices: FloatArray) -> None:
    if prices.ndim != 2:
        raise ValueError(f"prices must have shape (books, outcomes), not {prices.shape}")
    present = ~np.isnan(prices)
    wrong = present & ~((prices > 1.0) & np.isfinite(prices))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        price = prices[row, column]
        raise UnusableBook(int(row), f"price {price:g} is not a finite number above 1")
    lonely = present.sum(axis=1) < 2
    if lonely.any():
        raise UnusableBook(int(np.argmax(lonely)), "fewer than two outcomes have a price")


def _multiplicative(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Each implied probability carries the margin in proportion to itself."""
    return implied / total


def _additive(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Each outcome carries the same share of the margin.

    Where that would take a longshot to zero or below, the row is answered by the power method.
    """
    present = implied > 0.0
    share = (total - 1.0) / present.sum(axis=0)
    answer = np.where(present, implied - share, 0.0)
    spoiled = (present & (answer <= 0.0)).any(axis=0)
    if spoiled.any():
        answer[:, spoiled] = _power(implied[:, spoiled], total[spoiled])
    return answer


def _power(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Raise every implied probability to one exponent k, such that they sum to one.

    Clarke, Kovalchik and Ingram (2017), "Adjusting bookmaker's odds to allow for overround".
    Newton on log(sum(implied**k)), which is convex and falling in k and nearly straight: from
    k = 1 it never oversteps.
    """
    logs = np.full_like(implied, -np.inf)
    np.log(implied, out=logs, where=implied > 0.0)
    finite = np.where(implied > 0.0, logs, 0.0)
    exponent = np.ones_like(total)
    powers = implied
    for _ in range(_MOST_STEPS):
        powers_sum = powers.sum(axis=0)
        height = np.log(powers_sum)
        slope = (powers * finite).sum(axis=0) / powers_sum
        exponent = exponent - height / slope
        powers = np.exp(logs * exponent)
        if np.abs(height).max() < _CLOSE_ENOUGH:
            break
    return powers


def _shin(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Treat the margin as the bookmaker's guard against a share z of insiders.

    Shin (1992), "Prices of state contingent claims with insider traders"; the solution for z of
    Jullien and Salanie (1994). With two outcomes it has a closed form, which is the additive
    method's; otherwise Newton from z = 0 (the sum is convex and falling in z: no overstepping).
    """
    if implied.shape[0] == 2:
        return implied - (total - 1.0) / 2.0
    squares = implied * implied / total
    insiders = np.zeros_like(total)
    answer = np.sqrt(squares)
    root = answer
    for _ in range(_MOST_STEPS):
        excess = answer.sum(axis=0) - 1.0
        if np.abs(excess).max() < _CLOSE_ENOUGH:
            break
        # d(answer)/dz = -answer (root + z - 2 squares) / (root (z + root)), absent outcomes 0/0.
        slope = answer * (root + insiders - 2.0 * squares) / (root * (insiders + root) + _TINY)
        insiders = np.minimum(insiders + excess / slope.sum(axis=0), 1.0)
        root = np.sqrt(insiders * insiders + 4.0 * (1.0 - insiders) * squares)
        # The textbook's (root - z) / 2(1 - z) loses all digits near z = 1; this form does not.
        answer = 2.0 * squares / (insiders + root + _TINY)
    return answer


def _odds_ratio(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Divide the odds for of every outcome by one ratio c.

    Cheung (2015), "Fixed-odds betting and traditional odds". The sum is convex and falling in c,
    so Newton from c = 1 never oversteps.
    """
    against = np.where(implied > 0.0, 1.0 - implied, 1.0)
    ratio = np.ones_like(total)
    answer = implied
    for _ in range(_MOST_STEPS):
        below = implied + ratio * against
        answer = implied / below
        excess = answer.sum(axis=0) - 1.0
        if np.abs(excess).max() < _CLOSE_ENOUGH:
            break
        slope = -(answer * against / below).sum(axis=0)
        ratio = ratio - excess / slope
    return answer


METHODS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "multiplicative": _multiplicative,
    "additive": _additive,
    "power": _power,
    "shin": _shin,
    "odds_ratio": _odds_ratio,
}
