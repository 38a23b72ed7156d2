"""Features on games small enough to follow by hand."""

import numpy as np
import pytest

from models_registry.domain.features import NAMES, Memory, build_features
from models_registry.domain.schedule import schedule_features
from tests.models_registry import arrays

TWO_GAMES = [("2021-11-01", 0, 1, 110, 100), ("2021-11-03", 1, 0, 90, 91)]

# Step x margin of victory x surprise: 7.55 points from the loser to the winner.
ELO_MOVED = 20 * (10 + 3) ** 0.8 / (7.5 + 0.006 * 80) * (1 - 1 / (1 + 10 ** (-80 / 400)))


def test_before_any_result_only_the_home_edge_is_known():
    first = build_features(arrays.games(TWO_GAMES)).values[0]

    assert dict(zip(NAMES, first, strict=True)) == pytest.approx(
        {
            "elo": 80.0,
            "strength": 3.0,
            "strength_quick": 3.0,
            # 2 x 25 of strength, 4 of the league's edge, 140 of chance
            "strength_sd": 194.0**0.5,
            "home_rest": 7.0,
            "away_rest": 7.0,
            "expected_total": 200.0,
            "home_pace": np.nan,
            "away_pace": np.nan,
            "shooting": np.nan,
            "turnovers": np.nan,
            "rebounds": np.nan,
            "free_throws": np.nan,
        }
        | dict.fromkeys(
            (
                "form_4", "form_16", "venue_form", "attack", "defence", "home_games", "away_games",
                "home_back_to_back", "away_back_to_back", "home_games_in_7_days",
                "away_games_in_7_days", "home_away_streak", "away_away_streak", "playoffs",
                "neutral", "phase", "strength_by_phase", "strength_in_playoffs",
                "record", "contest", "locked", "last_game", "record_in_playoffs",
            ),
            0.0,
        ),
        nan_ok=True,
    )  # fmt: skip


def test_one_result_moves_the_ratings_by_what_the_formulas_say():
    second = dict(zip(NAMES, build_features(arrays.games(TWO_GAMES)).values[1], strict=True))

    assert second["elo"] == pytest.approx(80 - 2 * ELO_MOVED)
    # Filter: 10 counts as 10^0.7 x 12^0.3 = 10.5624; expected 3 with variance 194.2002, of which
    # each team explains 25.1 and the edge 4.0002. Seen from the other side's home.
    surprise = 10**0.7 * 12**0.3 - 3
    total = 2 * 25.1 + 4.0002 + 140
    expected = 3 + surprise * 4.0002 / total - 2 * surprise * 25.1 / total
    assert second["strength"] == pytest.approx(expected, abs=1e-9)
    # Totals: 210 seen, 200 expected with variance 1250.05; the league's level explains 900.05.
    total = 2 * 30.5 + 900.05 + 290
    assert second["expected_total"] == pytest.approx(200 + 10 * (900.05 + 2 * 30.5) / total)
    # Form at a half-life of 4 games: the newest counts 1 - 0.5^(1/4).
    assert second["form_4"] == pytest.approx(-2 * (1 - 0.5**0.25) * surprise, abs=1e-9)
    assert (second["home_games"], second["away_games"], second["phase"]) == (1, 1, 1 / 82)
    assert (second["home_rest"], second["home_away_streak"]) == (1.0, 1.0)


def test_a_season_begins_with_what_the_last_one_leaves():
    rows = [*TWO_GAMES[:1], ("2022-11-01", 0, 1, 100, 90)]
    later = dict(zip(NAMES, build_features(arrays.games(rows)).values[1], strict=True))

    # 0.75 of the rating and 0.25 of 1505: the difference keeps three quarters.
    assert later["elo"] == pytest.approx(80 + 0.75 * 2 * ELO_MOVED)
    assert later["home_games"] == 0


def test_rest_and_load_come_from_the_calendar():
    rows = [
        ("2021-11-01", 0, 1, 110, 100),
        ("2021-11-02", 2, 0, 110, 100),
        ("2021-11-05", 3, 0, 110, 100),
        ("2021-11-06", 0, 3, None, None),
    ]
    last = schedule_features(arrays.games(rows), np.array([3]))[0]

    # Team 0: played the day before, three games in seven days, two away in a row.
    # Team 3: played the day before too, its only game, at home.
    assert last.tolist() == [0, 0, 1, 1, 3, 1, 2, 0]


def test_a_result_of_the_same_day_is_never_used():
    rows = [("2021-11-01", 0, 1, 150, 50), ("2021-11-01", 0, 2, 100, 90)]
    games = arrays.games(rows)

    assert build_features(games).column("elo").tolist() == [80.0, 80.0]


def test_a_result_learned_late_is_used_late():
    rows = [
        ("2021-11-01", 0, 1, 110, 100),
        ("2021-11-03", 0, 1, 110, 100),
        ("2021-11-05", 0, 1, 110, 100),
    ]
    games = arrays.games(rows)
    games.known_at[0] = np.datetime64("2021-11-04T12:00")

    elo = build_features(games).column("elo")

    assert elo[1] == 80.0
    assert elo[2] > 100.0


def test_an_earlier_decision_knows_less():
    games = arrays.games([("2021-11-01", 0, 1, 110, 100), ("2021-11-05", 0, 1, 110, 100)])
    rows = np.array([1])

    early = build_features(games, rows=rows, decided_at=np.array(["2021-11-01T12:00"], "M8[us]"))

    assert early.column("elo").tolist() == [80.0]
    assert build_features(games, rows=rows).column("elo")[0] > 80.0


def test_box_scores_feed_factors_and_the_luck_free_rating():
    box = np.full((2, 2, 9), np.nan)
    #             fgm fga 3m 3a ftm fta or dr tov
    box[0] = [[40, 80, 18, 36, 20, 25, 10, 30, 10], [40, 90, 10, 36, 10, 20, 12, 30, 12]]
    games = arrays.games(TWO_GAMES, teams_box=box)

    second = dict(zip(NAMES, build_features(games).values[1], strict=True))
    without = dict(zip(NAMES, build_features(arrays.games(TWO_GAMES)).values[1], strict=True))

    rate = 1 - 0.5 ** (1 / 14)
    # Shooting: (40 + 9) / 80 - (40 + 5) / 90, smoothed once, seen from the loser's home.
    assert second["shooting"] == pytest.approx(-2 * rate * (49 / 80 - 45 / 90))
    # The winner made more threes than its rate: part of its win was luck, so the loser is better.
    assert second["strength"] > without["strength"]
    assert second["home_pace"] == pytest.approx(((80 + 11 - 10 + 10) + (90 + 8.8 - 12 + 12)) / 2)


def test_the_numbering_of_teams_means_nothing():
    games = arrays.league()
    renamed = arrays.league()
    shuffle = np.array([5, 2, 7, 0, 1, 6, 3, 4])
    renamed.home[:], renamed.away[:] = shuffle[games.home], shuffle[games.away]

    first, second = build_features(games).values, build_features(renamed).values

    assert np.array_equal(first, second, equal_nan=True)


def test_a_memory_gives_the_same_bits_and_notices_a_corrected_past():
    games = arrays.league()
    memory = Memory()
    for row in (100, 180, 239):
        rows = np.array([row])
        alone = build_features(games, rows=rows).values
        assert np.array_equal(
            build_features(games, rows=rows, memory=memory).values, alone, equal_nan=True
        )

    games.home_score[3] += 20
    rows = np.array([239])
    corrected = build_features(games, rows=rows, memory=memory).values

    assert np.array_equal(corrected, build_features(games, rows=rows).values)
    assert not np.array_equal(corrected, alone)
