"""The odds screen's facts: the next events' prices in one market, kept for seconds, nobody's own.

Two queries whatever is filtered: the page of events with every book's latest quote, and the
movement of one reference book for each selection shown. Everything is plain JSON with absolute
times, so one answer serves all readers; odds/board.py arranges it for one of them.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

import numpy as np
from django.db import connection

from accounts import cache
from accounts.charts import sparkline
from odds.domain.consensus import BY_SPORT, METHOD_WITHOUT_RULE, consensus
from odds.domain.table import QuoteTable
from odds.selectors import PRICING

METHOD = BY_SPORT
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


class SlateRow(TypedDict):
    """One selection. `prices` are (book's place, price or None if withdrawn, last seen)."""

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


_SLATE = f"""
{PRICING}, listed AS (
    SELECT e.id, e.starts_at, e.home_id, e.away_id, e.competition_id, m.id AS market_id,
           count(*) OVER () AS total
    FROM odds_event e JOIN odds_market m ON m.event_id = e.id AND m.key = %(market)s
    WHERE e.starts_at > %(now)s AND e.starts_at <= %(until)s AND e.status = 'scheduled'
    AND (%(competition)s = ''
         OR e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s))
    AND (%(team)s = '' OR EXISTS (SELECT FROM odds_team t WHERE t.id IN (e.home_id, e.away_id)
                                  AND t.name ILIKE %(team)s))
    ORDER BY e.starts_at, e.id LIMIT %(size)s OFFSET %(offset)s
)
SELECT l.total, l.id, extract(epoch FROM l.starts_at)::float8, h.name, a.name, c.title,
       l.market_id, s.id, s.side, s.point::float8, q.id, b.id, b.key, b.title,
       CASE WHEN b.weight = 0 THEN 0 ELSE coalesce(learned.weight, b.weight) END,
       b.commission_share::float8, q.price::float8,
       extract(epoch FROM CASE WHEN q.price IS NULL THEN q.seen_at ELSE greatest(
           q.seen_at, k.looked_at[array_position(k.bookmaker_ids, b.id)]) END)::float8,
       coalesce(rule.method, %(method)s)
FROM listed l
JOIN odds_team h ON h.id = l.home_id
JOIN odds_team a ON a.id = l.away_id
JOIN odds_competition c ON c.id = l.competition_id
JOIN odds_selection s ON s.market_id = l.market_id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
LEFT JOIN odds_marketlook k ON k.market_id = l.market_id
LEFT JOIN rule ON rule.sport_id = c.sport_id
LEFT JOIN learned ON learned.sport_id = c.sport_id AND learned.bookmaker_id = b.id
WHERE NOT b.is_archive
ORDER BY l.starts_at, l.id, s.id, b.id
"""  # noqa: S608 - our own text
_MOVEMENT = """
SELECT quote_id, price::float8, extract(epoch FROM seen_at)::float8 FROM odds_pricechange
WHERE quote_id = ANY(%s) AND seen_at >= %s AND seen_at <= %s AND price IS NOT NULL
ORDER BY quote_id, seen_at
"""


class _Quote(tuple[Any, ...]):
    """One row of the query; its columns by name."""

    __slots__ = ()
    (TOTAL, EVENT, STARTS, HOME, AWAY, COMPETITION, MARKET, SELECTION, SIDE, POINT, QUOTE, BOOK,
     KEY, TITLE, WEIGHT, COMMISSION, PRICE, SEEN, METHOD) = range(19)  # fmt: skip


def slate(which: SlateFilter, *, now: datetime, refresh: bool = False) -> Slate:
    """Return the slate, at most 5 s old and never older than the last change of a price."""
    key = json.dumps(asdict(which), default=str)
    answer: Slate = cache.remember(
        "slate", key, lambda: read_slate(which, now=now), seconds=KEPT_SECONDS, refresh=refresh
    )
    return answer


def read_slate(which: SlateFilter, *, now: datetime) -> Slate:
    """Return the slate as the database has it now."""
    rows = _rows(which, now)
    if not rows:
        return {"total": 0, "books": [], "events": []}
    table = _table(rows)
    found = consensus(table.where(~np.isnan(table.price)), method=METHOD)
    fair = dict(zip(found.selection_id.tolist(), found.probability.tolist(), strict=True))
    books = _books(rows)
    places = {book["id"]: place for place, book in enumerate(books)}
    by_event: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_event[row[_Quote.EVENT]].append(row)
    events = [_event(each, places, fair) for each in by_event.values()]
    _add_movement(events, rows, books, now)
    return {"total": rows[0][_Quote.TOTAL], "books": books, "events": events}


def _rows(which: SlateFilter, now: datetime) -> list[tuple[Any, ...]]:
    plain = which.team.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with connection.cursor() as cursor:
        cursor.execute(
            _SLATE,
            {
                "market": which.market,
                "now": now,
                "known": now,
                "method": METHOD_WITHOUT_RULE,
                "until": now + (which.within or timedelta(days=3650)),
                "competition": which.competition,
                "team": f"%{plain}%" if plain else "",
                "size": which.size,
                "offset": (which.page - 1) * which.size,
            },
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _table(rows: Sequence[tuple[Any, ...]]) -> QuoteTable:
    columns = list(zip(*rows, strict=True))
    side = np.array(columns[_Quote.SIDE], np.str_)
    point = np.array(columns[_Quote.POINT], np.float64)
    seen = (np.array(columns[_Quote.SEEN]) * 1e6).astype(np.int64).view("datetime64[us]")
    return QuoteTable(
        quote_id=np.array(columns[_Quote.QUOTE], np.int64),
        event_id=np.array(columns[_Quote.EVENT], np.int64),
        market_id=np.array(columns[_Quote.MARKET], np.int64),
        market_key=np.full(len(rows), "", np.str_),
        selection_id=np.array(columns[_Quote.SELECTION], np.int64),
        side=side,
        line=np.where(side == "away", -point, point),
        bookmaker_id=np.array(columns[_Quote.BOOK], np.int64),
        bookmaker_key=np.array(columns[_Quote.KEY], np.str_),
        weight=np.array(columns[_Quote.WEIGHT], np.float64),
        commission=np.array(columns[_Quote.COMMISSION], np.float64),
        is_archive=np.zeros(len(rows), np.bool_),
        price=np.array(columns[_Quote.PRICE], np.float64),
        last_update=seen,
        seen_at=seen,
        confirmed_at=seen,
        starts_at=seen,
        margin_method=np.array(columns[_Quote.METHOD], np.str_),
    )


def _books(rows: Sequence[tuple[Any, ...]]) -> list[SlateBook]:
    known: dict[int, SlateBook] = {}
    for row in rows:
        if row[_Quote.BOOK] not in known:
            known[row[_Quote.BOOK]] = {
                "id": row[_Quote.BOOK],
                "key": row[_Quote.KEY],
                "title": row[_Quote.TITLE],
                "weight": row[_Quote.WEIGHT],
            }
    return sorted(known.values(), key=lambda book: (-book["weight"], book["title"]))


def _event(
    quotes: Sequence[tuple[Any, ...]], places: Mapping[int, int], fair: Mapping[int, float]
) -> SlateEvent:
    lines: dict[float | None, dict[int, SlateRow]] = defaultdict(dict)
    for quote in quotes:
        side, point = quote[_Quote.SIDE], quote[_Quote.POINT]
        line = -point if point is not None and side == "away" else point
        pk = quote[_Quote.SELECTION]
        row = lines[line].get(pk)
        if row is None:
            row = lines[line][pk] = {
                "id": pk, "side": side, "point": point, "fair": fair.get(pk), "prices": [],
                "path": "", "opened": None, "latest": None, "moved_at": None,
                "direction": "", "book": None,
            }  # fmt: skip
        row["prices"].append((places[quote[_Quote.BOOK]], quote[_Quote.PRICE], quote[_Quote.SEEN]))
    made: list[SlateLine] = [
        {"line": line, "rows": sorted(rows.values(), key=lambda row: SIDE_ORDER[row["side"]])}
        for line, rows in lines.items()
    ]
    made.sort(key=lambda each: each["line"] or 0.0)
    main = min(made, key=_least_main)
    first = quotes[0]
    return {
        "id": first[_Quote.EVENT],
        "home": first[_Quote.HOME],
        "away": first[_Quote.AWAY],
        "competition": first[_Quote.COMPETITION],
        "starts_at": first[_Quote.STARTS],
        "lines": [main, *(each for each in made if each is not main)],
    }


def _least_main(line: SlateLine) -> tuple[int, float, float]:
    """Order lines: the one that most books price whole, then nearest to even, then smallest."""
    offers = [{book for book, price, _ in row["prices"] if price} for row in line["rows"]]
    whole = set.intersection(*offers) if len(offers) > 1 else set()
    fair = line["rows"][0]["fair"]
    return -len(whole), abs((0.5 if fair is None else fair) - 0.5), abs(line["line"] or 0.0)


def _add_movement(
    events: Sequence[SlateEvent],
    rows: Sequence[tuple[Any, ...]],
    books: Sequence[SlateBook],
    now: datetime,
) -> None:
    """Add to each selection of a main line how its price moved at its reference book.

    The reference is the heaviest book in the consensus that offers the selection: books are in
    that order.
    """
    quote_ids = {(row[_Quote.SELECTION], row[_Quote.BOOK]): row[_Quote.QUOTE] for row in rows}
    wanted: dict[int, SlateRow] = {}
    for event in events:
        for row in event["lines"][0]["rows"]:
            offered = [place for place, price, _ in row["prices"] if price]
            if offered:
                row["book"] = reference = min(offered)
                wanted[quote_ids[row["id"], books[reference]["id"]]] = row
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENT, [list(wanted), now - timedelta(days=OPEN_DAYS), now])
        moves: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for quote_id, price, at in cursor.fetchall():
            moves[quote_id].append((price, at))
    for quote_id, row in wanted.items():
        prices = moves[quote_id]
        if not prices:
            continue
        row["opened"], row["latest"] = prices[0][0], prices[-1][0]
        if len(prices) > 1:
            row["moved_at"] = prices[-1][1]
            row["direction"] = "up" if prices[-1][0] > prices[-2][0] else "down"
        row["path"] = sparkline(_thinned([price for price, _ in prices]))


def _thinned(prices: list[float]) -> list[float]:
    if len(prices) <= MOST_POINTS:
        return prices
    step = (len(prices) - 1) / (MOST_POINTS - 1)
    return [prices[round(place * step)] for place in range(MOST_POINTS)]
