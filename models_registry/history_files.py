"""The games of a competition from archive files, for judging models without importing anything."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from models_registry.domain.games import BOX
from models_registry.history import GameRow, History, as_history, margin_free
from odds.feeds.history import Format, Unrecognised, box_scores, find_files, nba_games, recognise

GAMES = "nba_games.csv"
BOXES = "nba_team_boxscores.csv"
COMPETITION = "basketball_nba"
ZONE = "America/New_York"
# The archives give days. The start is taken as noon in New York, the result as known ten hours
# into the next day; what matters is that days never mix.
START = timedelta(hours=17)
SEEN = timedelta(hours=34)


class UnusableFiles(Exception):
    """A folder or file from which no games can be read, with what was looked for."""


def read_files(competition_key: str, folder: Path) -> History:
    """Return the games, box scores and closing moneylines found below a folder.

    Games without a score are left out. Teams are known by the archive's own codes.

    Raises:
        UnusableFiles: naming the file or the column that is missing, or the bad value.
    """
    if competition_key != COMPETITION:
        raise UnusableFiles(
            f"files are read for {COMPETITION} only, not for {competition_key}; import them "
            "(import_history) and evaluate without --history"
        )
    found = _find(folder, GAMES, nba_games.FORMAT)
    if not found:
        raise UnusableFiles(f"no {GAMES} or {GAMES}.gz in {folder} or below it")
    boxes = {
        (row["game_id"], row["is_home"] in ("1", "1.0", "True")): _counts(row)
        for path in _find(folder, BOXES, box_scores.FORMAT)
        for row in _rows(path, {"game_id", "is_home", *BOX})
    }
    games: dict[str, GameRow] = {}
    columns = {"season", "game_id", "game_date", "home", "away", "home_score", "away_score"}
    for path in found:
        for number, row in enumerate(_rows(path, columns), start=2):
            try:
                game = _game(row, len(games), boxes)
            except ValueError as error:
                raise UnusableFiles(f"{path.name} line {number}: {error}") from error
            if game is not None:
                games.setdefault(row["game_id"], game)
    if not games:
        raise UnusableFiles(f"{found[0]} has no game with a score")
    return as_history(competition_key, ZONE, list(games.values()))


def _game(
    row: dict[str, str], number: int, boxes: dict[tuple[str, bool], list[float]]
) -> GameRow | None:
    scores = (row["home_score"], row["away_score"])
    # The format serves other leagues too, which name themselves.
    if row.get("competition", COMPETITION) != COMPETITION:
        return None
    if not all(scores) or float(scores[0]) == float(scores[1]):
        return None
    day = date.fromisoformat(row["game_date"])
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    home, away = boxes.get((row["game_id"], True)), boxes.get((row["game_id"], False))
    prices = (row.get("ml_home_close_dec"), row.get("ml_away_close_dec"))
    return GameRow(
        event_id=number,
        season=row["season"],
        day=day,
        starts_at=midnight + START,
        home=row["home"],
        away=row["away"],
        neutral=row.get("neutral_site") == "1",
        playoffs=row.get("is_playoffs") == "1",
        seen_at=midnight + SEEN,
        score=(float(scores[0]), float(scores[1])),
        box=(home, away) if home and away else None,
        box_seen_at=midnight + SEEN if home and away else None,
        close=_close(prices[0], prices[1]),
    )


def _close(home: str | None, away: str | None) -> float:
    return float(margin_free([(float(home), float(away))])[0]) if home and away else np.nan


def _counts(row: dict[str, str]) -> list[float]:
    return [float(row[name]) if row[name] else np.nan for name in BOX]


def _find(folder: Path, name: str, kind: Format) -> list[Path]:
    """Return the files of a format, by their header as the importer has it, or of its name."""
    if folder.is_file():
        folder = folder.parent
    return [
        path
        for path in find_files(folder)
        if path.name in (name, f"{name}.gz") or _recognised(path) is kind
    ]


def _recognised(path: Path) -> Format | None:
    try:
        return recognise(path)
    except Unrecognised:
        return None


def _rows(path: Path, columns: set[str]) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise UnusableFiles(f"{path.name} has no column {', '.join(sorted(missing))}")
            yield from reader
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnusableFiles(f"{path} cannot be read: {error}") from error
