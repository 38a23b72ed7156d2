"""Quarter and whole lines: the arrays end bets as betting settles them, one by one."""

from decimal import Decimal

import numpy as np
import pytest

from betting.domain.settlement import Outcome, outcome_of
from odds.domain.lines import comes_back, quarters, settled_halves, wins_wholly_above

LINES = np.arange(-8, 8.25, 0.25)
MARGINS = np.arange(-10, 11)
HALVES = {
    Outcome.WON: (2, 0), Outcome.HALF_WON: (1, 0), Outcome.PUSH: (0, 0),
    Outcome.HALF_LOST: (0, 1), Outcome.LOST: (0, 2),
}  # fmt: skip


def settled(margin: int, line: float) -> Outcome:
    return outcome_of(
        market_key="spreads", side="home", point=Decimal(repr(float(line))),
        home_score=max(int(margin), 0), away_score=max(-int(margin), 0),
    )  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_line_ends_bets_as_betting_settles_them(line):
    ahead = quarters(MARGINS.astype(float)) + quarters(np.array(line))
    won, lost = settled_halves(ahead)
    outcomes = [settled(margin, line) for margin in MARGINS]
    assert list(zip(won, lost, strict=True)) == [HALVES[each] for each in outcomes]
    returned = [1 - sum(HALVES[each]) / 2 for each in outcomes]
    assert comes_back(line) == max(returned)
    first = next(margin for margin in MARGINS if settled(margin, line) is Outcome.WON)
    # Home -5.5 lies at 5.5 on the axis of margins.
    assert first - 1 <= wins_wholly_above(-line) < first
