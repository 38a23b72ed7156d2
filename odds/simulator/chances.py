"""The simulated league's law of results: what chance each outcome has.

The home margin and the total are independent normal numbers made whole. A margin that would round
to nought goes to the side it leans to, so nobody draws; the total is the nearest whole number of
the margin's parity, so that both scores are whole.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

FloatArray = NDArray[np.float64]

MARGIN_SD = 12.0
TOTAL_SD = 17.0


def margin_at_least(points: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the chance that the home margin is at least so many (whole) points."""
    cut = np.where((points == 0) | (points == 1), 0.0, points - 0.5)
    return np.asarray(ndtr((mean - cut) / sd))


def total_at_least(
    points: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    margin_mean: FloatArray,
    margin_sd: FloatArray,
) -> FloatArray:
    """Return the chance that both teams together score at least so many (whole) points."""
    # A normal this wide, made whole, is odd half the time; then all of nought moves to odd.
    nought = ndtr((0.5 - margin_mean) / margin_sd) - ndtr((-0.5 - margin_mean) / margin_sd)
    is_odd = np.mod(points, 2)
    next_even, next_odd = points + is_odd, points + 1 - is_odd
    even = ndtr((mean - (next_even - 1)) / sd)
    odd = ndtr((mean - (next_odd - 1)) / sd)
    return np.asarray((0.5 - nought) * even + (0.5 + nought) * odd)


def home_wins(mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the chance that the home team wins."""
    return np.asarray(ndtr(mean / sd))


def home_covers(
    line: FloatArray, mean: FloatArray, sd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the chances that home wins with this handicap (-5.5: gives 5.5), and of a push."""
    least = np.floor(-line) + 1
    win = margin_at_least(least, mean, sd)
    push = np.where(line == np.floor(line), margin_at_least(least - 1, mean, sd) - win, 0.0)
    return win, push


def goes_over(
    line: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    margin_mean: FloatArray,
    margin_sd: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the chances that the total is over this line, and exactly on it."""
    least = np.floor(line) + 1
    win = total_at_least(least, mean, sd, margin_mean, margin_sd)
    at_least = total_at_least(least - 1, mean, sd, margin_mean, margin_sd)
    return win, np.where(line == np.floor(line), at_least - win, 0.0)


def final_score(margin: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return whole home and away scores from the unrounded margin and total.

    >>> final_score(np.array([-0.2, 7.4]), np.array([210.4, 221.0]))
    (array([105., 114.]), array([106., 107.]))
    """
    whole = np.rint(margin)
    whole = np.where(whole == 0, np.where(margin < 0, -1.0, 1.0), whole)
    is_odd = np.mod(whole, 2)
    both = 2 * np.rint((total - is_odd) / 2) + is_odd
    return (both + whole) / 2, (both - whole) / 2
