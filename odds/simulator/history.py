"""The basketball league's past as files, in formats that `import_history` reads.

`sim_games.csv` has the columns of the NBA games file (results, closing lines and moneylines) and
a `competition`; `sim_odds.jsonl` has stored responses of The Odds API: of the last months only,
each event most of a day before its start and just before it.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from odds.simulator import listing, market
from odds.simulator.noise import FloatArray
from odds.simulator.render import Form, odds_body
from odds.simulator.schedule import (
    DAY,
    HOUR,
    IntArray,
    epoch,
    event_ids,
    numbers_starting,
    pairs,
    season_begins,
    season_name,
    season_of,
    starts,
    to_datetime,
)
from odds.simulator.sports import BASKETBALL
from odds.simulator.teams import BOOKS, TEAMS
from odds.simulator.worlds import WorldOdds

SNAPSHOT_DAYS = 60
OPENING = 20 * HOUR
BEFORE_CLOSE = 4 * 60
_SHARP = 0
_COLUMNS = (
    "competition", "season", "season_type", "game_id", "game_date", "tip_utc",
    "home", "home_name", "away", "away_name", "home_score", "away_score", "overtimes",
    "close_source", "ml_home_close_dec", "ml_away_close_dec",
    "spread_open_home", "spread_close_home", "total_open", "total_close",
)  # fmt: skip


def write_history(
    folder: Path, *, seed: int, until: datetime, seasons: int = 3, is_efficient: bool = False
) -> list[Path]:
    """Write the days before `until` as files; return their paths.

    `seasons` counts the current one. The same seed and day give the same bytes. Results of the
    day of `until` are left out: they come from the provider.
    """
    folder.mkdir(parents=True, exist_ok=True)
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = epoch(midnight) - 1
    first = season_begins(season_of(int(end // DAY)) - seasons + 1)
    games, odds = folder / "sim_games.csv", folder / "sim_odds.jsonl"
    with games.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        rows.writerows(_games(seed, epoch(first) - 1, end, is_efficient=is_efficient))
    oldest = max(first, midnight - timedelta(days=SNAPSHOT_DAYS))
    with odds.open("w") as file:
        for line in _snapshots(seed, epoch(oldest), end, is_efficient=is_efficient):
            file.write(line + "\n")
    return [games, odds]


def code(team: str) -> str:
    """Return a team's short code.

    >>> code("Alderport Admirals")
    'ALD'
    """
    return team[:3].upper()


def _games(
    seed: int, after: float, until: float, *, is_efficient: bool
) -> Iterator[tuple[object, ...]]:
    number = numbers_starting(after, until)
    begins = starts(number)
    home, away = pairs(seed, number)
    home_score, away_score = market.final_scores(seed, number)
    opening = _sharp(seed, number, begins - OPENING, is_efficient=is_efficient)
    closing = _sharp(seed, number, begins - BEFORE_CLOSE, is_efficient=is_efficient)
    for row, identity in enumerate(event_ids(seed, number)):
        tip = to_datetime(begins[row])
        at_home, guest = TEAMS[home[row]], TEAMS[away[row]]
        yield (
            listing.SPORT_KEY,
            season_name(season_of(int(begins[row] // DAY))),
            "regular",
            identity,
            tip.date().isoformat(),
            tip.isoformat()[:19] + "Z",
            code(at_home),
            at_home,
            code(guest),
            guest,
            home_score[row],
            away_score[row],
            0,
            "sim",
            *_moneyline(closing.home[row, 0], closing.away[row, 0]),
            opening.spread_line[row, 0],
            closing.spread_line[row, 0],
            opening.total_line[row, 0],
            closing.total_line[row, 0],
        )


def _moneyline(home: float, away: float) -> tuple[str, str]:
    """Return both prices, or blanks where one is not offered."""
    return ("", "") if isnan(home + away) else (f"{home:.3f}", f"{away:.3f}")


def _sharp(seed: int, number: IntArray, at: FloatArray, *, is_efficient: bool) -> market.Prices:
    return market.quote(
        seed, number, at, is_efficient=is_efficient, books=BOOKS[_SHARP : _SHARP + 1]
    )


def _snapshots(seed: int, after: float, until: float, *, is_efficient: bool) -> Iterator[str]:
    """Return a stored response a slot: the event about to start, and one of twenty hours later."""
    form = Form()
    number = numbers_starting(after, until)
    close = starts(number) - BEFORE_CLOSE
    # Priced all at once; then told moment by moment.
    seen = np.concatenate([close, close - OPENING])
    number = np.concatenate([number, number])
    board = BASKETBALL.board(seed, number, seen, is_efficient=is_efficient)
    told: dict[float, list[dict[str, Any]]] = {}
    for row, event in enumerate(listing.events(BASKETBALL, seed, number)):
        odds = WorldOdds(event, tuple(listing.books(board, row, event)))
        told.setdefault(float(seen[row]), []).append(odds_body(_without_lay(odds), form))
    for moment, data in sorted(told.items()):
        yield json.dumps(
            {
                "source": "simulator",
                "file": "sim_odds.jsonl",
                "odds_format": "decimal",
                "timestamp": form.moment(to_datetime(moment)),
                "data": data,
            },
            separators=(",", ":"),
        )


def _without_lay(odds: WorldOdds) -> WorldOdds:
    """Return the prices one can back at; stored lay prices would serve nobody."""
    return replace(
        odds,
        books=tuple(
            replace(
                book,
                markets=tuple(one for one in book.markets if not one.key.endswith("_lay")),
            )
            for book in odds.books
        ),
    )
