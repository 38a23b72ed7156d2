"""How each method takes a positive margin out; the rules common to all are in removal.py.

A solver takes implied probabilities of shape (k outcomes, n books), 0.0 where a book lacks the
outcome, and their sums of shape (n,), all above one; it answers probabilities of the same shape.
Outcomes come first so that sums over them go down columns, several times faster than along rows.

A book that is solved stays as it is while others go on: beside them it must get the bits it gets
alone, or a backtest would believe other than what live betting did.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

FloatArray = NDArray[np.float64]

_MOST_STEPS = 100
_CLOSE_ENOUGH = 1e-13
_TINY = 1e-300
# Halley's steps before a row counts as hard; an excess that two terms of a series take off.
_FEW_STEPS = 4
_NEARLY = 1e-6
_NO_SCORE = -40.0
_ROOT_OF_TWO_PI = np.sqrt(2.0 * np.pi)


def multiplicative(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Each implied probability carries the margin in proportion to itself."""
    return implied / total


def additive(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Each outcome carries the same share of the margin.

    Buchdahl's margin weights proportional to the odds ("Wisdom of the Crowd", 2015), also called
    differential margin weighting, are the same in other words: his fair price k O / (k - M O) is
    1 / (1 / O - M / k). Where that would take a longshot to zero or below, the row is answered by
    the power method.
    """
    absent = implied == 0.0
    some_absent = bool(absent.any())
    outcomes = len(implied) - absent.sum(axis=0) if some_absent else len(implied)
    share = (total - 1.0) / outcomes
    answer = implied - share
    if some_absent:
        answer[absent] = np.inf
    spoiled = answer.min(axis=0) <= 0.0
    if some_absent:
        answer[absent] = 0.0
    if spoiled.any():
        answer[:, spoiled] = power(implied[:, spoiled], total[spoiled])
    return answer


def power(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Raise every implied probability to one exponent k, such that they sum to one.

    Clarke, Kovalchik and Ingram (2017), "Adjusting bookmaker's odds to allow for overround"; in
    Buchdahl (2015), after Cheung, the "logarithmic function". Newton on log(sum(implied**k)),
    which is convex and falling in k and nearly straight: from k = 1 it never oversteps.
    """
    logs = np.full_like(implied, -np.inf)
    np.log(implied, out=logs, where=implied > 0.0)
    finite = np.where(implied > 0.0, logs, 0.0)
    exponent = np.ones_like(total)
    powers = implied
    for _ in range(_MOST_STEPS):
        powers_sum = powers.sum(axis=0)
        height = np.log(powers_sum)
        going = np.abs(height) >= _CLOSE_ENOUGH
        if not going.any():
            break
        slope = (powers * finite).sum(axis=0) / powers_sum
        exponent = exponent - height / slope
        powers = np.where(going, np.exp(logs * exponent), powers)
    return powers


def shin(implied: FloatArray, total: FloatArray) -> FloatArray:
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
        going = np.abs(excess) >= _CLOSE_ENOUGH
        if not going.any():
            break
        # d(answer)/dz = -answer (root + z - 2 squares) / (root (z + root)), absent outcomes 0/0.
        slope = answer * (root + insiders - 2.0 * squares) / (root * (insiders + root) + _TINY)
        insiders = np.minimum(insiders + excess / slope.sum(axis=0), 1.0)
        root = np.sqrt(insiders * insiders + 4.0 * (1.0 - insiders) * squares)
        # The textbook's (root - z) / 2(1 - z) loses all digits near z = 1; this form does not.
        moved = 2.0 * squares / (insiders + root + _TINY)
        answer = moved if going.all() else np.where(going, moved, answer)
    return answer


def odds_ratio(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Divide the odds for of every outcome by one ratio c.

    Cheung (2015), "Fixed-odds betting and traditional odds". The same as taking log(c) off every
    log-odds, which penaltyblog calls logarithmic and others logit. The sum is convex and falling
    in c, so Newton from c = 1 never oversteps.
    """
    against = np.where(implied > 0.0, 1.0 - implied, 1.0)
    ratio = np.ones_like(total)
    answer = implied
    for _ in range(_MOST_STEPS):
        below = implied + ratio * against
        answer = implied / below
        excess = answer.sum(axis=0) - 1.0
        going = np.abs(excess) >= _CLOSE_ENOUGH
        if not going.any():
            break
        slope = -(answer * against / below).sum(axis=0)
        ratio = np.where(going, ratio - excess / slope, ratio)
    return answer


def probit(implied: FloatArray, total: FloatArray) -> FloatArray:
    """Take one number off every outcome's z-score: p = Phi(Phi^-1(implied) - c).

    The odds-ratio method with the normal distribution in place of the logistic (Finney 1947,
    "Probit Analysis", for the transform). Halley's steps from c = 0; three do for a usual margin,
    the last by its series. The sum falls in c but is not convex
    where a favourite is above one half, so rows that these steps do not settle are bracketed.
    """
    # An absent outcome's -inf would make 0 x inf; at -40 both functions are 0 as well.
    score = np.maximum(ndtri(implied), _NO_SCORE)
    shift = np.zeros_like(total)
    answer = implied
    done, found = np.zeros(len(total), dtype=np.bool_), np.empty_like(implied)
    with np.errstate(all="ignore"):
        for _ in range(_FEW_STEPS):
            excess = answer.sum(axis=0) - 1.0
            moved = score - shift
            density = np.exp(-0.5 * moved * moved)
            height = density.sum(axis=0)
            newton = excess / height * _ROOT_OF_TWO_PI
            bend = (moved * density).sum(axis=0) / height
            step = newton / (1.0 + 0.5 * newton * bend)
            near = (np.abs(excess) < _NEARLY) & ~done
            if near.any():
                # So small a step needs no new Phi: two terms of its series are exact.
                series = density * (1.0 + 0.5 * step * moved)
                found = np.where(near, answer - series * (step / _ROOT_OF_TWO_PI), found)
                done |= near
                if done.all():
                    return found
            shift = shift + step
            answer = ndtr(score - shift)
        # NaN counts as unsettled.
        hard = ~done & ~(np.abs(answer.sum(axis=0) - 1.0) < _CLOSE_ENOUGH)
    answer = np.where(done, found, answer)
    answer[:, hard] = _probit_in_bracket(score[:, hard], implied[:, hard])
    return answer


def _probit_in_bracket(score: FloatArray, implied: FloatArray) -> FloatArray:
    """Return the same by Newton within a bracket: at `high` even k equal favourites sum to one."""
    present = implied > 0.0
    low = np.zeros(score.shape[1])
    high = score.max(axis=0) - ndtri(1.0 / present.sum(axis=0))
    shift = low
    answer = implied
    for _ in range(_MOST_STEPS):
        excess = answer.sum(axis=0) - 1.0
        going = ~(np.abs(excess) < _CLOSE_ENOUGH)
        if not going.any():
            break
        low = np.where(excess > 0.0, shift, low)
        high = np.where(excess > 0.0, high, shift)
        moved = score - shift
        slope = np.exp(-0.5 * moved * moved).sum(axis=0) / _ROOT_OF_TWO_PI
        stepped = shift + excess / np.maximum(slope, _TINY)
        # Not strictly: a solved row's next step stays where it is.
        inside = (stepped >= low) & (stepped <= high)
        shift = np.where(going, np.where(inside, stepped, (low + high) / 2.0), shift)
        answer = ndtr(score - shift)
    return answer


METHODS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "multiplicative": multiplicative,
    "additive": additive,
    "power": power,
    "shin": shin,
    "odds_ratio": odds_ratio,
    "probit": probit,
    "differential": additive,
    "logarithmic": odds_ratio,
}
