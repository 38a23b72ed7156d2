"""What teams play for, on tables small enough to follow by hand."""

from datetime import date

import numpy as np
import pytest

from models_registry.domain.features import build_features
from models_registry.domain.ratings import MarginFilter
from models_registry.domain.seasons import conference_of
from models_registry.domain.standings import UNKNOWN, SeasonRules, Table
from models_registry.history import GameRow, as_history
from tests.models_registry import arrays

# Three teams of one conference, one of another; one of a conference goes on; ten games each.
RULES = SeasonRules(conference=(0, 0, 0, 1), games=10, places=1)


def table(won, lost) -> Table:
    return Table(4, {2021: won}, {2021: lost})


def stakes(won, lost, rules=RULES) -> list[float]:
    """Return the features of team 0 at home to the one that nothing is known of."""
    return table(won, lost).read(home=0, away=3, season=2021, rules=rules)


def test_a_side_level_with_the_last_place_plays_for_more_the_fewer_games_are_left():
    # One game left, level with team 1: e^0 x (1 - 1/20). Away knows no table of its own.
    assert stakes([5, 5, 0, 0], [4, 4, 9, 0])[1] == pytest.approx(0.95)
    # Two behind with five left: e^-(4 / 12) x (1 - 5/20).
    assert stakes([2, 4, 0, 0], [3, 1, 5, 0])[1] == pytest.approx(np.exp(-4 / 12) * 0.75)
    assert stakes([0, 0, 0, 0], [0, 0, 0, 0])[1] == pytest.approx(np.exp(0) * 0.5)


def test_a_rank_that_cannot_change_is_locked_and_a_last_game_then_worth_nothing():
    # First for sure: 8 wins; the others reach 5 at most. One game left.
    assert stakes([8, 4, 4, 0], [1, 5, 5, 0])[2:] == pytest.approx([0.9, 1.0])
    # Second for sure, behind one and before one, but out: nothing to rest for.
    assert stakes([5, 9, 1, 0], [4, 0, 8, 0])[2:] == pytest.approx([0.9, 0.0])
    # Level with one game left: open.
    assert stakes([5, 5, 0, 0], [4, 4, 9, 0])[2:] == [0.0, 0.0]


def test_without_a_conference_nothing_is_at_stake_but_a_record_is_a_record():
    nowhere = SeasonRules((UNKNOWN,) * 4, 0, 0)

    assert stakes([5, 5, 0, 0], [4, 4, 9, 0], nowhere) == [pytest.approx(5 / 9), 0, 0, 0]


def test_only_results_of_the_regular_season_make_the_table():
    games = arrays.games(
        [
            ("2021-11-01", 0, 1, 110, 100),
            ("2021-11-03", 0, 1, 110, 100),
            ("2021-11-05", 0, 1, 110, 100),
        ]
    )
    games.playoffs[1] = True

    assert build_features(games).column("record").tolist() == [0, 1, 1]
    games.playoffs[0] = True
    assert build_features(games).column("record").tolist() == [0, 0, 0]


def test_a_side_that_played_the_day_before_is_expected_to_do_worse_once_that_was_seen():
    ratings = MarginFilter(4)
    for _ in range(40):
        ratings.update(home=0, away=1, season=2021, neutral=False, margin=-4.0, tired=(True, False))
        ratings.update(home=0, away=1, season=2021, neutral=False, margin=4.0)

    rested, _ = ratings.expect(home=0, away=1, season=2021, neutral=False)
    tired, _ = ratings.expect(home=0, away=1, season=2021, neutral=False, tired=(True, False))

    assert tired < rested - 1


def test_the_home_edge_is_learned_anew_where_crowds_changed_and_none_counts_in_one_place():
    def history(*days):
        rows = [
            GameRow(
                number, "2020-21", day, arrays.evening(day), "ATL", "DEN", neutral=False,
                playoffs=False, seen_at=arrays.evening(day), score=(100.0, 110.0),
            )
            for number, day in enumerate(days)
        ]  # fmt: skip
        return build_features(as_history("basketball_nba", "America/New_York", rows).games)

    bubble = history(date(2020, 8, 1)).column("strength")
    assert bubble.tolist() == [0.0]
    # The same lost home game tells more of the edge where it is doubted anew.
    before, after = (
        history(date(year, 1, 5), date(year, 1, 8)).column("strength")[1] for year in (2019, 2021)
    )
    assert after < before


def test_teams_are_known_by_code_or_name():
    for team in ("LAL", "Los Angeles Lakers"):
        assert conference_of("basketball_nba", team, 2020) == 1
    assert conference_of("basketball_nba", "Seattle Storm", 2020) == UNKNOWN
