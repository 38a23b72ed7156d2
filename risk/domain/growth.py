"""Expected log growth of many stakes at once, with its slope and curvature.

The wealth after a slate is W = 1 + the sum of what its markets earn, and with F staked in all

    E log W  =  integral over t from 0 to infinity of (exp(-t) - E exp(-t W)) / t dt   (Frullani)

Markets are independent, so E exp(-tW) is exp(-t (1 - F)) times one factor a market, and outcomes of
one market exclude each other, so its factor is exact with as many terms as it has bets. That makes
the expectation over 2^20 results a sum over some twenty nodes, with slope and curvature from the
same terms.

The integral is a trapezoid sum in log t: 1/W comes out right to 1e-5.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# A step in log t of the trapezoid sum: its error is about exp(-pi^2 / STEP), 7.5e-7.
STEP = 0.7
FIRST_NODE = 0.02
# Nodes go on until exp(-t W) is nothing for the least wealth that a class of slates may end with.
LAST_EXPONENT = 14.0


@cache
def nodes_for(most: float) -> FloatArray:
    """Return the nodes t for slates that stake a share `most` of the bankroll at most."""
    last = np.log(LAST_EXPONENT / (1.0 - most))
    count = int(np.ceil((last - np.log(FIRST_NODE)) / STEP)) + 1
    return np.asarray(FIRST_NODE * np.exp(STEP * np.arange(count)), dtype=np.float64)


def _below() -> FloatArray:
    """Return what the first three nodes stand for beyond themselves: all nodes before them.

    There the terms are a cubic in t, so these are the weights that sum t, t^2 and t^3 rightly.
    """
    power = np.arange(1, 4)
    ratio = np.exp(-STEP * power)
    nodes = np.exp(STEP * np.arange(3))
    right = STEP * ratio / (1.0 - ratio)
    return np.asarray(np.linalg.solve(nodes[None, :] ** power[:, None], right), dtype=np.float64)


_BELOW = _below()


class Growth:
    """Expected log growth of slates of one shape, with its slope and curvature.

    Shapes: slates s, bets n, nodes q. `group` (s, n) names each bet's market, None if all differ.
    """

    def __init__(
        self, p: FloatArray, o: FloatArray, group: IntArray | None, nodes: FloatArray
    ) -> None:
        self.p, self.o, self.t = p, o, nodes
        self.weight = np.full(len(nodes), STEP)
        self.weight[:3] += _BELOW
        self.cash = np.exp(-nodes)
        self.rest = 1.0 - p
        # Which bets are of one market (s, n, n), and which one stands for each market (s, n).
        self.exclusive: tuple[FloatArray, BoolArray] | None = None
        if group is not None:
            same = (group[:, :, None] == group[:, None, :]).astype(np.float64)
            leads = np.ones(p.shape, dtype=np.bool_)
            leads[:, 1:] = group[:, 1:] != group[:, :-1]
            self.exclusive = same, leads
            self.rest = np.maximum(1.0 - (same @ p[:, :, None])[:, :, 0], 0.0)

    def of(self, chosen: IntArray) -> "Growth":
        """Return some of the slates."""
        part = object.__new__(Growth)
        part.t, part.weight, part.cash = self.t, self.weight, self.cash
        part.p, part.o, part.rest = self.p[chosen], self.o[chosen], self.rest[chosen]
        part.exclusive = None
        if self.exclusive is not None:
            part.exclusive = self.exclusive[0][chosen], self.exclusive[1][chosen]
        return part

    def at(self, f: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return growth (s,), slope (s, n) and curvature (s, n, n), its sign turned."""
        # Large arrays are changed in place: making them takes as long as filling them.
        hit = (f * self.o)[:, :, None] * -self.t
        np.exp(hit, out=hit)
        hit *= self.p[:, :, None]
        if self.exclusive is None:
            factor = hit + self.rest[:, :, None]
            product = factor.prod(axis=1)
        else:
            same, leads = self.exclusive
            factor = same @ hit + self.rest[:, :, None]
            product = np.where(leads[:, :, None], factor, 1.0).prod(axis=1)
        left = np.exp(-(1.0 - f.sum(axis=1))[:, None] * self.t) * product
        growth = ((self.cash - left) * self.weight).sum(axis=1)
        slope_weight = left * (self.weight * self.t)
        curve_weight = slope_weight * self.t
        # Where every outcome is covered all terms of a far node vanish, and so does its weight.
        np.maximum(factor, 1e-300, out=factor)
        # What a bet pays where it wins, seen through exp(-tW): o x P(wins | node); and over its 1.
        pays = hit
        pays *= self.o[:, :, None]
        pays /= factor
        whole = curve_weight.sum(axis=1)[:, None]
        paid = (pays @ curve_weight[:, :, None])[:, :, 0]
        over = pays
        over -= 1.0
        slope = (over @ slope_weight[:, :, None])[:, :, 0]
        curve = (over * curve_weight[:, None, :]) @ over.transpose(0, 2, 1)
        if self.exclusive is not None:
            # Two outcomes of one market never both pay.
            apart = whole[:, :, None] - paid[:, :, None] - paid[:, None, :]
            curve = np.where(self.exclusive[0] > 0.0, apart, curve)
        n = np.arange(f.shape[1])
        curve[:, n, n] = whole + (self.o - 2.0) * paid
        return growth, slope, curve
