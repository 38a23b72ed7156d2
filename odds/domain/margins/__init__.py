"""Taking the bookmaker's margin out of prices: rules in removal.py, methods in solvers.py."""

from odds.domain.margins.removal import (
    SMALLEST,
    WORST_OF,
    UnknownMethod,
    UnusableBook,
    answerable,
    is_worst_case,
    overround,
    read_method,
    remove_margin,
)
from odds.domain.margins.solvers import METHODS

__all__ = [
    "METHODS",
    "SMALLEST",
    "WORST_OF",
    "UnknownMethod",
    "UnusableBook",
    "answerable",
    "is_worst_case",
    "overround",
    "read_method",
    "remove_margin",
]
