"""Kelly over a whole slate: the stakes that together grow a bankroll fastest.

The expected log growth of a slate is a sum over some twenty nodes (`growth.py`), whose slope and
curvature come from the same terms, so Newton's method finds the optimum in two to four steps.

Where it approximates: the integral is a trapezoid sum in log t (relative error of 1/W below 1e-5),
Newton stops once no stakes can grow faster by more than 0.02 % of the growth (the Frank-Wolfe gap,
a bound and not an estimate), and at least 0.05 % of the bankroll stays in cash, which costs at
most 0.05 % of the growth because growth is concave. All together: within 0.1 % of the optimum.
Bets of *different* markets count as independent here; `correlation.py` takes off what is not.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.domain.growth import Growth, nodes_for
from risk.domain.kelly import kelly_fraction

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# How far full Kelly one by one adds up, and how much may then be staked in all.
MOST = 0.9995
LEVELS = np.array([0.5, 0.9])
# From here on nearly all is staked: Newton's method would run into the end of the bankroll.
TOO_MUCH = 1.05
BUDGETS = (0.6, 0.95, MOST)
GAP = 2e-4
MOST_STEPS = 60
MOST_NEWTON = 8
# Where the interior point method begins, and how much nearer the corner each of its steps aims.
START = SHRINK = 0.1
WIDTH = 4
# Terms (slates x bets x nodes) worked on at once, so that they stay in the cache.
AT_ONCE = 1 << 15


def exclusive_shares(probability: FloatArray, price: FloatArray) -> FloatArray:
    """Return the shares of one market's outcomes that grow a bankroll fastest. Shape (n,).

    Exact. By falling probability x price outcomes are taken in as long as that is above the
    reserve b = (1 - their probabilities) / (1 - their sum of 1 / price), which is what is kept in
    cash; each is staked probability - b / price. An outcome worth less than its price can be in it:
    it insures the others. Probabilities that add up to more than one are scaled down.

    Smoczynski and Tomkins (2010), "An explicit solution to the problem of optimizing the
    allocations of a bettor's wealth when wagering on horse races".

    >>> exclusive_shares(np.array([0.5, 0.3]), np.array([2.2, 3.8])).round(4).tolist()
    [0.178, 0.1136]
    >>> exclusive_shares(np.array([0.5, 0.5]), np.array([2.1, 2.1])).tolist()
    [0.5, 0.5]
    """
    p, o = _usable(probability, price)
    p = p / max(float(p.sum()), 1.0)
    return np.asarray(_exclusive(p[None, :], o[None, :])[0], dtype=np.float64)


def slate_shares(
    probability: FloatArray, price: FloatArray, *, slate: IntArray, market: IntArray
) -> FloatArray:
    """Return the share of the bankroll of each bet, for many slates at once. Shapes (n,).

    `slate` names what is decided on together; `market` within it whose outcomes exclude each other
    (at most one row an outcome). Prices are net of commission. A row that cannot be (NaN, a price
    of 1 or less, a probability of 0) gets 0 and does not touch the others. A slate gets the same
    bits whatever other slates it is computed with.

    >>> slate_shares(np.array([0.55, 0.55]), np.array([2.0, 2.0]),
    ...     slate=np.array([1, 1]), market=np.array([1, 2])).round(4).tolist()
    [0.099, 0.099]
    """
    p, o = _usable(probability, price)
    share = np.zeros(len(p))
    rows = np.flatnonzero(p > 0.0)
    rows = rows[np.lexsort((rows, market[rows], slate[rows]))]
    # A market of which no outcome is worth its price gets nothing, whatever else there is.
    fresh = _changes(slate[rows]) | _changes(market[rows])
    worth = np.zeros(int(fresh.sum()), dtype=np.bool_)
    np.logical_or.at(worth, np.cumsum(fresh) - 1, p[rows] * o[rows] > 1.0)
    rows = rows[worth[np.cumsum(fresh) - 1]]
    if len(rows) == 0:
        return share
    p, o = p[rows], o[rows]
    opens = _changes(slate[rows])
    fresh = opens | _changes(market[rows])
    first = np.flatnonzero(opens)
    size = np.diff(np.append(first, len(rows)))
    markets = np.add.reduceat(fresh.astype(np.int64), first)
    p = _within_one(p, fresh)
    alone = _market_by_market(p, o, fresh)
    found = alone.copy()
    total = np.add.reduceat(alone, first)
    joint = np.flatnonzero(markets > 1)
    plain = markets[joint] == size[joint]
    # Beside a market that leaves a profit whatever happens, all of the bankroll is staked.
    most = np.maximum.reduceat(_market_totals(alone, fresh), first)[joint]
    level = np.where(plain, np.searchsorted(LEVELS, total[joint]), len(BUDGETS) - 1)
    level = np.where((most > MOST) | (total[joint] > TOO_MUCH), len(BUDGETS), level)
    # One batch a shape: what is computed beside a slate must not change its bits. A slate is filled
    # up to a multiple of WIDTH with bets on nothing, the row after the last.
    width = -(-size[joint] // WIDTH) * WIDTH
    filled = _Filled(
        np.append(p, 0.0), np.append(o, 2.0), np.append(alone, 0.0), np.append(fresh, True)
    )
    shape = (width * 2 + plain) * 4 + level
    for key in np.unique(shape).tolist():
        chosen, kind = joint[shape == key], key % 4
        n, is_plain = key // 8, key // 4 % 2 == 1
        budget = BUDGETS[min(kind, len(BUDGETS) - 1)]
        batch = max(1, AT_ONCE // (n * len(nodes_for(budget))))
        for part in np.array_split(chosen, -(-len(chosen) // batch)):
            place = np.arange(n)
            inside = place < size[part][:, None]
            at = np.where(inside, first[part][:, None] + place, len(p))
            best = filled.solve(at, is_plain=is_plain, budget=budget, is_covered=kind == 3)
            found[at[inside]] = best[inside]
    out = np.add.reduceat(found, first)
    share[rows] = found * np.repeat(np.minimum(1.0, MOST / np.maximum(out, MOST)), size)
    return share


class _Filled(NamedTuple):
    """Bets of all slates in their order, columns (n + 1,): the last is a bet on nothing."""

    p: FloatArray
    o: FloatArray
    alone: FloatArray
    fresh: BoolArray

    def solve(self, at: IntArray, *, is_plain: bool, budget: float, is_covered: bool) -> FloatArray:
        """Return the best shares of the slates whose bets are at these places (s, n)."""
        group = None if is_plain else np.cumsum(self.fresh[at].astype(np.int64), axis=1)
        p, o, alone = self.p[at], self.o[at], self.alone[at]
        if is_covered:
            return _from_inside(Growth(p, o, group, nodes_for(MOST)), alone)
        best, solved = _by_newton(Growth(p, o, group, nodes_for(budget)), alone, budget)
        if not solved.all():
            left = ~solved
            group = None if group is None else group[left]
            best[left] = _from_inside(Growth(p[left], o[left], group, nodes_for(MOST)), alone[left])
        return best


def _usable(probability: FloatArray, price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return probabilities in [0, 1] and prices above 1; what cannot be bet on has 0 and 2."""
    p = np.asarray(probability, dtype=np.float64)
    o = np.asarray(price, dtype=np.float64)
    usable = (p > 0.0) & (o > 1.0) & np.isfinite(o)
    return np.where(usable, np.minimum(p, 1.0), 0.0), np.where(usable, o, 2.0)


def _changes(key: IntArray) -> BoolArray:
    fresh = np.ones(len(key), dtype=np.bool_)
    fresh[1:] = key[1:] != key[:-1]
    return fresh


def _within_one(p: FloatArray, fresh: BoolArray) -> FloatArray:
    """Return probabilities of which no market has more than one in all."""
    first = np.flatnonzero(fresh)
    if len(first) == len(p):
        return p
    total = np.maximum(np.add.reduceat(p, first), 1.0)
    return np.asarray(p / np.repeat(total, np.diff(np.append(first, len(p)))), dtype=np.float64)


def _exclusive(p: FloatArray, o: FloatArray) -> FloatArray:
    """Return what markets of as many outcomes (m, w) deserve alone; one of p 0 is none."""
    row = np.arange(len(p))
    every = row[:, None]
    order = (-(p * o)).argsort(axis=1, kind="stable")
    best, price = p[every, order], o[every, order]
    left = 1.0 - best.cumsum(axis=1)
    left[left < 1e-12] = 0.0
    room = 1.0 - (1.0 / price).cumsum(axis=1)
    # Every outcome covered at prices that leave a profit: nothing need be kept.
    reserve = np.zeros((len(p), p.shape[1] + 1))
    reserve[:, 0] = 1.0
    np.divide(left, room, out=reserve[:, 1:], where=(room > 0.0) & (left > 0.0))
    taken = np.logical_and.accumulate(best * price > reserve[:, :-1], axis=1)
    kept = reserve[row, taken.sum(axis=1)][:, None]
    share = np.where(taken, np.maximum(best - kept / price, 0.0), 0.0)
    found = np.empty_like(share)
    found[every, order] = share
    return found


def _market_totals(share: FloatArray, fresh: BoolArray) -> FloatArray:
    """Return of each row what its market, beginning where `fresh`, is staked in all."""
    first = np.flatnonzero(fresh)
    return np.repeat(np.add.reduceat(share, first), np.diff(np.append(first, len(share))))


def _market_by_market(p: FloatArray, o: FloatArray, fresh: BoolArray) -> FloatArray:
    """Return what each market, beginning where `fresh`, deserves alone."""
    found = kelly_fraction(p, o)
    first = np.flatnonzero(fresh)
    width = np.diff(np.append(first, len(p)))
    several = np.flatnonzero(width > 1)
    if len(several):
        # Filled up to the widest with outcomes that are nothing: few markets have many.
        place = np.arange(width.max())
        inside = place < width[several][:, None]
        at = np.where(inside, first[several][:, None] + place, len(p))
        best = _exclusive(np.append(p, 0.0)[at], np.append(o, 2.0)[at])
        found[at[inside]] = best[inside]
    return found


def _by_newton(growth: Growth, alone: FloatArray, budget: float) -> tuple[FloatArray, BoolArray]:
    """Return the best shares of slates (s, n) and whether they were found, by Newton's method.

    It starts from what each market deserves `alone`, which mostly stakes on the right outcomes
    already, and moves those that are staked or should be.
    """
    earns = alone * np.maximum(growth.p * growth.o - 1.0, 0.0)
    # To second order each is less by what the others earn.
    f = alone * np.maximum(1.0 - earns.sum(axis=1)[:, None] + earns, 0.5)
    f *= np.minimum(1.0, 0.9 * budget / f.sum(axis=1))[:, None]
    done, solved, row = f.copy(), np.zeros(len(f), dtype=np.bool_), np.arange(len(f))
    diagonal = np.arange(f.shape[1])
    for _ in range(MOST_NEWTON):
        level, slope, curve = growth.at(f)
        done[row] = f
        on = _gap(f, slope) > GAP * level
        solved[row] = ~on
        if not on.any():
            break
        if not on.all():
            at = np.flatnonzero(on)
            row, f, slope, curve, growth = row[at], f[at], slope[at], curve[at], growth.of(at)
        free = (f > 0.0) | (slope > 0.0)
        if not free.all():
            curve = np.where(free[:, :, None] & free[:, None, :], curve, 0.0)
            curve[:, diagonal, diagonal] += ~free
            slope = np.where(free, slope, 0.0)
        f = np.maximum(f + np.linalg.solve(curve, slope[:, :, None])[:, :, 0], 0.0)
        f = f * np.minimum(1.0, budget / f.sum(axis=1))[:, None]
    return done, solved


def _from_inside(growth: Growth, alone: FloatArray) -> FloatArray:
    """Return the best shares of slates (s, n) of which nearly all of the bankroll may be staked.

    A primal-dual interior point method: each share times its shadow price, and the cash left times
    its own, are brought down to nothing together. `alone` is what each market deserves alone.
    """
    s, n = alone.shape
    f = 0.3 * alone + 0.01 / n
    f = f * np.minimum(1.0, 0.5 / f.sum(axis=1))[:, None]
    done: FloatArray = np.zeros((s, n))
    least, row = np.full(s, np.inf), np.arange(s)
    shadow, toll = np.zeros_like(f), np.zeros(s)
    diagonal = np.arange(n)
    for turn in range(MOST_STEPS):
        level, slope, curve = growth.at(f)
        cash = MOST - f.sum(axis=1)
        if turn == 0:
            aim = START * np.abs(slope * f).max(axis=1)
            shadow, toll = aim[:, None] / f, aim / cash
        gap = _gap(f, slope)
        closer = gap < least[row]
        least[row[closer]] = gap[closer]
        # Shares on their way to nothing are nothing, where that costs none of the growth.
        gone = (f < shadow) & (f * slope < 1e-5 * level[:, None])
        done[row[closer]] = np.where(gone, 0.0, f)[closer]
        on = gap > GAP * np.maximum(level, 1e-12)
        if not on.any():
            break
        if not on.all():
            at = np.flatnonzero(on)
            row, f, slope, curve, cash = row[at], f[at], slope[at], curve[at], cash[at]
            shadow, toll, growth = shadow[at], toll[at], growth.of(at)
        aim = SHRINK * ((f * shadow).sum(axis=1) + cash * toll) / (n + 1)
        curve += (toll / cash)[:, None, None]
        curve[:, diagonal, diagonal] += shadow / f
        right = slope + aim[:, None] / f - (aim / cash)[:, None]
        step = np.linalg.solve(curve, right[:, :, None])[:, :, 0]
        spent = step.sum(axis=1)
        shadow_step = (aim[:, None] - shadow * step) / f - shadow
        toll_step = (aim + toll * spent) / cash - toll
        reach = np.minimum(_room(f, step).min(axis=1), _room(cash, -spent))
        shadow_reach = np.minimum(_room(shadow, shadow_step).min(axis=1), _room(toll, toll_step))
        f = f + reach[:, None] * step
        shadow = shadow + shadow_reach[:, None] * shadow_step
        toll = toll + shadow_reach * toll_step
    return done


def _room(value: FloatArray, step: FloatArray) -> FloatArray:
    """Return how far a step may be gone, at most whole, for values to stay above zero."""
    room = 0.95 * value / np.maximum(-step, 1e-300)
    return np.asarray(np.minimum(1.0, room), dtype=np.float64)


def _gap(f: FloatArray, slope: FloatArray) -> FloatArray:
    """Return by how much growth can be below the best, at most: it is concave (Frank and Wolfe)."""
    gap = MOST * np.maximum(slope.max(axis=1), 0.0) - (slope * f).sum(axis=1)
    return np.asarray(gap, dtype=np.float64)
