"""Quarter and whole lines: priced here as betting settles them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.domain.simulate import halves as settled
from odds.domain.lines import edge_at, fair_price, halves, shares_by_score, with_push
from odds.domain.margins import remove_margin

LINES = np.arange(-8, 8.25, 0.25)
MARGINS = np.arange(-30, 31)


def test_a_quarter_line_is_the_two_beside_it():
    lower, upper = halves(LINES)
    is_quarter = (LINES * 4) % 2 != 0
    assert (upper - lower)[is_quarter].tolist() == [0.5] * int(is_quarter.sum())
    assert ((upper + lower) / 2).tolist() == LINES.tolist()
    assert (upper == lower)[~is_quarter].all()


@given(st.lists(st.floats(0.001, 1.0), min_size=len(MARGINS), max_size=len(MARGINS)))
def test_the_shares_are_those_that_betting_settles(weights):
    probability = np.array(weights) / np.sum(weights)
    for side, sign in (("home", 1.0), ("away", -1.0)):
        found = shares_by_score(MARGINS.astype(float), probability, LINES, sign=sign)
        for index, line in enumerate(LINES):
            count = len(MARGINS)
            won, lost = settled(
                market_key=np.full(count, "spreads"), side=np.full(count, side),
                line=np.full(count, line), home_score=np.maximum(MARGINS, 0),
                away_score=np.maximum(-MARGINS, 0), draw_offered=np.zeros(count, np.bool_),
            )  # fmt: skip
            assert found.won[index] == pytest.approx((won * probability).sum() / 2)
            assert found.lost[index] == pytest.approx((lost * probability).sum() / 2)
        assert found.won + found.pushed + found.lost == pytest.approx(np.ones(len(LINES)))
        earns = edge_at(found, fair_price(found))
        assert earns == pytest.approx(np.zeros(len(LINES)), abs=1e-12)


def test_prices_of_a_whole_line_are_of_the_bet_that_is_decided():
    decided = remove_margin(np.array([[1.91, 1.91], [1.80, 2.05]]), "shin")[:, 0]
    for push in (0.0, 0.09):
        found = with_push(decided, np.full(2, push))
        assert fair_price(found) == pytest.approx(1 / decided)
        price = np.array([2.05, 2.0])
        assert edge_at(found, price) == pytest.approx((1 - push) * (decided * price - 1))


def test_a_bet_that_cannot_win_has_no_fair_price():
    found = shares_by_score(np.array([-3.0]), np.array([1.0]), np.array([2.0]))
    assert fair_price(found).tolist() == [np.inf]
