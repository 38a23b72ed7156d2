"""Taking the bookmaker's margin out of prices: rules in removal.py, methods in solvers.py."""

from odds.domain.margins.removal import (
    SMALLEST,
    UnknownMethod,
    UnusableBook,
    answerable,
    overround,
    read_method,
    remove_margin,
    worst_case,
)
from odds.domain.margins.solvers import METHODS

__all__ = [
    "METHODS",
    "SMALLEST",
    "UnknownMethod",
    "UnusableBook",
    "answerable",
    "overround",
    "read_method",
    "remove_margin",
    "worst_case",
]
