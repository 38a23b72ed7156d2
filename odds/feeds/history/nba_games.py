"""NBA games: results, opening and closing lines, closing moneylines; one row a game.

Also read for any other competition that a column `competition` names, such as a simulated one.
"""

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

from odds.domain.competitions import competition_info
from odds.feeds.columns import NOWHERE, Price, micros
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
from odds.feeds.values import (
    american_price,
    decimal_price,
    iso_day,
    local,
    moment,
    next_morning,
    number,
    whole,
)

# Where only the day is known. Most games start at seven; the real start follows from odds files.
NOMINAL_START = time(19)
# An opening line is surely known by noon of the day.
OPENING_KNOWN = time(12)


def read(path: Path) -> Iterator[Fact]:
    """Return teams, events, results, lines, and the closing moneyline as an archive's prices."""
    names: dict[tuple[str, str], str] = {}
    facts: list[Fact] = []
    closes = Archive("archive")
    for row_number, row in read_rows(path):
        try:
            facts.extend(_facts(row, row_number, closes))
        except BadPayload as bad:
            facts.append(RejectedRow(bad.field, bad.reason, dict(row), row_number))
            continue
        for side in ("home", "away"):
            names[_competition(row), row[side]] = row.get(f"{side}_name") or row[side]
    for (competition, code), name in names.items():
        yield ParsedTeam(competition, name, code if len(code) <= 8 else "", (code,))
    yield from facts
    yield from closes.sweeps()


def source_of(competition_key: str) -> str:
    """Return what the league's own game ids are called."""
    return "nba" if competition_key == "basketball_nba" else competition_key[:32]


def _competition(row: Row) -> str:
    return row.get("competition") or "basketball_nba"


def _facts(row: Row, row_number: int, closes: Archive) -> Iterator[Fact]:
    competition = _competition(row)
    zone = competition_info(competition).time_zone
    for name in ("game_id", "home", "away"):
        if not row[name]:
            raise BadPayload(name, "blank")
    day = iso_day(row["game_date"])
    tip = row.get("tip_utc")
    starts_at = moment(tip) if tip else local(day, NOMINAL_START, zone)
    source, key = source_of(competition), row["game_id"]
    event = ParsedEvent(
        source=source,
        key=key,
        competition_key=competition,
        home=row["home"],
        away=row["away"],
        day=day,
        starts_at=starts_at,
        start_is_exact=bool(tip),
        season=row["season"],
        stage=row.get("season_type") or "regular",
        neutral_site=row.get("neutral_site") in ("1", "True", "true"),
    )
    result = None
    if row["home_score"] or row["away_score"]:
        scores = whole(row["home_score"]), whole(row["away_score"])
        known = max(next_morning(day, zone), starts_at)
        overtimes = whole(row.get("overtimes") or "0")
        result = ParsedResult(source, key, *scores, known, overtimes)
    yield event
    if result is not None:
        yield result
    yield from _lines(row, event, min(local(day, OPENING_KNOWN, zone), starts_at), row_number)
    yield from _close(row, event, row_number, closes)


def _lines(row: Row, event: ParsedEvent, opened: datetime, row_number: int) -> Iterator[Fact]:
    for market, name in (("spreads", "spread_{}_home"), ("totals", "total_{}")):
        for at, moment_, known in (
            (name.format("open"), "open", opened),
            (name.format("close"), "close", event.starts_at),
        ):
            text = row.get(at)
            if not text:
                continue
            try:
                point = number(text)
            except BadPayload as bad:
                yield RejectedRow(at, bad.reason, {"game_id": event.key, at: text}, row_number)
                continue
            yield ParsedLine(event.source, event.key, market, moment_, point, known)


def _close(row: Row, event: ParsedEvent, row_number: int, closes: Archive) -> Iterator[Fact]:
    prices: dict[str, Price] = {}
    try:
        for side in ("home", "away"):
            if text := row.get(f"ml_{side}_close_am"):
                prices[side] = american_price(text)
            elif text := row.get(f"ml_{side}_close_dec"):
                prices[side] = decimal_price(text)
    except BadPayload as bad:
        raw = {"game_id": event.key} | {name: row[name] for name in row if name.startswith("ml_")}
        yield RejectedRow(bad.field, bad.reason, raw, row_number)
        return
    if len(prices) < 2:
        return
    book = f"archive_{row.get('close_source') or 'games'}"
    closes.titles[book] = f"Archive: {row.get('close_source') or 'games'}"
    quotes = closes.quotes
    where = (quotes.event(event.source, event.key), quotes.bookmaker(book), quotes.market("h2h"))
    group = closes.group(event, event.starts_at)
    for side, price in prices.items():
        quotes.add(*where, side, NOWHERE, price, micros(event.starts_at), group)


FORMAT = Format(
    name="NBA games",
    source="nba",
    rank=0,
    names_teams=True,
    recognises=has_columns(
        "season", "game_id", "game_date", "home", "away", "home_score", "away_score"
    ),
    read=read,
)
