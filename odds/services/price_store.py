"""Quotes, their changes and the looks at them in the database: read as arrays, written by COPY."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from django.db import connection, transaction

from odds.database import array_literal, fetch_columns, fetch_runs
from odds.domain.changes import WITHDRAWN
from odds.domain.table import IntArray
from odds.feeds.columns import NO_POINT, SIDES, moment_of
from odds.services.bulk import (
    Column,
    bigints,
    copy_columns,
    copy_runs,
    decimals,
    moments,
    next_ids,
    temporary_table,
    words,
)
from odds.services.listings import Units
from odds.services.partitions import ensure_partitions

_SIDE = f"array_position(ARRAY[{', '.join(repr(side) for side in SIDES)}], s.side::text) - 1"
_UNITS = """
FROM unnest(%(events)s::bigint[], %(codes)s::int[]) WITH ORDINALITY AS u(event_id, code, place)
JOIN odds_market m ON m.event_id = u.event_id AND m.key = (%(keys)s::text[])[u.code]
"""


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


def markets_of(units: Units) -> IntArray:
    """Return each unit's market id, 0 where it has none yet."""
    found = np.zeros(len(units), np.int64)
    place, market = fetch_columns(f"SELECT u.place, m.id {_UNITS}", _given(units), "qq")
    found[place - 1] = market
    return found


def looks_from(units: Units, first: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return unit, moment and fingerprint of every look at or after each unit's first."""
    if not len(units):
        return (np.zeros(0, np.int64),) * 3
    given = _given(units) | {"first": moment_of(int(first.min()))}
    place, at, fingerprint = fetch_columns(
        "SELECT u.place, l.seen_at, l.fingerprint FROM"
        " unnest(%(events)s::bigint[], %(codes)s::int[])"
        " WITH ORDINALITY AS u(event_id, code, place)"
        " JOIN odds_sighting l ON l.event_id = u.event_id"
        " AND l.market_key = (%(keys)s::text[])[u.code] AND l.seen_at >= %(first)s",
        given,
        "qtq",
    )
    wanted = at >= first[place - 1]
    return place[wanted] - 1, at[wanted], fingerprint[wanted]


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
        "SELECT q.selection_id, q.id, q.bookmaker_id, coalesce((q.price * 1000)::int8, 0)"
        " FROM odds_quote q WHERE q.selection_id = ANY(%(ids)s::bigint[])",
        {"ids": array_literal(selections.pk)},
        "qqqq",
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
    # The span says which months hold them: without it, every month there ever was is searched.
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


def add_markets(events: IntArray, keys: list[str], which: IntArray) -> IntArray:
    """Write new markets, each with one of the keys, and return their ids."""
    ids = next_ids("odds_market", len(events))
    copy_columns(
        "odds_market",
        {"id": bigints(ids), "event_id": bigints(events), "key": words(keys, which)},
    )
    return ids


def add_selections(markets: IntArray, sides: IntArray, points: IntArray) -> IntArray:
    """Write new selections, and return their ids."""
    ids = next_ids("odds_selection", len(markets))
    copy_columns(
        "odds_selection",
        {
            "id": bigints(ids),
            "market_id": bigints(markets),
            "side": words(SIDES, sides),
            "point": decimals(points, places=2, null=NO_POINT),
        },
    )
    return ids


def add_quotes(
    selections: IntArray, books: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray
) -> IntArray:
    """Write new quotes, and return their ids."""
    ids = next_ids("odds_quote", len(selections))
    copy_columns(
        "odds_quote",
        {
            "id": bigints(ids),
            "selection_id": bigints(selections),
            "bookmaker_id": bigints(books),
            **_state(prices, updates, seen_at),
        },
    )
    return ids


def add_changes(quotes: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray) -> None:
    """Append price changes."""
    months = np.unique(seen_at.view("datetime64[us]").astype("datetime64[M]"))
    starts = months.astype("datetime64[us]").view(np.int64).tolist()
    ensure_partitions(at for at in map(moment_of, starts) if at is not None)
    copy_columns(
        "odds_pricechange", {"quote_id": bigints(quotes), **_state(prices, updates, seen_at)}
    )


def move_quotes(quotes: IntArray, prices: IntArray, updates: IntArray, seen_at: IntArray) -> None:
    """Bring quotes up to these changes, where they are newer."""
    if not len(quotes):
        return
    temporary_table(
        "moved_quote",
        "id bigint, price numeric(9,3), last_update timestamptz, seen_at timestamptz",
    )
    copy_columns("moved_quote", {"id": bigints(quotes), **_state(prices, updates, seen_at)})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE odds_quote q SET price = n.price, last_update = n.last_update,"
            " seen_at = n.seen_at FROM moved_quote n WHERE q.id = n.id AND q.seen_at < n.seen_at"
        )


def add_looks(
    units: Units, unit: IntArray, at: IntArray, books: Column, fingerprint: IntArray
) -> None:
    """Append that we looked, and at which bookmakers."""
    copy_columns(
        "odds_sighting",
        {
            "event_id": bigints(units.event[unit]),
            "market_key": words(units.market_keys, units.market[unit]),
            "seen_at": moments(at),
            "bookmaker_ids": books,
            "fingerprint": bigints(fingerprint),
        },
    )


def set_newest_looks(
    markets: IntArray, starts: IntArray, books: IntArray, looked_at: IntArray, said: IntArray
) -> None:
    """Write the newest looks at markets; those of each begin at its start in the other columns."""
    temporary_table(
        "newest_look",
        "market_id bigint, bookmaker_ids bigint[], looked_at timestamptz[],"
        " last_update timestamptz[]",
    )
    columns = ["market_id", "bookmaker_ids", "looked_at", "last_update"]
    copy_runs("newest_look", columns, markets, starts, (books, looked_at, said), "qtt")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
            " SELECT market_id, bookmaker_ids, looked_at, last_update FROM newest_look"
            " ON CONFLICT (market_id) DO UPDATE SET bookmaker_ids = EXCLUDED.bookmaker_ids,"
            " looked_at = EXCLUDED.looked_at, last_update = EXCLUDED.last_update"
        )


_MANY = 10_000
_COUNTED = "odds_event, odds_market, odds_selection, odds_quote, odds_marketlook, odds_sighting"
_HAS_GROWN = """
SELECT pg_relation_size(oid) > 3 * relpages * current_setting('block_size')::int
    OR reltuples < %s
FROM pg_class WHERE oid = 'odds_quote'::regclass
"""


def count_again(new_quotes: int) -> None:
    """Let Postgres count its rows again, after the commit, where many were added to few."""
    # Until it does so of itself, a minute later and only after the commit, it takes fresh tables
    # for empty ones, and joins them row by row: questions of the past then took minutes. Only when
    # there are three times as many: an import in many steps need not count at each. The file alone
    # does not say so: it keeps its size when what was in it is rolled back or deleted.
    if new_quotes < _MANY:
        return
    # Others who count wait for the one who does, until it commits: so not before that.
    transaction.on_commit(partial(_count, new_quotes), robust=True)


def _count(new_quotes: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_HAS_GROWN, [new_quotes])
        if cursor.fetchone()[0]:
            cursor.execute(f"ANALYZE {_COUNTED}")


def _state(prices: IntArray, updates: IntArray, seen_at: IntArray) -> dict[str, Column]:
    return {
        "price": decimals(prices, places=3, null=WITHDRAWN),
        "last_update": moments(updates),
        "seen_at": moments(seen_at),
    }
