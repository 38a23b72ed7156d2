"""Snapshots of The Odds API as rows, one price a row: NBA with team codes, or any sport by name."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.feeds.columns import NO_TIME, Point, Price, micros
from odds.feeds.history.formats import Fact, Format, has_columns, open_text
from odds.feeds.history.sweeping import Snapshots
from odds.feeds.parsed import BadPayload, ParsedEvent, RejectedRow
from odds.feeds.the_odds_api_payloads import SOURCE, side_of
from odds.feeds.values import american_price, decimal_price, line, moment

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


@dataclass(frozen=True, slots=True)
class _Taken:
    """One row, read: who collected it when, and its price."""

    collector: str
    at: str
    event: ParsedEvent
    book: str
    market: str
    side: str
    point: Point
    price: Price
    last_update: str


def _read(path: Path, take: Callable[[_Values, _Events], _Taken], title: str) -> Iterator[Fact]:
    snapshots, events = Snapshots(SOURCE), _Events()
    titles: dict[str, str] = {}
    quotes = snapshots.quotes
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
                taken = take(row, events)
                if not taken.book or not taken.market:
                    raise BadPayload("bookmaker", "bookmaker or market is blank")
                update = micros(moment(taken.last_update)) if taken.last_update else NO_TIME
                seen_at = moment(taken.at)
            except BadPayload as bad:
                yield RejectedRow(bad.field, bad.reason, dict(row), number_)
                continue
            event = taken.event
            quotes.add(
                quotes.event(SOURCE, event.key),
                quotes.bookmaker(taken.book),
                quotes.market(taken.market),
                taken.side,
                taken.point,
                taken.price,
                update,
                snapshots.group(taken.collector, seen_at, event),
            )
            if title:
                titles[taken.book] = row[title]
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
    price = american_price(text) if text else decimal_price(row["price_decimal"])
    return _Taken(
        row["source"], row["snapshot_time"], event, row["bookmaker"], row["market"],
        row["outcome"], line(row["point"]), price, row["last_update"],
    )  # fmt: skip


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
    return _Taken(
        row.get("market_type", ""), row["snapshot_time"], event, row["bookmaker_key"],
        row["market"], side, line(row["point"]), decimal_price(row["price"]), row["last_update"],
    )  # fmt: skip


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
