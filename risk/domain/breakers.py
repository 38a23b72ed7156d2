"""When to stop: pure rules that say tripped or not, with the figure."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from risk.domain.drawdown import drawdown_path

FloatArray = NDArray[np.float64]
TimeArray = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class EquityPath:
    """Equity after each change, oldest first, and what was paid in or out at each. Shapes (n,)."""

    at: TimeArray
    equity: FloatArray
    flow: FloatArray


@dataclass(frozen=True, slots=True)
class Reading:
    """What a breaker read: tripped or not, the figure and its bound, in one sentence."""

    tripped: bool
    figure: float
    bound: float
    sentence: str


def read_drawdown(path: EquityPath, *, bound: Decimal, lifted_at: np.datetime64 | None) -> Reading:
    """Return whether equity has fallen from its peak by `bound` (a share) or more.

    Once a person lifted an earlier halt, the equity of that moment is the new starting point: the
    old fall does not trip it again, nor does a win while still below the old peak; only a further
    fall of the full share does.

    >>> at = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[us]")
    >>> path = EquityPath(at, np.array([100.0, 70.0, 72.0]), np.zeros(3))
    >>> read_drawdown(path, bound=Decimal("0.25"), lifted_at=None).tripped
    True
    >>> read_drawdown(path, bound=Decimal("0.25"), lifted_at=at[1]).tripped
    False
    """
    equity, flow = path.equity, path.flow
    if lifted_at is not None:
        # The last point at or before the lifting is what equity was when it was lifted.
        start = max(int(np.searchsorted(path.at, lifted_at, side="right")) - 1, 0)
        equity, flow = equity[start:], flow[start:].copy()
        flow[:1] = 0.0
    falls = drawdown_path(equity, flow)
    figure = float(falls[-1]) if len(falls) else 0.0
    # Shares have four places; the sum of a thousand cents in floats has an error far below that.
    tripped = figure >= float(bound) - 1e-9
    return Reading(
        tripped=tripped,
        figure=figure,
        bound=float(bound),
        sentence=f"Equity is {figure:.1%} below its peak; the breaker trips at {float(bound):.1%}.",
    )
