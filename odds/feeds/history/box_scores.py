"""NBA box scores: one row a team and game. Earlier seasons have their games only here."""

from collections.abc import Iterator
from pathlib import Path

from odds.domain.competitions import competition_info
from odds.feeds.history.formats import Fact, Format, Row, has_columns, read_rows
from odds.feeds.history.nba_games import NOMINAL_START, source_of
from odds.feeds.parsed import (
    BadPayload,
    ParsedBoxScore,
    ParsedEvent,
    ParsedResult,
    ParsedTeam,
    RejectedRow,
)
from odds.feeds.values import figure, iso_day, local, next_morning, whole

_NOT_STATS = {
    "competition", "season", "season_type", "game_id", "game_date", "team", "team_name_then",
    "team_abbr_then", "team_id", "opp", "is_home", "neutral_site", "wl", "tov_basis", "source",
}  # fmt: skip


def read(path: Path) -> Iterator[Fact]:
    """Return teams, each game's event and result (from the home side's row), and box scores."""
    names: dict[tuple[str, str], str] = {}
    facts: list[Fact] = []
    figures: list[str] = []
    for row_number, row in read_rows(path):
        figures = figures or [name for name in row if name not in _NOT_STATS]
        try:
            facts.extend(_facts(row, figures))
        except BadPayload as bad:
            facts.append(RejectedRow(bad.field, bad.reason, dict(row), row_number))
            continue
        names[_competition(row), row["team"]] = row.get("team_name_then") or row["team"]
    for (competition, code), name in names.items():
        yield ParsedTeam(competition, name, code if len(code) <= 8 else "", (code,))
    yield from facts


def _competition(row: Row) -> str:
    return row.get("competition") or "basketball_nba"


def _facts(row: Row, figures: list[str]) -> Iterator[Fact]:
    competition = _competition(row)
    zone = competition_info(competition).time_zone
    for name in ("game_id", "team", "opp"):
        if not row[name]:
            raise BadPayload(name, "blank")
    if row["is_home"] not in ("0", "1"):
        raise BadPayload("is_home", f"neither 0 nor 1: {row['is_home']!r}")
    is_home = row["is_home"] == "1"
    day = iso_day(row["game_date"])
    known = next_morning(day, zone)
    source, key = source_of(competition), row["game_id"]
    stats = {name: figure(row[name]) for name in figures if row[name]}
    if "pts" not in stats:
        raise BadPayload("pts", "blank")
    if is_home:
        yield ParsedEvent(
            source=source,
            key=key,
            competition_key=competition,
            home=row["team"],
            away=row["opp"],
            day=day,
            starts_at=local(day, NOMINAL_START, zone),
            start_is_exact=False,
            season=row["season"],
            stage=row.get("season_type") or "regular",
            neutral_site=row.get("neutral_site") == "1",
        )
        minutes = stats.get("game_minutes", 48.0)
        overtimes = max(round((minutes - 48) / 5), 0)
        points = whole(row["pts"]), whole(row["opp_pts"])
        yield ParsedResult(source, key, *points, known, overtimes)
    yield ParsedBoxScore(source, key, is_home, stats, known)


FORMAT = Format(
    name="NBA box scores",
    source="nba",
    rank=1,
    names_teams=True,
    recognises=has_columns("game_id", "game_date", "team", "opp", "is_home", "pts", "fga"),
    read=read,
)
