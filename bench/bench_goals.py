"""Goal models beside penaltyblog's Dixon and Coles: one season's fit, its prices, twenty seasons.

penaltyblog runs in its own environment (`.venv-bench`) on the same made-up season, without weights
and without a prior on our side, so that both look for the same thing: how far apart the answers
are is printed too.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from measured import say, seconds

from models_registry.domain.games import FloatArray, Games, IntArray
from models_registry.domain.goal_ratings import build_goal_features, fit_rates
from models_registry.domain.goals import GoalScores, fit_goal_model, fit_rho

PEER = Path(__file__).parent / "peers_goals.py"
TEAMS, SEASONS = 20, 20
# Wide enough that strengths are not drawn anywhere.
NO_PRIOR = 30.0
REPEATS = 5


def seasons(count: int) -> Games:
    """Return seasons of made-up matches, everyone against everyone twice, ten a day."""
    rng = np.random.default_rng(11)
    strength = rng.normal(0, 0.25, (2, TEAMS))
    rounds = np.array(
        [(a, b) for a in range(TEAMS) for b in range(TEAMS) if a != b], dtype=np.int64
    )
    pairs = np.concatenate([rng.permutation(rounds) for _ in range(count)])
    home, away = pairs[:, 0], pairs[:, 1]
    number = np.arange(len(pairs))
    season = 2000 + number // len(rounds)
    day = (season - 1970) * 365 + 220 + number % len(rounds) // 10 * 7
    rate = np.exp(
        0.2
        + np.stack([strength[0][home] - strength[1][away], strength[0][away] - strength[1][home]])
        + np.array([[0.13], [-0.13]])
    )
    goals = rng.poisson(rate).astype(float)
    box = rng.poisson(rate.T[:, :, None] * np.array([9.0, 4.0, 4.0])).astype(float)
    start = day.astype("M8[D]").astype("M8[us]") + np.timedelta64(15, "h")
    nothing, none = np.zeros(len(pairs), bool), np.zeros(len(pairs), np.int64)
    known = start + np.timedelta64(14, "h")
    return Games(
        event_id=number, season=season, day=day.astype("M8[D]"), starts_at=start, home=home,
        away=away, neutral=nothing, playoffs=nothing, halls=none,
        conference=np.full(pairs.shape, -1), season_games=none, places=none,
        known_at=known, home_score=goals[0],
        away_score=goals[1], box=box, box_known_at=known,
    )  # fmt: skip


def fitted(games: Games, home: IntArray, away: IntArray) -> GoalScores:
    """Return what a plain fit of a season says of some pairs."""
    goals = np.column_stack([games.home_score, games.away_score])
    rates = fit_rates(
        games.home, games.away, goals, np.ones(len(games)), expected=np.zeros(TEAMS),
        spread=NO_PRIOR,
    )  # fmt: skip
    seen = [np.exp(each) for each in rates.log_rates(games.home, games.away)]
    rho = fit_rho(goals, seen[0], seen[1], 0.0, ridge=0.0)
    asked = [np.exp(each) for each in rates.log_rates(home, away)]
    return GoalScores(asked[0], asked[1], np.full(len(home), rho))


def peer(games: Games) -> dict[str, Any] | None:
    """Ask penaltyblog in its own environment; None where it was not made."""
    python = os.environ.get("FAIRLINE_BENCH_PEERS")
    if not python:
        return None
    columns = {
        "home": games.home.tolist(), "away": games.away.tolist(),
        "home_goals": games.home_score.tolist(), "away_goals": games.away_score.tolist(),
    }  # fmt: skip
    done = subprocess.run(  # noqa: S603 - our own script
        [python, str(PEER)], input=json.dumps(columns), capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Print what a fit, prices and twenty seasons take."""
    season = seasons(1)
    theirs = peer(season)
    name = "penaltyblog Dixon-Coles" if theirs else None
    took = seconds(lambda: fitted(season, season.home, season.away), REPEATS)
    say(
        "goal model, fit of 380 matches and their prices", took * 1e3, "ms", name,
        theirs and (theirs["fit"] + theirs["prices"]) * 1e3,
    )  # fmt: skip
    if theirs:
        ours = fitted(season, season.home, season.away).h2h()
        gap = float(np.abs(ours - np.array(theirs["h2h"])).max())
        say("goal model, largest difference of a probability", gap, "probability", name, 0.0)
    long = seasons(SEASONS)
    rated = seconds(lambda: build_goal_features(long))
    days = len(np.unique(long.day))
    say(
        f"ratings before each of {len(long):,} matches, fitted anew each of {days} days, by goals "
        "and by chances", rated, "s", name and f"{name}, {2 * days} fits of a season",
        theirs and theirs["fit"] * 2 * days,
    )  # fmt: skip
    matrix = build_goal_features(long, rows=np.arange(len(long) - 2000, len(long)))
    goals = np.column_stack([long.home_score, long.away_score])[-2000:]
    say(
        "from ratings to goals, learned from 2,000 matches",
        seconds(lambda: fit_goal_model(matrix, goals), REPEATS) * 1e3,
        "ms",
    )
    say(
        "ratings of a slate of 20",
        seconds(lambda: build_goal_features(long, rows=np.arange(len(long) - 20, len(long))), 3)
        * 1e3,
        "ms",
    )
    rng = np.random.default_rng(3)
    many = GoalScores(
        rng.uniform(0.5, 3, 100_000), rng.uniform(0.5, 3, 100_000), np.full(100_000, -0.05)
    )
    lines = np.full(100_000, -0.75)

    def price() -> FloatArray:
        many.spread(lines)
        many.total(2.5 + np.zeros(100_000))
        return many.h2h()

    one = theirs and theirs["prices"] / 380 * 1e6
    say(
        "moneyline, Asian spread and total of 100,000 matches", seconds(price) * 10, "us/match",
        name, one,
    )  # fmt: skip


if __name__ == "__main__":
    main()
