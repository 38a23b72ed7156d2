import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from odds.simulator import chances, market
from odds.simulator.history import code, write_history
from odds.simulator.league import SPORT_KEY, SimulatedLeague
from odds.simulator.render import Form, odds_body
from odds.simulator.schedule import epoch, event_ids, number_of, numbers_starting, pairs, starts
from odds.simulator.teams import BOOKS, TEAMS

NOON = datetime(2026, 1, 15, 12, 3, tzinfo=UTC)


def bodies(league, at=NOON) -> str:
    return json.dumps([odds_body(each, Form()) for each in league.odds(SPORT_KEY, at)])


def some_events(count: int, first: int = 0) -> np.ndarray:
    return numbers_starting(epoch(datetime(2020, 8, 1, tzinfo=UTC)) - 1, 1.8e9)[
        first : first + count
    ]


def test_the_same_seed_and_moment_tell_the_same_story_in_any_process():
    script = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings';"
        "from tests.odds.simulator.test_league import bodies; import hashlib;"
        "from odds.simulator.league import SimulatedLeague;"
        "print(hashlib.sha256(bodies(SimulatedLeague(5)).encode()).hexdigest())"
    )
    other = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", script], capture_output=True, check=True
    ).stdout
    own = hashlib.sha256(bodies(SimulatedLeague(5)).encode()).hexdigest()
    assert other.decode().strip() == own
    assert bodies(SimulatedLeague(5)) == bodies(SimulatedLeague(5))
    assert bodies(SimulatedLeague(5)) != bodies(SimulatedLeague(6))


def test_asking_in_another_order_changes_nothing():
    league = SimulatedLeague(5)
    later = bodies(league, NOON + timedelta(hours=5))
    fresh = SimulatedLeague(5)
    bodies(fresh)
    assert bodies(fresh, NOON + timedelta(hours=5)) == later


def test_an_id_names_its_event_and_no_other_text_does():
    for number in some_events(40).tolist():
        identity = event_ids(3, np.array([number]))[0]
        assert len(identity) == 32
        assert number_of(3, identity) == number
        assert number_of(4, identity) is None
    assert number_of(3, "0" * 32) is None
    assert number_of(3, "what") is None


def test_nobody_plays_twice_a_day_and_codes_differ():
    number = some_events(12 * 200)
    home, away = pairs(1, number)
    for day in range(200):
        teams = np.concatenate([home[day * 12 : day * 12 + 12], away[day * 12 : day * 12 + 12]])
        assert len(set(teams.tolist())) == 24
    assert len({code(team) for team in TEAMS}) == len(TEAMS) == 30


def test_results_follow_the_true_probabilities():
    """Moneyline, a spread and a total on 6,000 events: observed within 3.5 standard errors."""
    number = some_events(6000)
    home, away = market.final_scores(2, number)
    truth = market.belief(2, number, starts(number))
    assert (home != away).all()
    assert home.min() > 40

    def check(chance, happened):
        z = (happened - chance).sum() / np.sqrt((chance * (1 - chance)).sum())
        assert abs(z) < 3.5
        # And in each fifth of the range, so that errors cannot cancel.
        for part in np.array_split(np.argsort(chance), 5):
            p, h = chance[part], happened[part]
            assert abs((h - p).sum() / np.sqrt((p * (1 - p)).sum())) < 3.5

    check(chances.home_wins(truth.margin, truth.margin_sd), home > away)
    for line in (-5.5, -3.0, 0.5, 1.0, 8.0):
        lines = np.full(len(number), line)
        win, push = chances.home_covers(lines, truth.margin, truth.margin_sd)
        check(win, home - away + line > 0)
        if line == int(line):
            check(push, home - away + line == 0)
    for line in (218.5, 224.0, 231.0):
        lines = np.full(len(number), line)
        win, push = chances.goes_over(
            lines, truth.total, truth.total_sd, truth.margin, truth.margin_sd
        )
        check(win, home + away > line)


def test_an_early_belief_is_as_honest_as_a_late_one():
    number = some_events(6000)
    home, away = market.final_scores(2, number)
    for hours in (23, 12, 3):
        known = market.belief(2, number, starts(number) - hours * 3600)
        chance = chances.home_wins(known.margin, known.margin_sd)
        z = ((home > away) - chance).sum() / np.sqrt((chance * (1 - chance)).sum())
        assert abs(z) < 3.5


def true_edges(
    league: SimulatedLeague, *, count: int = 600, minutes: float = 7
) -> dict[str, np.ndarray]:
    """Profit to expect a unit at each book on home and away, about three hours before the start."""
    number = some_events(count)
    # Some minutes after news could come: the sharp book has had the time to see it.
    at = starts(number) - 3 * 3600 + minutes * 60
    prices = market.quote(league.seed, number, at, is_efficient=league.is_efficient)
    known = market.belief(league.seed, number, at)
    home = chances.home_wins(known.margin, known.margin_sd)[:, None]
    edges = np.concatenate([home * prices.home - 1, (1 - home) * prices.away - 1])
    offered = {spec.key: edges[:, column] for column, spec in enumerate(BOOKS)}
    return {key: edge[~np.isnan(edge)] for key, edge in offered.items()}


def test_slow_books_leave_an_edge_in_the_edge_market():
    edges = true_edges(SimulatedLeague(1))
    worth_taking = {key: float((edge > 0.02).mean()) for key, edge in edges.items()}
    assert worth_taking["sim_prairie"] > 0.01
    assert worth_taking["sim_copper"] > 0.01
    assert worth_taking["sim_sharp"] == 0.0
    # But a price taken anywhere at random loses.
    assert all(edge.mean() < -0.005 for edge in edges.values())


def test_there_is_nothing_to_find_in_the_efficient_market():
    for minutes in (0, 0.2, 7):
        edges = true_edges(SimulatedLeague(1, is_efficient=True), minutes=minutes)
        assert max(float(edge.max()) for edge in edges.values()) < 0.0


def test_true_probabilities_of_a_market_sum_to_one():
    league = SimulatedLeague(1)
    identity = league.events(SPORT_KEY, NOON)[-1].id
    for market_key, sides, line in (
        ("h2h", ("home", "away"), None),
        ("spreads", ("home", "away"), -3.0),
        ("totals", ("over", "under"), 220.0),
    ):
        points = (line, None if line is None else -line if market_key == "spreads" else line)
        (win, push), (lose, same) = (
            league.true_probability(identity, market_key, side, point, at=NOON)
            for side, point in zip(sides, points, strict=True)
        )
        assert win + push + lose == pytest.approx(1.0)
        assert push == pytest.approx(same)
    with pytest.raises(KeyError):
        league.true_probability("0" * 32)


def test_a_score_grows_to_the_result_and_stays_three_days():
    league = SimulatedLeague(1)
    event = next(e for e in league.events(SPORT_KEY, NOON) if e.starts_at > NOON)

    def at(hours):
        when = event.starts_at + timedelta(hours=hours)
        found = {score.event.id: score for score in league.scores(SPORT_KEY, when)}
        return found.get(event.id)

    assert (at(-1).home_score, at(-1).completed, at(-1).last_update) == (None, False, None)
    assert 0 < at(1).home_score < league.result(event.id)[0]
    assert not at(1).completed
    assert (at(3).home_score, at(3).away_score) == league.result(event.id)
    assert at(3).completed
    assert at(3).last_update == at(50).last_update
    assert at(73) is None


def test_the_past_is_written_the_same_twice_and_holds_nothing_of_today(tmp_path):
    until = datetime(2024, 8, 20, 15, tzinfo=UTC)
    first = write_history(tmp_path / "a", seed=1, until=until, seasons=1)
    second = write_history(tmp_path / "b", seed=1, until=until, seasons=1)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]

    games = first[0].read_text().splitlines()
    assert len(games) == 1 + 19 * 12
    assert "2024-08-19" in games[-1]
    responses = [json.loads(line) for line in first[1].read_text().splitlines()]
    assert max(each["timestamp"] for each in responses) < "2024-08-20"
    assert max(e["commence_time"] for each in responses for e in each["data"]) < "2024-08-20"
    # Two looks at an event: twenty hours before and just before.
    looks = [e["id"] for each in responses for e in each["data"]]
    assert max(looks.count(identity) for identity in set(looks)) == 2
