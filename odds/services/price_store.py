"""Quotes, their changes and the looks at them in the database: read as arrays, written by COPY."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from odds.database import fetch_columns
from odds.domain.table import IntArray
from odds.feeds.columns import NO_POINT, SIDES, moment_of
from odds.services.bulk import (
    as_hundredths,
    as_moment,
    as_text,
    as_texts,
    as_thousandths,
    copy_rows,
    next_ids,
)
from odds.services.listings import Units
from odds.services.partitions import ensure_partitions

_SIDE = f"array_position(ARRAY[{', '.join(repr(side) for side in SIDES)}], s.side::text) - 1"
_UNITS = """
FROM unnest(%(events)s::bigint[], %(codes)s::int[]) WITH ORDINALITY AS u(event_id, code, place)
JOIN odds_market m ON m.event_id = u.event_id AND m.key = (%(keys)s::text[])[u.code]
"""


def moment_as_text(at: int) -> str:
    """Write microseconds since 1970 as COPY reads a moment."""
    return as_moment(moment_of(at))


@dataclass(slots=True)
class StoredQuotes:
    """What is stored of some units; each column one value a quote. `price` 0 is withdrawn."""

    unit: IntArray
    selection_id: IntArray
    side: IntArray
    point: IntArray
    quote_id: IntArray
    book: IntArray
    price: IntArray
    seen_at: IntArray


def markets_of(units: Units) -> IntArray:
    """Return each unit's market id, 0 where it has none yet."""
    found = np.zeros(len(units), np.int64)
    place, market = fetch_columns(f"SELECT u.place, m.id {_UNITS}", _given(units), "qq")
    found[place - 1] = market
    return found


def looks_from(units: Units, first: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return unit, moment and fingerprint of every look at or after each unit's first."""
    given = _given(units) | {"first": [moment_of(at) for at in first.tolist()]}
    place, at, fingerprint = fetch_columns(
        "SELECT u.place, l.seen_at, l.fingerprint FROM"
        " unnest(%(events)s::bigint[], %(codes)s::int[], %(first)s::timestamptz[])"
        " WITH ORDINALITY AS u(event_id, code, first, place)"
        " JOIN odds_sighting l ON l.event_id = u.event_id"
        " AND l.market_key = (%(keys)s::text[])[u.code] AND l.seen_at >= u.first",
        given,
        "qtq",
    )
    return place - 1, at, fingerprint


def selections_of(units: Units) -> tuple[IntArray, ...]:
    """Return unit, side, point and id of every selection of the units."""
    place, side, point, pk = fetch_columns(
        f"SELECT u.place, ({_SIDE})::int8, coalesce((s.point * 100)::int8, {NO_POINT}), s.id"
        f" {_UNITS} JOIN odds_selection s ON s.market_id = m.id",
        _given(units),
        "qqqq",
    )
    return place - 1, side, point, pk


def quotes_of(units: Units) -> StoredQuotes:
    """Return the quotes of the units as they stand."""
    place, *columns = fetch_columns(
        f"SELECT u.place, s.id, ({_SIDE})::int8, coalesce((s.point * 100)::int8, {NO_POINT}),"
        " q.id, q.bookmaker_id, coalesce((q.price * 1000)::int8, 0), q.seen_at"
        f" {_UNITS} JOIN odds_selection s ON s.market_id = m.id"
        " JOIN odds_quote q ON q.selection_id = s.id",
        _given(units),
        "qqqqqqqt",
    )
    return StoredQuotes(place - 1, *columns)


def old_looks(units: Units) -> tuple[IntArray, ...]:
    """Return unit, moment, id and bookmaker (-1: any) of every look at the units."""
    place, at, pk, book = fetch_columns(
        "SELECT u.place, l.seen_at, l.id, b.id FROM"
        " unnest(%(events)s::bigint[], %(codes)s::int[])"
        " WITH ORDINALITY AS u(event_id, code, place)"
        " JOIN odds_sighting l ON l.event_id = u.event_id"
        " AND l.market_key = (%(keys)s::text[])[u.code]"
        " CROSS JOIN LATERAL unnest(coalesce(l.bookmaker_ids, '{-1}'::bigint[])) AS b(id)",
        _given(units),
        "qtqq",
    )
    return place - 1, at, pk, book


def history_of(quote_ids: IntArray, span: tuple[int, int]) -> tuple[IntArray, ...]:
    """Return quote, moment, price and book time of every change of the quotes within a span."""
    # Each change was seen at a look, so the looks say which months hold them; without that, every
    # month there ever was would be searched.
    given = {"ids": quote_ids.tolist(), "first": moment_of(span[0]), "last": moment_of(span[1])}
    return fetch_columns(
        "SELECT quote_id, seen_at, coalesce((price * 1000)::int8, 0),"
        " coalesce(last_update, '-infinity') FROM odds_pricechange"
        " WHERE quote_id = ANY(%(ids)s) AND seen_at BETWEEN %(first)s AND %(last)s",
        given,
        "qtqt",
    )


def newest_looks(units: Units) -> tuple[IntArray, ...]:
    """Return unit, bookmaker, moment and book time of the newest look at each bookmaker."""
    place, book, at, update = fetch_columns(
        f"SELECT u.place, l.book, l.at, coalesce(l.said, '-infinity') {_UNITS}"
        " JOIN odds_marketlook k ON k.market_id = m.id CROSS JOIN LATERAL"
        " unnest(k.bookmaker_ids, k.looked_at, k.last_update) AS l(book, at, said)",
        _given(units),
        "qqtt",
    )
    return place - 1, book, at, update


def _given(units: Units) -> dict[str, object]:
    return {
        "events": units.event.tolist(),
        "codes": (units.market + 1).tolist(),
        "keys": units.market_keys,
    }


# --- writing


def add_markets(events: IntArray, keys: Sequence[str]) -> IntArray:
    """Write new markets, and return their ids."""
    ids = next_ids("odds_market", len(keys))
    copy_rows(
        "odds_market",
        ["id", "event_id", "key"],
        (
            f"{pk}\t{event}\t{as_text(key)}"
            for pk, event, key in zip(ids, events.tolist(), keys, strict=True)
        ),
    )
    return np.array(ids, np.int64)


def add_selections(markets: IntArray, sides: IntArray, points: IntArray) -> IntArray:
    """Write new selections, and return their ids."""
    ids = next_ids("odds_selection", len(markets))
    copy_rows(
        "odds_selection",
        ["id", "market_id", "side", "point"],
        (
            f"{pk}\t{market}\t{SIDES[side]}\t{as_hundredths(None if point == NO_POINT else point)}"
            for pk, market, side, point in _rows(ids, markets, sides, points)
        ),
    )
    return np.array(ids, np.int64)


def add_quotes(
    selections: IntArray, books: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray
) -> IntArray:
    """Write new quotes, and return their ids."""
    ids = next_ids("odds_quote", len(selections))
    copy_rows(
        "odds_quote",
        ["id", "selection_id", "bookmaker_id", "price", "last_update", "seen_at"],
        (
            f"{pk}\t{selection}\t{book}\t{state}"
            for pk, selection, book, state in zip(
                ids,
                selections.tolist(),
                books.tolist(),
                _states(prices, updates, seen_at),
                strict=True,
            )
        ),
    )
    return np.array(ids, np.int64)


def add_changes(quotes: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray) -> None:
    """Append price changes."""
    moments = (moment_of(at) for at in np.unique(seen_at).tolist())
    ensure_partitions(at for at in moments if at is not None)
    copy_rows(
        "odds_pricechange",
        ["quote_id", "price", "last_update", "seen_at"],
        (
            f"{quote}\t{state}"
            for quote, state in zip(quotes.tolist(), _states(prices, updates, seen_at), strict=True)
        ),
    )


def move_quotes(quotes: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray) -> None:
    """Bring quotes up to their newest change."""
    if not len(quotes):
        return
    columns = ["id", "price", "last_update", "seen_at"]
    with connection.cursor() as cursor:
        _temporary(
            cursor.execute,
            "moved_quote",
            "id bigint, price numeric(9,3), last_update timestamptz, seen_at timestamptz",
        )
        copy_rows(
            "moved_quote",
            columns,
            (
                f"{pk}\t{state}"
                for pk, state in zip(
                    quotes.tolist(), _states(prices, updates, seen_at), strict=True
                )
            ),
        )
        cursor.execute(
            "UPDATE odds_quote q SET price = n.price, last_update = n.last_update,"
            " seen_at = n.seen_at FROM moved_quote n WHERE q.id = n.id"
        )


def add_looks(
    units: Units, unit: IntArray, at: IntArray, books: Iterable[str], fingerprint: IntArray
) -> None:
    """Append that we looked, and at what; `books` as COPY reads them."""
    keys = [as_text(key) for key in units.texts()]
    events = units.event.tolist()
    copy_rows(
        "odds_sighting",
        ["event_id", "market_key", "seen_at", "bookmaker_ids", "fingerprint"],
        (
            f"{events[of]}\t{keys[of]}\t{moment_as_text(moment)}\t{looked_at}\t{print_}"
            for of, moment, looked_at, print_ in zip(
                unit.tolist(), at.tolist(), books, fingerprint.tolist(), strict=True
            )
        ),
    )


def set_newest_looks(lines: Iterable[str]) -> None:
    """Write the newest looks at markets: lines of market, bookmakers, moments and book times."""
    columns = ["market_id", "bookmaker_ids", "looked_at", "last_update"]
    with connection.cursor() as cursor:
        _temporary(
            cursor.execute,
            "newest_look",
            "market_id bigint, bookmaker_ids bigint[], looked_at timestamptz[],"
            " last_update timestamptz[]",
        )
        copy_rows("newest_look", columns, lines)
        cursor.execute(
            "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
            " SELECT market_id, bookmaker_ids, looked_at, last_update FROM newest_look"
            " ON CONFLICT (market_id) DO UPDATE SET bookmaker_ids = EXCLUDED.bookmaker_ids,"
            " looked_at = EXCLUDED.looked_at, last_update = EXCLUDED.last_update"
        )


def _states(prices: IntArray, updates: IntArray, seen_at: IntArray) -> Iterator[str]:
    """Return price, book time and moment of each row, as COPY reads them."""
    columns = (
        as_texts(prices, as_thousandths),
        as_texts(updates, moment_as_text),
        as_texts(seen_at, moment_as_text),
    )
    return map("\t".join, zip(*columns, strict=True))


def _temporary(execute: Callable[[str], object], name: str, columns: str) -> None:
    execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {name} ({columns}) ON COMMIT DELETE ROWS; TRUNCATE {name}"
    )


def _rows(*columns: Sequence[int] | IntArray) -> Iterable[tuple[int, ...]]:
    plain = (each.tolist() if isinstance(each, np.ndarray) else each for each in columns)
    return zip(*plain, strict=True)
