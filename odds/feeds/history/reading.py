"""Files and folders of any format we know."""

from pathlib import Path

from odds.feeds.history import (
    box_scores,
    football_data,
    nba_games,
    nfl_games,
    odds_rows,
    odds_wide,
    stored_responses,
)
from odds.feeds.history.formats import Format, Unrecognised, first_line

FORMATS: tuple[Format, ...] = (
    nba_games.FORMAT,
    nfl_games.FORMAT,
    football_data.FORMAT,
    box_scores.FORMAT,
    *odds_rows.FORMATS,
    odds_wide.FORMAT,
    stored_responses.FORMAT,
)
_SUFFIXES = {".csv", ".jsonl", ".json", ".gz", ".txt"}


def recognise(path: Path) -> Format:
    """Return the format of a file, by its first line.

    Raises:
        Unrecognised: where it is none that we import, saying what it is if we know.
    """
    try:
        line = first_line(path)
    except (OSError, EOFError) as error:
        raise Unrecognised(f"cannot be read: {error}") from error
    for found in FORMATS:
        if found.recognises(line):
            return found
    if line.startswith("{") and '"op":"mcm"' in line.replace(" ", ""):
        raise Unrecognised("Betfair stream: not a format we import")
    raise Unrecognised("not a format we import")


def find_files(path: Path) -> list[Path]:
    """Return the files to look at: the file itself, or all data files below a folder, by name."""
    if path.is_file():
        return [path]
    return sorted(
        file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in _SUFFIXES
    )
