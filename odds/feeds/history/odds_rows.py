"""Snapshots of The Odds API as rows, one price a row: NBA with team codes, or any sport by name."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.feeds.history.formats import Fact, Format, has_columns, open_text
from odds.feeds.history.sweeping import Snapshots
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedQuote, RejectedRow
from odds.feeds.the_odds_api_payloads import SOURCE, side_of
from odds.feeds.values import american, moment, number

_Values = dict[str, str]
_SIDES = frozenset({"home", "away", "draw", "over", "under"})


class _Events:
    """Makes each event once for each start it was listed with."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], ParsedEvent] = {}
        self._zones: dict[str, ZoneInfo] = {}

    def get(self, competition: str, key: str, start: str, home: str, away: str) -> ParsedEvent:
        at = (competition, key, start, home, away)
        event = self._made.get(at)
        if event is None:
            if not all(at):
                raise BadPayload("event", "id, start or a team is blank")
            zone = self._zones.get(competition)
            if zone is None:
                zone = self._zones[competition] = ZoneInfo(competition_info(competition).time_zone)
            starts_at = moment(start)
            day = starts_at.astimezone(zone).date()
            event = ParsedEvent(SOURCE, key, competition, home, away, day, starts_at)
            self._made[at] = event
        return event


_Taken = tuple[str, str, ParsedEvent, ParsedQuote]


def _read(path: Path, take: Callable[[_Values, _Events], _Taken], title: str) -> Iterator[Fact]:
    snapshots, events = Snapshots(SOURCE), _Events()
    titles: dict[str, str] = {}
    with open_text(path) as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        for number_, cells in enumerate(rows, start=2):
            if not any(cells):
                continue
            row = dict(zip(header, cells, strict=False))
            try:
                if len(cells) != len(header):
                    raise BadPayload("row", f"{len(cells)} fields, not {len(header)}")
                collector, at, event, quote = take(row, events)
                seen_at = moment(at)
            except BadPayload as bad:
                yield RejectedRow(bad.field, bad.reason, dict(row), number_)
                continue
            snapshots.listed(collector, seen_at, event).append(quote)
            if title:
                titles[quote.bookmaker_key] = row[title]
    snapshots.name_books(titles)
    yield from snapshots.sweeps()


def _take_nba(row: _Values, events: _Events) -> _Taken:
    event = events.get(
        row.get("competition") or "basketball_nba",
        row["event_id"],
        row["commence_time"],
        row["home"],
        row["away"],
    )
    if row["outcome"] not in _SIDES:
        raise BadPayload("outcome", f"unknown side {row['outcome']!r}")
    text = row["price_american"]
    # Both are given; the decimal one was rounded once more.
    price = american(text) if text else number(row["price_decimal"])
    quote = _quote(event, row["bookmaker"], row["market"], row["outcome"], row["point"], price,
                   row["last_update"])  # fmt: skip
    return row["source"], row["snapshot_time"], event, quote


def _take_any(row: _Values, events: _Events) -> _Taken:
    event = events.get(
        row["sport_key"],
        row["event_id"],
        row["commence_time"],
        row["home_team"],
        row["away_team"],
    )
    side = side_of(row["outcome_name"], event.home, event.away)
    if side is None:
        raise BadPayload("outcome_name", f"{row['outcome_name']!r} matches no side")
    quote = _quote(event, row["bookmaker_key"], row["market"], side, row["point"],
                   number(row["price"]), row["last_update"])  # fmt: skip
    return row.get("market_type", ""), row["snapshot_time"], event, quote


def _quote(
    event: ParsedEvent,
    book: str,
    market: str,
    side: str,
    point: str,
    price: Decimal,
    last_update: str,
) -> ParsedQuote:
    if not book or not market:
        raise BadPayload("bookmaker", "bookmaker or market is blank")
    update: datetime | None = moment(last_update) if last_update else None
    where = number(point) if point else None
    return ParsedQuote(SOURCE, event.key, book, market, side, where, price, update)


FORMATS = (
    Format(
        name="NBA odds snapshots",
        source=SOURCE,
        rank=3,
        names_teams=False,
        recognises=has_columns(
            "source",
            "snapshot_time",
            "event_id",
            "commence_time",
            "home",
            "away",
            "bookmaker",
            "market",
            "outcome",
            "point",
            "price_american",
            "price_decimal",
            "last_update",
        ),
        read=lambda path: _read(path, _take_nba, ""),
    ),
    Format(
        name="odds of many bookmakers",
        source=SOURCE,
        rank=5,
        names_teams=False,
        recognises=has_columns(
            "event_id",
            "sport_key",
            "commence_time",
            "home_team",
            "away_team",
            "snapshot_time",
            "bookmaker_key",
            "bookmaker_title",
            "market",
            "outcome_name",
            "price",
            "point",
            "last_update",
        ),
        read=lambda path: _read(path, _take_any, "bookmaker_title"),
    ),
)
