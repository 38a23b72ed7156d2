"""The odds screen's facts: the next events' prices in one market, kept for seconds, nobody's own.

A few queries whatever is filtered: the page of events, every book's latest quote on them, and the
movement of one reference book for each selection shown. Everything is plain JSON with absolute
times, so one answer serves all readers; odds/board.py arranges it for one of them.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict

import numpy as np
from django.db import connection

from accounts import cache
from accounts.showing.charts import sparkline
from odds.database import fetch_columns
from odds.domain.consensus import BY_SPORT, consensus
from odds.domain.table import FloatArray, QuoteTable
from odds.models import Bookmaker, Event
from odds.selectors import market_quotes, quotes_of

PAGE = 20
KEPT_SECONDS = 5.0
# How far back a movement may reach: further than prices are listed before a start.
OPEN_DAYS = 120
MOST_POINTS = 40
SIDE_ORDER = {"home": 0, "over": 0, "draw": 1, "away": 2, "under": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateFilter:
    """Which events: of one market, and where given of one competition, a stretch, a team."""

    market: str = "h2h"
    competition: str = ""
    within: timedelta | None = None
    team: str = ""
    page: int = 1
    size: int = PAGE


class SlateBook(TypedDict):
    """A bookmaker of the slate; rows name it by its place in the list."""

    id: int
    key: str
    title: str
    weight: float
    commission: float


class SlateRow(TypedDict):
    """One selection. `prices` are (book's place, price or None if withdrawn, when it stood)."""

    id: int
    side: str
    point: float | None
    fair: float | None
    prices: list[tuple[int, float | None, float]]
    path: str
    opened: float | None
    latest: float | None
    moved_at: float | None
    direction: str
    book: int | None


class SlateLine(TypedDict):
    """One line of a market, None where it has none, with its selections."""

    line: float | None
    rows: list[SlateRow]


class SlateEvent(TypedDict):
    """One event with its lines, the main one first."""

    id: int
    home: str
    away: str
    competition: str
    starts_at: float
    lines: list[SlateLine]


class Slate(TypedDict):
    """A page of events; `total` is how many there are on all pages."""

    total: int
    books: list[SlateBook]
    events: list[SlateEvent]


_LISTED = """
WITH listed AS (
    SELECT e.id, e.starts_at, e.home_id, e.away_id, e.competition_id, count(*) OVER () AS total
    FROM odds_event e JOIN odds_market m ON m.event_id = e.id AND m.key = %(market)s
    WHERE e.starts_at > %(now)s AND e.starts_at <= %(until)s AND e.status = 'scheduled'
    AND (%(competition)s = ''
         OR e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s))
    AND (%(team)s = '' OR EXISTS (SELECT FROM odds_team t WHERE t.id IN (e.home_id, e.away_id)
                                  AND t.name ILIKE %(team)s))
    ORDER BY e.starts_at, e.id LIMIT %(size)s OFFSET %(offset)s
)
SELECT l.id, h.name, a.name, c.title, extract(epoch FROM l.starts_at)::float8, l.total
FROM listed l
JOIN odds_team h ON h.id = l.home_id
JOIN odds_team a ON a.id = l.away_id
JOIN odds_competition c ON c.id = l.competition_id
ORDER BY l.starts_at, l.id
"""
_MOVEMENT = """
SELECT quote_id, (price * 1000)::int8, seen_at FROM odds_pricechange
WHERE quote_id = ANY(%(quotes)s) AND seen_at >= %(first)s AND seen_at <= %(now)s
AND price IS NOT NULL
"""


class _Listed(NamedTuple):
    """An event of the page, and how many there are on all pages."""

    id: int
    home: str
    away: str
    competition: str
    starts_at: float
    total: int = 1


class _Priced(NamedTuple):
    """One book's latest quote of one selection; `price` is None where it was withdrawn."""

    event: int
    selection: int
    side: str
    line: float | None
    book: int
    price: float | None
    seen: float


def slate(which: SlateFilter, *, now: datetime, refresh: bool = False) -> Slate:
    """Return the slate, at most 5 s old and never older than the last change of a price."""
    key = json.dumps(asdict(which), default=str)
    answer: Slate = cache.remember(
        "slate", key, lambda: read_slate(which, now=now), seconds=KEPT_SECONDS, refresh=refresh
    )
    return answer


def read_slate(which: SlateFilter, *, now: datetime) -> Slate:
    """Return the slate as the database has it now."""
    listed = _listed(which, now)
    table = market_quotes([each.id for each in listed], which.market, now=now)
    table = table.where(~table.is_archive)
    made = _slate(listed, table)
    _add_movement(made, table, now)
    return made


def event_slate(
    event: Event, table: QuoteTable, titles: Mapping[int, str], *, now: datetime
) -> Slate:
    """Return a slate of one event, with archive sources where it has started, without movement.

    `table` is of one of its markets. Its teams and competition must be loaded.
    """
    if event.starts_at > now:
        table = table.where(~table.is_archive)
    names = (event.home.name, event.away.name, event.competition.title)
    return _slate([_Listed(event.pk, *names, event.starts_at.timestamp())], table, titles)


def market_slate(market_ids: Sequence[int], *, now: datetime) -> Slate:
    """Return a slate of these markets, each as an event of its own that has the market's number.

    Nothing is named but the books.
    """
    table = quotes_of(market_ids, now=now)
    table = table.where(~table.is_archive)
    table = replace(table, event_id=table.market_id)
    markets, first = np.unique(table.market_id, return_index=True)
    starts = (table.starts_at[first].astype(np.int64) / 1e6).tolist()
    made = _slate(
        [
            _Listed(market, "", "", "", start)
            for market, start in zip(markets.tolist(), starts, strict=True)
        ],
        table,
    )
    _add_movement(made, table, now)
    return made


def _listed(which: SlateFilter, now: datetime) -> list[_Listed]:
    plain = which.team.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with connection.cursor() as cursor:
        cursor.execute(
            _LISTED,
            {
                "market": which.market,
                "now": now,
                "until": now + (which.within or timedelta(days=3650)),
                "competition": which.competition,
                "team": f"%{plain}%" if plain else "",
                "size": which.size,
                "offset": (which.page - 1) * which.size,
            },
        )
        return [_Listed(*row) for row in cursor.fetchall()]


def _slate(
    listed: Sequence[_Listed], table: QuoteTable, titles: Mapping[int, str] | None = None
) -> Slate:
    found = consensus(table, method=BY_SPORT)
    fair = dict(zip(found.selection_id.tolist(), found.probability.tolist(), strict=True))
    books = _books(table, titles)
    places = {book["id"]: place for place, book in enumerate(books)}
    by_event: dict[int, list[_Priced]] = defaultdict(list)
    for quote in _priced(table):
        by_event[quote.event].append(quote)
    return {
        "total": listed[0].total if listed else 0,
        "books": books,
        "events": [
            _event(each, by_event[each.id], places, fair) for each in listed if each.id in by_event
        ],
    }


def _priced(table: QuoteTable) -> list[_Priced]:
    return list(
        map(
            _Priced,
            table.event_id.tolist(),
            table.selection_id.tolist(),
            table.side.tolist(),
            _known(table.line),
            table.bookmaker_id.tolist(),
            _known(table.price),
            (table.confirmed_at.astype(np.int64) / 1e6).tolist(),
        )
    )


def _known(values: FloatArray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


def _books(table: QuoteTable, titles: Mapping[int, str] | None) -> list[SlateBook]:
    ids, first = np.unique(table.bookmaker_id, return_index=True)
    if titles is None:
        titles = dict(Bookmaker.objects.filter(pk__in=ids.tolist()).values_list("pk", "title"))
    told = (table.bookmaker_key[first], table.weight[first], table.commission[first])
    known: list[SlateBook] = [
        {"id": pk, "key": key, "title": titles[pk], "weight": weight, "commission": commission}
        for pk, key, weight, commission in zip(
            ids.tolist(), *(each.tolist() for each in told), strict=True
        )
    ]
    return sorted(known, key=lambda book: (-book["weight"], book["title"]))


def _event(
    event: _Listed,
    quotes: Sequence[_Priced],
    places: Mapping[int, int],
    fair: Mapping[int, float],
) -> SlateEvent:
    lines: dict[float | None, dict[int, SlateRow]] = defaultdict(dict)
    for quote in quotes:
        pk, side, line = quote.selection, quote.side, quote.line
        row = lines[line].get(pk)
        if row is None:
            point = -line if line and side == "away" else line
            row = lines[line][pk] = {
                "id": pk, "side": side, "point": point, "fair": fair.get(pk), "prices": [],
                "path": "", "opened": None, "latest": None, "moved_at": None,
                "direction": "", "book": None,
            }  # fmt: skip
        row["prices"].append((places[quote.book], quote.price, quote.seen))
    made: list[SlateLine] = [
        {"line": line, "rows": sorted(rows.values(), key=lambda row: SIDE_ORDER[row["side"]])}
        for line, rows in lines.items()
    ]
    made.sort(key=lambda each: each["line"] or 0.0)
    main = min(made, key=_least_main)
    return {
        "id": event.id,
        "home": event.home,
        "away": event.away,
        "competition": event.competition,
        "starts_at": event.starts_at,
        "lines": [main, *(each for each in made if each is not main)],
    }


def _least_main(line: SlateLine) -> tuple[int, float, float]:
    """Order lines: the one that most books price whole, then nearest to even, then smallest."""
    offers = [{book for book, price, _ in row["prices"] if price} for row in line["rows"]]
    whole = set.intersection(*offers) if len(offers) > 1 else set()
    fair = line["rows"][0]["fair"]
    return -len(whole), abs((0.5 if fair is None else fair) - 0.5), abs(line["line"] or 0.0)


def _add_movement(found: Slate, table: QuoteTable, now: datetime) -> None:
    """Add to each selection of a main line how its price moved at its reference book.

    The reference is the heaviest book in the consensus that offers the selection: books are in
    that order.
    """
    pairs = zip(table.selection_id.tolist(), table.bookmaker_id.tolist(), strict=True)
    quote_ids = dict(zip(pairs, table.quote_id.tolist(), strict=True))
    wanted: dict[int, SlateRow] = {}
    for event in found["events"]:
        for row in event["lines"][0]["rows"]:
            offered = [place for place, price, _ in row["prices"] if price]
            if offered:
                row["book"] = reference = min(offered)
                wanted[quote_ids[row["id"], found["books"][reference]["id"]]] = row
    given = {"quotes": list(wanted), "first": now - timedelta(days=OPEN_DAYS), "now": now}
    quote, thousandths, seen = fetch_columns(_MOVEMENT, given, "qqt")
    order = np.lexsort((seen, quote))
    quote, thousandths, seen = quote[order], thousandths[order], seen[order]
    starts, stops = (np.searchsorted(quote, list(wanted), side=side) for side in ("left", "right"))
    for row, start, stop in zip(wanted.values(), starts.tolist(), stops.tolist(), strict=True):
        if start == stop:
            continue
        prices = thousandths[start:stop] / 1000
        row["opened"], row["latest"] = float(prices[0]), float(prices[-1])
        if len(prices) > 1:
            row["moved_at"] = float(seen[stop - 1]) / 1e6
            row["direction"] = "up" if prices[-1] > prices[-2] else "down"
        row["path"] = sparkline(_thinned(prices))


def _thinned(prices: FloatArray) -> list[float]:
    if len(prices) > MOST_POINTS:
        prices = prices[np.linspace(0, len(prices) - 1, MOST_POINTS).round().astype(np.int64)]
    thinned: list[float] = prices.tolist()
    return thinned
