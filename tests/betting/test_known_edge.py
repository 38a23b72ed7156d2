"""Where the truth is known: an edge is found where there is one, and none where there is none.

A hundred seeds of each: `manage.py known_edge`; its figures are in docs/algorithms/performance.md.
"""

from betting.services.known_edge import bettor_seasons, strategy_seasons


def test_an_edge_is_found_where_there_is_one_and_earns_what_was_predicted():
    (season,) = strategy_seasons(range(1, 2), days=60, is_efficient=False)

    assert season.performance.bets > 80
    assert season.is_in_band
    assert season.shows_skill
    # The consensus holds the price that it judges, so what it promises is less than the truth.
    promised = season.performance.expected_profit / season.performance.staked
    assert 0.02 < promised < season.true_yield < promised + 0.03


def test_nobody_is_told_of_skill_in_an_efficient_market():
    (played,) = strategy_seasons(range(1, 2), days=30, is_efficient=True)
    (by_chance,) = bettor_seasons(range(1, 2), days=30)

    for season in (played, by_chance):
        assert not season.shows_skill
        assert "no evidence of skill" in season.performance.verdict
    assert by_chance.performance.bets > 300
    assert by_chance.is_in_band
    assert by_chance.true_yield < 0
