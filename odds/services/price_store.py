"""Quotes and their changes in the database: loaded by event, written by COPY."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.db import connection

from odds.domain.sightings import Change, Key, Listing, State
from odds.services.bulk import (
    as_hundredths,
    as_moment,
    as_number,
    as_text,
    as_thousandths,
    copy_rows,
    next_ids,
)
from odds.services.partitions import ensure_partitions

Unit = tuple[int, str]
# When each market was looked at, and at which bookmakers (None: any).
Looks = Mapping[Unit, list[tuple[datetime, frozenset[int] | None]]]
_Selection = tuple[str, int | None]


class Outcome(Protocol):
    """What to write of one market of one event."""

    states: dict[Key, State]
    changes: list[Change]


@dataclass(slots=True)
class Stored:
    """What the database holds of some markets: ids, and the latest state of each quote."""

    markets: dict[Unit, int] = field(default_factory=dict)
    selections: dict[Unit, dict[_Selection, int]] = field(default_factory=dict)
    quotes: dict[Unit, dict[Key, int]] = field(default_factory=dict)
    states: dict[Unit, dict[Key, State]] = field(default_factory=dict)
    before: dict[int, tuple[int | None, datetime | None, datetime, datetime]] = field(
        default_factory=dict
    )


_LOAD = """
SELECT m.event_id, m.key, m.id, s.id, s.side, (s.point * 100)::int, q.id, q.bookmaker_id,
       (q.price * 1000)::int, q.last_update, q.seen_at, q.confirmed_at
FROM odds_market m
LEFT JOIN odds_selection s ON s.market_id = m.id
LEFT JOIN odds_quote q ON q.selection_id = s.id
WHERE m.event_id = ANY(%s) AND m.key = ANY(%s)
"""


def load(units: Collection[Unit]) -> Stored:
    """Read the quotes of some markets, as they stand now."""
    stored = Stored()
    if not units:
        return stored
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list({u[0] for u in units}), list({u[1] for u in units})])
        for event_id, key, market, selection, side, point, quote, book, *state in cursor.fetchall():
            unit = (event_id, key)
            stored.markets[unit] = market
            if selection is not None:
                stored.selections.setdefault(unit, {})[side, point] = selection
            if quote is not None:
                quote_key = (side, point, book)
                stored.quotes.setdefault(unit, {})[quote_key] = quote
                stored.states.setdefault(unit, {})[quote_key] = State(*state)
                stored.before[quote] = tuple(state)
    return stored


def known_prints(
    event_ids: Collection[int], span: tuple[datetime, datetime] | None
) -> set[tuple[Unit, datetime, int]]:
    """Return what was already worked in of these events in a stretch of time."""
    if span is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, market_key, seen_at, fingerprint FROM odds_sighting"
            " WHERE event_id = ANY(%s) AND seen_at BETWEEN %s AND %s",
            [list(event_ids), *span],
        )
        return {((event, key), at, print_) for event, key, at, print_ in cursor.fetchall()}


def sightings_reaching(
    first: Mapping[Unit, datetime],
) -> dict[Unit, list[tuple[datetime, frozenset[int] | None]]]:
    """Return every look at the markets that were also looked at at or after the given moment."""
    if not first:
        return {}
    earliest = min(first.values())
    found: dict[Unit, list[tuple[datetime, frozenset[int] | None]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (event_id, market_key) event_id, market_key, seen_at"
            " FROM odds_sighting WHERE event_id = ANY(%s) AND seen_at >= %s"
            " ORDER BY event_id, market_key, seen_at DESC",
            [list({unit[0] for unit in first}), earliest],
        )
        late = {
            (event, key)
            for event, key, newest in cursor.fetchall()
            if (event, key) in first and newest >= first[event, key]
        }
        if not late:
            return {}
        cursor.execute(
            "SELECT event_id, market_key, seen_at, bookmaker_ids FROM odds_sighting"
            " WHERE event_id = ANY(%s) ORDER BY seen_at, id",
            [list({unit[0] for unit in late})],
        )
        for event, key, at, books in cursor.fetchall():
            if (event, key) in late:
                found[event, key].append((at, None if books is None else frozenset(books)))
    return found


def load_history(looks: Looks, stored: Stored) -> dict[Unit, dict[Key, list[Change]]]:
    """Read every change of the quotes of some markets, in order of time."""
    keys = {
        quote: (unit, key) for unit in looks for key, quote in stored.quotes.get(unit, {}).items()
    }
    history: dict[Unit, dict[Key, list[Change]]] = defaultdict(lambda: defaultdict(list))
    if not keys:
        return history
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_id, (price * 1000)::int, last_update, seen_at FROM odds_pricechange"
            " WHERE quote_id = ANY(%s) AND seen_at BETWEEN %s AND %s ORDER BY seen_at",
            # Each change was seen at a look, so the looks say which months hold them; without
            # that, every month there ever was would be searched.
            [list(keys), *_span(looks)],
        )
        for quote, price, last_update, seen_at in cursor.fetchall():
            unit, key = keys[quote]
            history[unit][key].append(Change(key, price, last_update, seen_at))
    return history


def _span(looks: Looks) -> tuple[datetime, datetime]:
    moments = [at for of_unit in looks.values() for at, _ in of_unit]
    return min(moments), max(moments)


def write(outcomes: Mapping[Unit, Outcome], stored: Stored) -> None:
    """Write new markets, selections, quotes and changes, and the quotes that moved on."""
    _write_markets(outcomes, stored)
    _write_selections(outcomes, stored)
    _write_quotes(outcomes, stored)
    changes = [
        (stored.quotes[unit][change.key], change)
        for unit, outcome in outcomes.items()
        for change in outcome.changes
    ]
    ensure_partitions({change.seen_at for _, change in changes})
    copy_rows(
        "odds_pricechange",
        ["quote_id", "price", "last_update", "seen_at"],
        (
            f"{quote}\t{as_thousandths(change.price)}\t{as_moment(change.last_update)}"
            f"\t{as_moment(change.seen_at)}"
            for quote, change in changes
        ),
    )
    _update_quotes(outcomes, stored)


def write_sightings(prints: Iterable[tuple[Unit, Listing, int]]) -> None:
    """Write that we looked, and at what."""
    copy_rows(
        "odds_sighting",
        ["event_id", "market_key", "seen_at", "bookmaker_ids", "fingerprint"],
        (
            f"{event_id}\t{as_text(market_key)}\t{as_moment(listing.seen_at)}"
            f"\t{_as_array(listing.books)}\t{print_}"
            for (event_id, market_key), listing, print_ in prints
        ),
    )


def _as_array(books: frozenset[int] | None) -> str:
    return r"\N" if books is None else "{" + ",".join(map(str, sorted(books))) + "}"


def _write_markets(outcomes: Mapping[Unit, Outcome], stored: Stored) -> None:
    new = [unit for unit, o in outcomes.items() if o.changes and unit not in stored.markets]
    ids = next_ids("odds_market", len(new))
    stored.markets |= zip(new, ids, strict=True)
    lines = (f"{pk}\t{unit[0]}\t{as_text(unit[1])}" for unit, pk in zip(new, ids, strict=True))
    copy_rows("odds_market", ["id", "event_id", "key"], lines)


def _write_selections(outcomes: Mapping[Unit, Outcome], stored: Stored) -> None:
    new: dict[tuple[Unit, _Selection], None] = {}
    for unit, outcome in outcomes.items():
        there = stored.selections.setdefault(unit, {})
        for change in outcome.changes:
            if change.key[:2] not in there:
                new[unit, change.key[:2]] = None
    ids = next_ids("odds_selection", len(new))
    lines = []
    for (unit, selection), pk in zip(new, ids, strict=True):
        stored.selections[unit][selection] = pk
        side, point = selection
        lines.append(f"{pk}\t{stored.markets[unit]}\t{side}\t{as_hundredths(point)}")
    copy_rows("odds_selection", ["id", "market_id", "side", "point"], lines)


def _write_quotes(outcomes: Mapping[Unit, Outcome], stored: Stored) -> None:
    new: dict[tuple[Unit, Key], None] = {}
    for unit, outcome in outcomes.items():
        there = stored.quotes.setdefault(unit, {})
        for change in outcome.changes:
            if change.key not in there:
                new[unit, change.key] = None
    ids = next_ids("odds_quote", len(new))
    lines = []
    for (unit, key), pk in zip(new, ids, strict=True):
        stored.quotes[unit][key] = pk
        state = outcomes[unit].states[key]
        selection = stored.selections[unit][key[:2]]
        lines.append(f"{pk}\t{selection}\t{as_number(key[2])}\t{_as_state(state)}")
    columns = ["id", "selection_id", "bookmaker_id", *_STATE]
    copy_rows("odds_quote", columns, lines)


_STATE = ["price", "last_update", "seen_at", "confirmed_at"]


def _as_state(state: State) -> str:
    return (
        f"{as_thousandths(state.price)}\t{as_moment(state.last_update)}"
        f"\t{as_moment(state.seen_at)}\t{as_moment(state.confirmed_at)}"
    )


def _update_quotes(outcomes: Mapping[Unit, Outcome], stored: Stored) -> None:
    lines = []
    for unit, outcome in outcomes.items():
        for key, state in outcome.states.items():
            quote = stored.quotes[unit].get(key)
            before = stored.before.get(quote) if quote is not None else None
            if before is None:
                continue
            if state.price == before[0] and before[1] is not None:
                state.last_update = max(state.last_update or before[1], before[1])
            now = (state.price, state.last_update, state.seen_at, state.confirmed_at)
            if now != before:
                lines.append(f"{quote}\t{_as_state(state)}")
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS moved_quote (id bigint, price numeric(9,3),"
            " last_update timestamptz, seen_at timestamptz, confirmed_at timestamptz)"
            " ON COMMIT DELETE ROWS"
        )
        cursor.execute("TRUNCATE moved_quote")
        copy_rows("moved_quote", ["id", *_STATE], lines)
        cursor.execute(
            "UPDATE odds_quote q SET price = n.price, last_update = n.last_update,"
            " seen_at = n.seen_at, confirmed_at = n.confirmed_at FROM moved_quote n"
            " WHERE q.id = n.id"
        )
