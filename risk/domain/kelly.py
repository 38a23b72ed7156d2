"""How much of a bankroll a known edge deserves."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def net_price(price: Decimal, commission: Decimal) -> float:
    """Return one decimal price after a commission on net winnings (0.05 is 5 %).

    >>> net_price(Decimal("3.000"), Decimal("0.05"))
    2.9
    """
    return 1.0 + (float(price) - 1.0) * (1.0 - float(commission))


def kelly_fraction(probability: FloatArray, price: FloatArray) -> FloatArray:
    """Return the share of the bankroll that grows it fastest, never below zero.

    Shapes broadcast; one call serves one bet or a whole slate. A price of 1 or less pays nothing
    and deserves nothing; an unknown (NaN) probability or price deserves nothing either.

    Kelly (1956), "A New Interpretation of Information Rate".

    >>> kelly_fraction(np.array([0.55, 0.40]), np.array([2.0, 2.0])).round(6).tolist()
    [0.1, 0.0]
    >>> kelly_fraction(np.array([0.55, 0.99, np.nan]), np.array([2.1, 1.0, 2.0])).round(4).tolist()
    [0.1409, 0.0, 0.0]
    """
    probability, price = np.broadcast_arrays(
        np.asarray(probability, dtype=np.float64), np.asarray(price, dtype=np.float64)
    )
    share = np.zeros(price.shape)
    pays = price > 1.0
    np.divide(probability * price - 1.0, price - 1.0, out=share, where=pays)
    return np.where(share > 0.0, share, 0.0)
