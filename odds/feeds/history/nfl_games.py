"""NFL games: results, open and close lines, closing prices; one row a game.

Opening moneylines are left out: the file does not say reliably when they stood.
"""

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

from odds.feeds.columns import NOWHERE, micros
from odds.feeds.history.formats import Fact, Format, Row, has_columns, read_rows
from odds.feeds.history.sweeping import Archive
from odds.feeds.parsed import (
    BadPayload,
    ParsedEvent,
    ParsedLine,
    ParsedResult,
    ParsedTeam,
    RejectedRow,
)
from odds.feeds.values import american_price, iso_day, line, local, next_morning, number, whole

COMPETITION = "americanfootball_nfl"
SOURCE = "nfl"
BOOK = "archive_nfl"
_ZONE = "America/New_York"
_NOMINAL_START = time(13)
# Lines of a week's games are out days before; by nine on the day they surely are.
_OPENING_KNOWN = time(9)


def read(path: Path) -> Iterator[Fact]:
    """Return teams, events, results, lines, and the closing prices of an archive."""
    names: dict[str, str] = {}
    facts: list[Fact] = []
    closes = Archive("archive")
    closes.titles[BOOK] = "Archive: NFL lines"
    for row_number, row in read_rows(path):
        try:
            facts.extend(_facts(row, row_number, closes))
        except BadPayload as bad:
            facts.append(RejectedRow(bad.field, bad.reason, dict(row), row_number))
            continue
        for side in ("home", "away"):
            names[row[side]] = row.get(f"team_{side}") or row[side]
    for code, name in names.items():
        yield ParsedTeam(COMPETITION, name, code if len(code) <= 8 else "", (code,))
    yield from facts
    yield from closes.sweeps()


def _facts(row: Row, row_number: int, closes: Archive) -> Iterator[Fact]:
    for name in ("home", "away", "season"):
        if not row[name]:
            raise BadPayload(name, "blank")
    day = iso_day(row["game_date"])
    starts_at = local(day, _NOMINAL_START, _ZONE)
    # Not the later of the file's two ids: games before 1999 have none.
    key = f"{day.isoformat()}_{row['away']}_{row['home']}"
    event = ParsedEvent(
        source=SOURCE,
        key=key,
        competition_key=COMPETITION,
        home=row["home"],
        away=row["away"],
        day=day,
        starts_at=starts_at,
        start_is_exact=False,
        season=row["season"].removesuffix(".0"),
        stage="playoffs" if row.get("is_playoffs") in ("1", "1.0", "True") else "regular",
        neutral_site=row.get("stadium_neutral") in ("1", "1.0", "True"),
    )
    result = None
    if row["home_score"] or row["away_score"]:
        scores = whole(row["home_score"]), whole(row["away_score"])
        result = ParsedResult(SOURCE, key, *scores, next_morning(day, _ZONE))
    yield event
    if result is not None:
        yield result
    yield from _lines(row, event, local(day, _OPENING_KNOWN, _ZONE), row_number)
    yield from _close(row, event, row_number, closes)


def _lines(row: Row, event: ParsedEvent, opened: datetime, row_number: int) -> Iterator[Fact]:
    for market, moment, known, names in (
        ("spreads", "open", opened, ("spread_open_home",)),
        ("spreads", "close", event.starts_at, ("spread_close_home", "ss_spread_home")),
        ("totals", "open", opened, ("total_open",)),
        ("totals", "close", event.starts_at, ("total_close", "ss_total")),
    ):
        name = next((name for name in names if row.get(name)), None)
        if name is None:
            continue
        try:
            yield ParsedLine(SOURCE, event.key, market, moment, number(row[name]), known)
        except BadPayload as bad:
            raw = {"game": event.key, name: row[name]}
            yield RejectedRow(name, bad.reason, raw, row_number)


def _close(row: Row, event: ParsedEvent, row_number: int, closes: Archive) -> Iterator[Fact]:
    wanted: list[tuple[str, str, str, str]] = [
        ("h2h", "home", "ml_home_close_am", ""),
        ("h2h", "away", "ml_away_close_am", ""),
        ("spreads", "home", "home_spread_last_price", "spread_close_home"),
        ("spreads", "away", "away_spread_last_price", "spread_close_home"),
        ("totals", "over", "over_price_last", "total_close"),
        ("totals", "under", "under_price_last", "total_close"),
    ]
    quotes = closes.quotes
    at_event, book = quotes.event(SOURCE, event.key), quotes.bookmaker(BOOK)
    for market, side, price_name, point_name in wanted:
        if not row.get(price_name) or (point_name and not row.get(point_name)):
            continue
        try:
            point = line(row[point_name], is_mirrored=side == "away") if point_name else NOWHERE
            price = american_price(row[price_name])
        except BadPayload as bad:
            raw = {"game": event.key, price_name: row[price_name]}
            yield RejectedRow(price_name, bad.reason, raw, row_number)
            continue
        group = closes.group(event, event.starts_at)
        at = micros(event.starts_at)
        quotes.add(at_event, book, quotes.market(market), side, point, price, at, group)


FORMAT = Format(
    name="NFL games",
    source=SOURCE,
    rank=0,
    names_teams=True,
    recognises=has_columns(
        "season", "game_date", "home", "away", "team_home", "team_away", "home_score", "week_label"
    ),
    read=read,
)
