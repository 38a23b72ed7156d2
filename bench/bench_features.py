"""All features of 20,000 games, and of one slate when the past is remembered.

Peer: what one would write first, a plain Python loop over lists: Elo and ten rolling means. It
has a third of the columns, so figures are microseconds a game and column. The slate's peer is
building it without a memory, in the same run.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from measured import say, seconds

from models_registry.domain.features import NAMES, Memory, build_features
from models_registry.domain.games import BOX, Games

GAMES = 20_000
TEAMS = 30
SEASON = 1_230
SLATE = 15
WINDOW = 10
PEER_COLUMNS = 12


def made_up(count: int = GAMES) -> Games:
    """Return seasons of games, seven a day, with box scores."""
    rng = np.random.default_rng(5)
    number = np.arange(count)
    season = 2000 + number // SEASON
    day = (season - 1970 + number * 0) * 365 + 280 + number % SEASON // 7
    teams = np.array([rng.permutation(TEAMS)[:14] for _ in range(count // 7 + 1)])
    pairs = teams.reshape(-1, 2)[:count]
    start = day.astype("M8[D]").astype("M8[us]") + np.timedelta64(23, "h")
    known = start + np.timedelta64(7, "h")
    box = rng.integers(8, 30, (count, 2, len(BOX))).astype(float)
    for made, taken in ((0, 1), (2, 3), (4, 5)):
        box[:, :, taken] += box[:, :, made]
    home = rng.integers(85, 130, count).astype(float)
    away = rng.integers(85, 130, count) + 0.5
    return Games(
        event_id=number, season=season, day=day.astype("M8[D]"), starts_at=start,
        home=pairs[:, 0], away=pairs[:, 1], neutral=np.zeros(count, bool),
        playoffs=np.zeros(count, bool), halls=np.zeros(count, int), conference=pairs % 2,
        season_games=np.full(count, 82), places=np.full(count, 8), known_at=known, home_score=home,
        away_score=np.floor(np.where(home == away, away + 1, away)), box=box, box_known_at=known,
    )  # fmt: skip


def plain_loop(games: Games) -> list[list[float]]:
    """Return Elo, rest and the means of the last ten games of five figures, for both teams."""
    rating: dict[int, float] = defaultdict(lambda: 1500.0)
    past: dict[int, list[tuple[float, ...]]] = defaultdict(list)
    rows = []
    for number in range(len(games)):
        home, away = int(games.home[number]), int(games.away[number])
        row = [rating[home] - rating[away], float(len(past[home]))]
        for team in (home, away):
            last = past[team][-WINDOW:]
            row += [
                sum(game[column] for game in last) / len(last) if last else 0.0
                for column in range(5)
            ]
        rows.append(row)
        margin = float(games.home_score[number] - games.away_score[number])
        expected = 1 / (1 + 10 ** (-(rating[home] - rating[away] + 80) / 400))
        change = 20 * ((margin > 0) - expected)
        rating[home] += change
        rating[away] -= change
        for team, side, sign in ((home, 0, 1), (away, 1, -1)):
            box = games.box[number, side]
            past[team].append(
                (
                    sign * margin,
                    float(box[0] / box[1]),
                    float(box[2] / box[3]),
                    float(box[6]),
                    float(box[8]),
                )
            )
    return rows


def main() -> None:
    games = made_up()
    ours = seconds(lambda: build_features(games))
    peer = seconds(lambda: plain_loop(games))
    say("features, all of 20,000 games", ours, "s", f"plain loop, {PEER_COLUMNS} columns", peer)
    say(
        f"features, a game and column ({len(NAMES)} columns)",
        ours / GAMES / len(NAMES) * 1e6,
        "us",
        f"plain loop, {PEER_COLUMNS} columns",
        peer / GAMES / PEER_COLUMNS * 1e6,
    )
    # A new slate: the last games have no result yet; the day before, others had none.
    rows = np.arange(GAMES - SLATE, GAMES)
    memory = Memory()
    day_before = rows - 4 * SLATE
    never = np.datetime64("NaT", "us")
    yesterday = replace(
        games, known_at=np.where(np.arange(GAMES) < day_before[0], games.known_at, never)
    )
    build_features(yesterday, rows=day_before, memory=memory)
    remembered = seconds(lambda: build_features(games, rows=rows, memory=memory))
    afresh = seconds(lambda: build_features(games, rows=rows))
    say("features, a slate of 15", remembered * 1e3, "ms", "without a memory", afresh * 1e3)


if __name__ == "__main__":
    main()
