"""How far equity has fallen from its peak, on the equity curve and not on single bets."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def drawdown_path(equity: FloatArray, flow: FloatArray | None = None) -> FloatArray:
    """Return at each point the fall from the peak so far, as a share of that peak.

    `equity` (n,) starts with the starting equity. `flow` (n,) is what was paid in (+) or taken
    out (-) at each point, already part of equity: it moves the peak with it, so a withdrawal is
    no loss and a deposit hides none. A peak of zero or less has no drawdown.

    >>> drawdown_path(np.array([100.0, 120.0, 90.0, 130.0])).tolist()
    [0.0, 0.0, 0.25, 0.0]
    >>> drawdown_path(np.array([100.0, 80.0, 180.0]), np.array([0.0, 0.0, 100.0])).tolist()
    [0.0, 0.2, 0.1]
    """
    if len(equity) == 0:
        return np.zeros(0)
    paid = np.cumsum(np.zeros_like(equity) if flow is None else flow)
    earned = equity - paid
    peak = np.maximum.accumulate(earned) + paid
    fall = np.zeros(len(equity))
    np.divide(peak - equity, peak, out=fall, where=peak > 0)
    return fall
