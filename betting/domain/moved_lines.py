"""What a close at one line says of a bet at another, through how scores lie around closes.

The centre of the league's score distribution is put where the close's line gets the close's
probability; the bet's line is read from the same distribution. docs/algorithms/clv.md holds what
that said of real moved lines beside what happened.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import FloatArray
from models_registry.domain.scores import Outcomes, PointScores

# Halving a bracket of sixteen standard deviations so often leaves less than a billionth of one.
HALVINGS = 34
REACH = 8.0


@dataclass(frozen=True, slots=True)
class AroundClose:
    """Standard deviations of margin and total around closing lines, in points."""

    margin: float
    total: float


# By competition: elsewhere scores lie differently, and a moved line stays without a value.
# NBA, 20,469 games of 2007-08 to 2022-23: the likeliest under the distribution that is used here.
AROUND_CLOSES = {"basketball_nba": AroundClose(margin=12.5, total=16.6)}
LINES = ("spreads", "totals")


def knows(competition_key: str, market_key: str) -> bool:
    """Return whether a moved line of that market can be priced."""
    return competition_key in AROUND_CLOSES and market_key in LINES


def at_other_lines(
    competition_key: str,
    market_key: str,
    *,
    line: FloatArray,
    probability: FloatArray,
    wanted: FloatArray,
) -> FloatArray:
    """Return the probabilities of winning at `wanted` lines, from those at others; all (n,).

    Lines of spreads are what is added to the home side's score and probabilities the home side's;
    of totals they are the over's. Probabilities are of the stake that is decided, as margin-free
    prices are.

    Raises:
        KeyError: if the competition is not one that `knows` knows.
        ValueError: if a line is no multiple of a quarter.

    >>> close = {"line": np.array([-3.5, -3.5]), "probability": np.array([0.5, 0.5])}
    >>> wanted = np.array([-1.5, -5.5])
    >>> at_other_lines("basketball_nba", "spreads", **close, wanted=wanted).round(4)
    array([0.5622, 0.428 ])
    """
    sd = AROUND_CLOSES[competition_key]
    is_spread = market_key == "spreads"
    width, sign = (sd.margin, -1.0) if is_spread else (sd.total, 1.0)
    read: Callable[[PointScores, FloatArray], Outcomes] = (
        PointScores.spread if is_spread else PointScores.total
    )
    one = np.ones(len(line))

    def around(centre: FloatArray) -> PointScores:
        return PointScores(centre, one * sd.margin, centre, one * sd.total)

    low, high = sign * line - REACH * width, sign * line + REACH * width
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_below = read(around(middle), line).decided < probability
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return read(around((low + high) / 2), wanted).decided
