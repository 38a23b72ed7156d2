"""Taking the bookmaker's margin out of prices, on whole slates at once.

Every method takes prices of shape (n books, k outcomes) and answers probabilities of the same
shape that sum to one in each row. The rules that hold for all of them:

* NaN is an outcome that the row does not have (a two-way book in a three-column array); its
  probability is 0.0.
* A price at or below 1, an infinite price, or a row with fewer than two prices has no answer:
  `UnusableBook` names the first such row. `answerable` says beforehand which rows have one.
* A row whose implied probabilities sum to one or less (an arbitrage) has no margin to explain by
  any bias, so every method scales it proportionally.
* No outcome gets less than `SMALLEST`, so a logarithm or a fair price of the answer is finite.
* The worst case of several methods is the exception to the sum: it comes to one or less.

docs/algorithms/margins.md has a worked table.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from odds.domain.margins.solvers import METHODS, FloatArray

SMALLEST = 1e-12
WORST_OF = "|"
# Books solved together: few enough to stay in the processor's cache, and a hard one holds up few.
_CHUNK = 4096


class UnusableBook(ValueError):
    """A row of prices from which no probabilities follow."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"row {row}: {reason}")
        self.row = row
        self.reason = reason


class UnknownMethod(ValueError):
    """A margin method that nobody defined."""


def overround(prices: FloatArray) -> FloatArray:
    """Return the sum of implied probabilities minus one, shape (n,); NaN prices do not count.

    >>> overround(np.array([[1.90, 2.00], [2.10, 2.00]])).round(4)
    array([ 0.0263, -0.0238])
    """
    return np.asarray(np.nansum(1.0 / prices, axis=1) - 1.0)


def answerable(prices: FloatArray) -> NDArray[np.bool_]:
    """Return which rows `remove_margin` can answer, shape (n,).

    >>> answerable(np.array([[1.9, 2.0], [1.0, 9.0], [1.9, np.nan]])).tolist()
    [True, False, False]
    """
    present = ~np.isnan(prices)
    right = (prices > 1.0) & np.isfinite(prices)
    return np.asarray((right | ~present).all(axis=1) & (present.sum(axis=1) >= 2))


def read_method(text: str) -> list[dict[str, float]]:
    """Return the blends that a method's name asks for, each its methods' weights, summing to one.

    A name is a key of METHODS, or several joined by `+`, each with a weight before `*` if wanted: a
    blend. Several of these joined by `|` are the worst case of them: more than one is returned.

    Raises:
        UnknownMethod: naming the part that is no method or has no weight above zero.

    >>> read_method("shin")
    [{'shin': 1.0}]
    >>> read_method("3*shin+power|multiplicative")
    [{'shin': 0.75, 'power': 0.25}, {'multiplicative': 1.0}]
    """
    return [_read_blend(part) for part in text.split(WORST_OF)]


def is_worst_case(method: str) -> bool:
    """Say whether a method's probabilities come to less than one, and are not to be scaled up.

    >>> is_worst_case("shin+power"), is_worst_case("shin|power")
    (False, True)
    """
    return WORST_OF in method


def _read_blend(text: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in text.split("+"):
        number, star, name = part.rpartition("*")
        name = name.strip()
        try:
            weight = float(number) if star else 1.0
        except ValueError:
            weight = 0.0
        if name not in METHODS or not 0.0 < weight < 1e6:
            raise UnknownMethod(
                f"{part.strip()!r} is no margin method; use some of {', '.join(METHODS)}, "
                "a blend such as 2*shin+power, or the worst case of several: shin|power"
            )
        weights[name] = weights.get(name, 0.0) + weight
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def remove_margin(prices: FloatArray, method: str) -> FloatArray:
    """Return the probabilities behind decimal prices; both of shape (n, k).

    `method` is what `read_method` reads: a key of METHODS; a weighted blend of several, which is
    the weighted mean of their probabilities; or the worst case of several, per outcome the lowest
    probability that any of them gives it: what the most sceptical believes about a bet on that
    outcome alone. The outcomes' worst cases are of different methods, so such a row sums to one or
    less, is no distribution and is never scaled to one. The rules for absent outcomes, arbitrages
    and useless rows are at the top of this module.

    Raises:
        UnusableBook: naming the first row with a price at or below 1 or with fewer than two.
        UnknownMethod: if the method is unknown.

    >>> remove_margin(np.array([[2.7, 2.3, 4.4]]), "shin").round(5)
    array([[0.35934, 0.42324, 0.21741]])
    >>> remove_margin(np.array([[1.91, 1.91, np.nan]]), "power").round(5)
    array([[0.5, 0.5, 0. ]])
    >>> remove_margin(np.array([[2.7, 2.3, 4.4]]), "multiplicative|shin|power").round(5)
    array([[0.35874, 0.42113, 0.2171 ]])
    """
    blends = read_method(method)
    prices = np.asarray(prices, dtype=np.float64)
    if prices.ndim != 2:
        raise ValueError(f"prices must have shape (books, outcomes), not {prices.shape}")
    answer = np.empty(prices.shape)
    for start in range(0, len(prices), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        # Outcomes first, each a contiguous run: see solvers.py.
        columns = np.ascontiguousarray(prices[chunk].T)
        plain = bool(((columns > 1.0) & (columns < np.inf)).all()) and len(columns) > 1
        if not plain:
            _refuse_useless(prices[chunk], start)
        implied = 1.0 / columns
        absent = None if plain else np.isnan(implied)
        if absent is not None:
            implied[absent] = 0.0
        lowest = _solve(implied, absent, blends[0])
        for weights in blends[1:]:
            np.minimum(lowest, _solve(implied, absent, weights), out=lowest)
        answer[chunk] = lowest.T
    return answer


def _solve(
    implied: FloatArray, absent: NDArray[np.bool_] | None, weights: Mapping[str, float]
) -> FloatArray:
    """Return the probabilities of one chunk by one blend; `absent` is None where nothing is."""
    total = implied.sum(axis=0)
    with_margin = total > 1.0
    if with_margin.all():
        probability = _blend(implied, total, weights)
    else:
        probability = implied / total
        if with_margin.any():
            probability[:, with_margin] = _blend(
                implied[:, with_margin], total[with_margin], weights
            )
    probability = np.maximum(probability, SMALLEST)
    if absent is not None:
        probability[absent] = 0.0
    probability /= probability.sum(axis=0)
    return probability


def _blend(implied: FloatArray, total: FloatArray, weights: Mapping[str, float]) -> FloatArray:
    parts = [weight * METHODS[name](implied, total) for name, weight in weights.items()]
    return np.asarray(parts[0] if len(parts) == 1 else np.sum(parts, axis=0))


def _refuse_useless(prices: FloatArray, first_row: int) -> None:
    """Raise UnusableBook where a row has no answer; rows count from `first_row`."""
    fine = answerable(prices)
    if fine.all():
        return
    row = int(np.argmin(fine))
    present = prices[row][~np.isnan(prices[row])]
    wrong = present[~((present > 1.0) & np.isfinite(present))]
    if len(wrong):
        raise UnusableBook(first_row + row, f"price {wrong[0]:g} is not a finite number above 1")
    raise UnusableBook(first_row + row, "fewer than two outcomes have a price")
