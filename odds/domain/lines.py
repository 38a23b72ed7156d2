"""How a bet on a line ends: whole lines push, quarter lines are two half stakes.

A line is a handicap added to a side's score (home -5.5), or a total. Half lines win or lose. On a
whole line a tie returns the stake: it pushes. A quarter line (-5.25, -5.75) is two bets of half the
stake, on the lines a quarter to either side (the Asian handicap's rule). In quarters of a point
all three are one rule, which is here alone: settlement of the past, stakes and middles ask it.

Prices of a two-way market say nothing about what comes back, since it costs nobody anything: what
is left after the margin is the probability *of the stake that is decided*, w / (w + l) with w and l
the shares of the stake won and lost on average. The fair price 1 + l / w is one over it; only the
profit per unit staked is as much smaller as comes back.
"""

import numpy as np

from odds.domain.table import FloatArray, IntArray


def quarters(points: FloatArray) -> IntArray:
    """Return lines or scores in whole quarters of a point; 0 where there is none (NaN).

    >>> quarters(np.array([-5.25, 2.0, np.nan])).tolist()
    [-21, 8, 0]
    """
    return np.asarray(np.rint(np.nan_to_num(points) * 4), dtype=np.int64)


def settled_halves(ahead: IntArray) -> tuple[IntArray, IntArray]:
    """Return how many of a stake's two halves win and lose, so many quarters ahead of its line.

    >>> won, lost = settled_halves(np.array([2, 1, 0, -1, -9]))
    >>> won.tolist(), lost.tolist()
    ([2, 1, 0, 0, 0], [0, 0, 0, 1, 2])
    """
    return np.clip(ahead, 0, 2), np.clip(-ahead, 0, 2)


def wins_wholly_above(points: float) -> float:
    """Return the score beyond which a bet wins its whole stake, from where its line lies.

    The line itself, or on a quarter line the harder of the two beside it.

    >>> [wins_wholly_above(points) for points in (4.5, 6.0, 4.25, 4.75)]
    [4.5, 6.0, 4.5, 5.0]
    """
    return points if points * 2 == round(points * 2) else points + 0.25


def comes_back(line: float) -> float:
    """Return the share of a stake that comes back on the whole score nearest to its line.

    1.0 on a whole line, where that score pushes; 0.5 on a quarter line; 0.0 where a bet wins or
    loses whatever the score, and where there is no line (NaN).

    >>> [comes_back(line) for line in (-6.0, 2.25, -5.5, float("nan"))]
    [1.0, 0.5, 0.0, 0.0]
    """
    if line != line:
        return 0.0
    # Half a point away both halves are decided, a quarter of a point away one.
    return 1.0 - abs(4 * round(line) - round(4 * line)) / 2.0
