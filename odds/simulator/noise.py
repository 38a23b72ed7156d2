"""Random numbers without a state: each is a function of its name, so any process can recompute it.

SplitMix64 (Steele, Lea and Flood, 2014) over the parts of the name; 53 bits make a uniform number.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def bits(*name: ArrayLike) -> NDArray[np.uint64]:
    """Return 64 random bits for each name; the parts (integers) broadcast."""
    state = np.asarray(np.uint64(0))
    # Wrapping around is what the hash is made of.
    with np.errstate(over="ignore"):
        for part in name:
            state = state ^ np.asarray(part, dtype=np.int64).view(np.uint64)
            state = state + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _FIRST
            state = (state ^ (state >> np.uint64(27))) * _SECOND
            state = state ^ (state >> np.uint64(31))
    return np.asarray(state)


def uniform(*name: ArrayLike) -> FloatArray:
    """Return numbers in (0, 1).

    >>> uniform(1, 2, 3) == uniform(1, 2, 3), uniform(1, 2, [3, 4, 5]).shape
    (np.True_, (3,))
    """
    return ((bits(*name) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(*name: ArrayLike) -> FloatArray:
    """Return numbers of the standard normal distribution."""
    return np.asarray(ndtri(uniform(*name)))
