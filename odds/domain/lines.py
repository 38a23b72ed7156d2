"""Fair prices where a bet may come back: whole lines that push, quarter lines in two halves.

A line is a handicap added to a side's score (home -5.5), or a total. Half lines win or lose. On a
whole line a tie returns the stake: it pushes. A quarter line (-5.25, -5.75) is two bets of half the
stake, on the lines a quarter to either side (the Asian handicap's rule).

Prices of a two-way market on a whole line say nothing about the push, since it costs nobody
anything: what is left after the margin is the probability *given that the bet is decided*.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import FloatArray

QUARTER = 0.25


@dataclass(frozen=True, slots=True)
class Shares:
    """How a bet ends, as shares of the stake on average; of one shape, summing to one.

    On a quarter line half a win counts a half in `won`: the shares say what the stake does, which
    is all that its price depends on.
    """

    won: FloatArray
    pushed: FloatArray
    lost: FloatArray


def halves(line: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the two lines of each line's two half stakes; twice the same unless it is a quarter.

    >>> lower, upper = halves(np.array([-5.5, -6.0, -5.25]))
    >>> lower.tolist(), upper.tolist()
    ([-5.5, -6.0, -5.5], [-5.5, -6.0, -5.0])
    """
    is_quarter = ~np.isclose(np.mod(np.asarray(line) * 2, 1.0), 0.0)
    step = np.where(is_quarter, QUARTER, 0.0)
    return line - step, line + step


def shares_by_score(
    score: FloatArray, probability: FloatArray, line: FloatArray, *, sign: float = 1.0
) -> Shares:
    """Return how bets on lines end, from a distribution of what the line is added to.

    `score` (k,) are the values it may take with `probability` (k,): a side's margin for handicaps,
    where a bet wins if margin + line > 0. For totals hand the total as `score` and the line with
    a minus; `sign` -1.0 is the other side (under, or the opponent on the mirrored line).

    >>> goals = np.array([1.0, 2.0, 3.0, 4.0])
    >>> found = shares_by_score(goals, np.full(4, 0.25), np.array([-2.0, -2.25, -2.5]))
    >>> found.won.tolist(), found.pushed.tolist(), found.lost.tolist()
    ([0.5, 0.5, 0.5], [0.25, 0.125, 0.0], [0.25, 0.375, 0.5])
    """
    lower, upper = halves(np.asarray(line, dtype=np.float64))
    ends = [sign * np.sign(score[None, :] + half[:, None]) for half in (lower, upper)]

    def share(end: float) -> FloatArray:
        parts = [(np.isclose(each, end) * probability[None, :]).sum(axis=1) for each in ends]
        return np.asarray(np.mean(parts, axis=0))

    return Shares(won=share(1.0), pushed=share(0.0), lost=share(-1.0))


def fair_price(shares: Shares) -> FloatArray:
    """Return the price at which a bet earns nothing: 1 + lost / won; infinite if it cannot win.

    >>> fair_price(Shares(np.array([0.45]), np.array([0.10]), np.array([0.45]))).tolist()
    [2.0]
    """
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 + shares.lost / shares.won)


def edge_at(shares: Shares, price: FloatArray) -> FloatArray:
    """Return the expected profit per unit staked: won x (price - 1) - lost.

    >>> edge_at(Shares(np.array([0.5]), np.array([0.1]), np.array([0.4])), np.array([1.9])).round(3)
    array([0.05])
    """
    return np.asarray(shares.won * (price - 1.0) - shares.lost)


def with_push(decided: FloatArray, push: FloatArray) -> Shares:
    """Return the shares of a bet from its probability given that it is decided, and of a push.

    `decided` is what `remove_margin` gives for a two-way market on a whole line. Its edge there is
    (1 - push) x (decided x price - 1): the push changes how much, never whether.

    >>> found = with_push(np.array([0.5]), np.array([0.1]))
    >>> found.won.tolist(), found.lost.tolist(), fair_price(found).tolist()
    ([0.45], [0.45], [2.0])
    """
    return Shares(won=(1.0 - push) * decided, pushed=push, lost=(1.0 - push) * (1.0 - decided))
