"""The engine against the simulator's truth: fair prices without bias, nothing found in nothing."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from betting.domain.configuration import Configuration
from betting.domain.decide import decide, market_slate, market_view
from odds.domain.consensus import METHOD_WITHOUT_RULE, consensus
from odds.simulator.judging import Z, judge, tenths, truth_of
from odds.simulator.slates import true_slate
from odds.simulator.sports import BASKETBALL, SOCCER

NORMAL = NormalDist()
CONFIGURATION = Configuration(market_keys=("h2h",))


def slate(sport, days, *, is_efficient):
    number = sport.numbers(1.5e9, 1.5e9 + days * 86400)
    return true_slate(sport, 1, number, hours_before=2.9, is_efficient=is_efficient)


def decided(true, configuration=CONFIGURATION):
    slate = market_slate(true.quotes, true.quotes.confirmed_at, configuration)
    return decide(slate, configuration)


@pytest.fixture(scope="module")
def edge():
    return slate(BASKETBALL, 850, is_efficient=False)


def test_over_twenty_thousand_selections_the_fair_price_is_unbiased(edge):
    opinion = consensus(edge.quotes, method=METHOD_WITHOUT_RULE)
    found = judge(opinion, edge, "h2h")
    assert (opinion.market_key == "h2h").sum() > 20_000
    assert abs(found.mean) < Z * found.mean_error + 0.0001
    assert 0.99 < found.slope < 1.01
    assert found.worst_bin < 0.0015
    # The engine states one standard error: the truth is within it at least as often as that says.
    assert found.covered > NORMAL.cdf(1) - NORMAL.cdf(-1)


def test_no_twenty_thousand_results_could_tell_the_fair_price_from_the_truth(edge):
    opinion = consensus(edge.quotes, method=METHOD_WITHOUT_RULE)
    rows = np.flatnonzero((opinion.market_key == "h2h") & (opinion.side == "home"))
    fair, events = opinion.probability[rows], opinion.event_id[rows]
    home, away = BASKETBALL.final_scores(1, events)
    for _, error, of in tenths(fair, fair - (home > away), events):
        assert abs(error) < Z * of


@pytest.mark.parametrize("method", ["multiplicative", "power"])
def test_the_wrong_margin_method_is_found_out(edge, method):
    found = judge(consensus(edge.quotes, method=method), edge, "h2h")
    assert abs(found.mean) > 3 * Z * found.mean_error
    assert found.covered < NORMAL.cdf(1) - NORMAL.cdf(-1)


def test_a_draw_is_priced_fairly_too():
    true = slate(SOCCER, 150, is_efficient=False)
    opinion = consensus(true.quotes, method="shin")
    rows = np.flatnonzero((opinion.market_key == "h2h") & (opinion.side == "draw"))
    error = (opinion.probability - truth_of(opinion, true))[rows]
    assert len(rows) > 800
    assert abs(error.mean()) < 0.002
    assert error.std() < 0.01


def test_what_the_edge_market_offers_is_found_and_is_worth_it(edge):
    decisions = decided(edge)
    taken = np.flatnonzero(decisions.recommended)
    worth = edge.truth[taken] * edge.quotes.price[taken] - 1
    assert len(taken) > 300
    assert worth.mean() > 0.01
    # The offering book is part of the consensus: its edge is understated, never flattered.
    assert -0.03 < (decisions.edge[taken] - worth).mean() < 0.0


def test_in_the_efficient_market_nothing_is_recommended():
    true = slate(BASKETBALL, 150, is_efficient=True)
    decisions = decided(true)
    assert (true.quotes.market_key == "h2h").sum() > 30_000
    assert decisions.recommended.sum() == 0


def test_prices_that_are_exactly_fair_are_recommended_no_oftener_than_the_bound_allows():
    """Were every price fair, one in so many would seem 2 % better by the engine's own error."""
    true = slate(BASKETBALL, 150, is_efficient=False)
    h2h = true.quotes.market_key == "h2h"
    opinions = [
        consensus(true.quotes.where(h2h), method=name) for name in CONFIGURATION.margin_methods
    ]
    fair = replace(
        true.quotes.where(h2h),
        price=1 / true.truth[h2h],
        commission=np.zeros(int(h2h.sum())),
    )
    market, low, _ = market_view(fair, opinions)
    edge, edge_low = market * fair.price - 1, low * fair.price - 1
    taken = (edge >= CONFIGURATION.min_edge) & (edge_low >= CONFIGURATION.min_edge_low)
    taken &= (fair.price > CONFIGURATION.min_price) & (fair.price < CONFIGURATION.max_price)
    assert taken.mean() < NORMAL.cdf(-1)
