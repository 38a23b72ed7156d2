"""Quotes, their changes and the looks at them in the database: read as arrays, written by COPY."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from odds.database import array_literal, fetch_columns, fetch_runs
from odds.domain.table import IntArray
from odds.feeds.columns import NO_POINT, SIDES, moment_of
from odds.services.bulk import (
    as_hundredths,
    as_moment,
    as_text,
    as_texts,
    as_thousandths,
    copy_rows,
    copy_runs,
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
class Selections:
    """What is stored of some units' selections; each column one value a selection."""

    unit: IntArray
    side: IntArray
    point: IntArray
    pk: IntArray


@dataclass(slots=True)
class StoredQuotes:
    """What is stored of some units; each column one value a quote. `price` 0 is withdrawn."""

    unit: IntArray
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
    first_looks = "{" + ",".join(as_texts(first, moment_as_text)) + "}"
    given = _given(units) | {"first": first_looks}
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


def selections_of(units: Units) -> Selections:
    """Return every selection of the units."""
    place, side, point, pk = fetch_columns(
        f"SELECT u.place, ({_SIDE})::int8, coalesce((s.point * 100)::int8, {NO_POINT}), s.id"
        f" {_UNITS} JOIN odds_selection s ON s.market_id = m.id",
        _given(units),
        "qqqq",
    )
    return Selections(place - 1, side, point, pk)


def quotes_of(selections: Selections) -> StoredQuotes:
    """Return the quotes of the selections as they stand."""
    # By the selections' ids: what they are about is told once each, not once a bookmaker.
    selection, *columns = fetch_columns(
        "SELECT q.selection_id, q.id, q.bookmaker_id, coalesce((q.price * 1000)::int8, 0),"
        " q.seen_at FROM odds_quote q WHERE q.selection_id = ANY(%(ids)s::bigint[])",
        {"ids": array_literal(selections.pk)},
        "qqqqt",
    )
    order = np.argsort(selections.pk)
    place = order[np.searchsorted(selections.pk[order], selection)]
    return StoredQuotes(
        selections.unit[place], selections.side[place], selections.point[place], *columns
    )


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
    given = {
        "ids": array_literal(quote_ids),
        "first": moment_of(span[0]),
        "last": moment_of(span[1]),
    }
    return fetch_columns(
        "SELECT quote_id, seen_at, coalesce((price * 1000)::int8, 0),"
        " coalesce(last_update, '-infinity') FROM odds_pricechange"
        " WHERE quote_id = ANY(%(ids)s::bigint[]) AND seen_at BETWEEN %(first)s AND %(last)s",
        given,
        "qtqt",
    )


def newest_looks(units: Units) -> tuple[IntArray, ...]:
    """Return unit, bookmaker, moment and book time of the newest look at each bookmaker."""
    place, sizes, book, at, said = fetch_runs(
        f"SELECT u.place, k.bookmaker_ids, k.looked_at, k.last_update {_UNITS}"
        " JOIN odds_marketlook k ON k.market_id = m.id",
        _given(units),
        "qtt",
    )
    return np.repeat(place - 1, sizes), book, at, said


def _given(units: Units) -> dict[str, object]:
    return {
        "events": array_literal(units.event),
        "codes": array_literal(units.market + 1),
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


def set_newest_looks(
    markets: IntArray, starts: IntArray, books: IntArray, moments: IntArray, times: IntArray
) -> None:
    """Write the newest looks at markets; those of each begin at its start in the other columns."""
    columns = ["market_id", "bookmaker_ids", "looked_at", "last_update"]
    with connection.cursor() as cursor:
        _temporary(
            cursor.execute,
            "newest_look",
            "market_id bigint, bookmaker_ids bigint[], looked_at timestamptz[],"
            " last_update timestamptz[]",
        )
        # Tens of thousands of moments: Postgres takes longer to read them as text than to keep.
        copy_runs("newest_look", columns, markets, starts, (books, moments, times), "qtt")
        cursor.execute(
            "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
            " SELECT market_id, bookmaker_ids, looked_at, last_update FROM newest_look"
            " ON CONFLICT (market_id) DO UPDATE SET bookmaker_ids = EXCLUDED.bookmaker_ids,"
            " looked_at = EXCLUDED.looked_at, last_update = EXCLUDED.last_update"
        )


_MANY = 10_000
_COUNTED = "odds_event, odds_market, odds_selection, odds_quote, odds_marketlook, odds_sighting"
_HAS_GROWN = """
SELECT pg_relation_size(oid) > 1.5 * relpages * current_setting('block_size')::int
FROM pg_class WHERE oid = 'odds_quote'::regclass
"""


def count_again(new_quotes: int) -> None:
    """Let Postgres count its rows again where many were added to what were few."""
    # Until it does so of itself, a minute later and only after the commit, it takes fresh tables
    # for empty ones, and joins them row by row: questions of the past then took minutes. Only when
    # half as many again have come: an import in many steps need not count at each.
    if new_quotes < _MANY:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HAS_GROWN)
        if cursor.fetchone()[0]:
            cursor.execute(f"ANALYZE {_COUNTED}")


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
