"""Capture the close of every selection, and hand it to whoever measures against it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from odds.domain.closing import closes
from odds.domain.consensus import BY_SPORT, METHOD_WITHOUT_RULE
from odds.domain.table import NO_REFERENCE, BoolArray, FloatArray, IntArray, QuoteTable, TextArray
from odds.models import ClosingPrice
from odds.selectors import PRICING, PRICING_JOINS

METHOD = BY_SPORT
# Capturing begins this long before the start, so that a close exists even if we stop running.
BEFORE_START = timedelta(hours=3)
# A sweep under way at the start may still bring quotes of before it; then the close is final.
AFTER_START = timedelta(minutes=5)
# An event that started longer ago is left to `capture_closes_between`.
GIVE_UP = timedelta(days=3)
# A quote that last changed longer before the start is not a close but a leftover.
OLDEST_QUOTE = timedelta(days=30)
_BULK_STEP = timedelta(days=30)

_BY_THE_START = """
{0}.seen_at <= %(now)s AND {0}.seen_at BETWEEN %(oldest)s AND %(newest)s
AND COALESCE({0}.last_update, {0}.seen_at) <= e.starts_at
"""
_LAST_QUOTES = f"""
{PRICING}, due AS MATERIALIZED (
    SELECT e.id, e.starts_at, e.competition_id
    FROM odds_event e
    WHERE e.starts_at > %(after)s AND e.starts_at <= %(before)s
      AND e.status <> 'cancelled'
      -- OFFSET 0 keeps this a look-up for each event; joined, it would read every close there is.
      AND NOT EXISTS (
        SELECT FROM odds_closingprice done
        JOIN odds_selection ds ON ds.id = done.selection_id
        JOIN odds_market dm ON dm.id = ds.market_id
        WHERE dm.event_id = e.id AND done.is_final AND done.captured_at >= e.starts_at
        OFFSET 0
      )
)
SELECT q.id, e.id, m.id, m.key, s.id, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8,
       b.id, b.key, CASE WHEN b.weight = 0 THEN 0 ELSE coalesce(learned.weight, b.weight) END,
       b.commission_share::float8, b.is_archive,
       c.price::float8,
       -- The price that is still the latest stood for as long as sweeps, and its bookmaker's own
       -- time, confirmed it.
       EXTRACT(EPOCH FROM CASE WHEN q.seen_at = c.seen_at
           THEN GREATEST(COALESCE(c.last_update, c.seen_at), LEAST(look.at, e.starts_at))
           ELSE COALESCE(c.last_update, c.seen_at) END)::float8,
       EXTRACT(EPOCH FROM c.seen_at)::float8, EXTRACT(EPOCH FROM e.starts_at)::float8,
       coalesce(rule.method, '{METHOD_WITHOUT_RULE}'),
       coalesce(array_position(rule.reference_books, b.key), {NO_REFERENCE}),
       coalesce(rule.reference_minutes, 0)
FROM due e
JOIN odds_market m ON m.event_id = e.id
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
{PRICING_JOINS}
LEFT JOIN LATERAL (
    SELECT least(looked_at[array_position(bookmaker_ids, q.bookmaker_id)],
                 last_update[array_position(bookmaker_ids, q.bookmaker_id)]) AS at
    FROM odds_marketlook WHERE market_id = m.id
) look ON true
JOIN LATERAL (
    -- A quote is its newest change: where that is of before the start, no other is looked for.
    SELECT q.price, q.last_update, q.seen_at WHERE {_BY_THE_START.format("q")}
    UNION ALL
    (SELECT price, last_update, seen_at
    FROM odds_pricechange o
    WHERE NOT ({_BY_THE_START.format("q")}) AND quote_id = q.id AND {_BY_THE_START.format("o")}
    ORDER BY seen_at DESC
    LIMIT 1)
) c ON c.price IS NOT NULL
"""  # noqa: S608

_SAVE = f"""
{PRICING}, fresh AS (
    SELECT * FROM unnest(
        %(selection)s::bigint[], %(probability)s::float8[], %(books)s::int[],
        %(last_update)s::timestamptz[]
    ) AS f(selection_id, fair_probability, book_count, last_update)
)
INSERT INTO odds_closingprice
    (selection_id, fair_probability, method, book_count, last_update, age, captured_at, is_final)
SELECT f.selection_id, f.fair_probability,
       coalesce(rule.method, '{METHOD_WITHOUT_RULE}'), f.book_count, f.last_update,
       e.starts_at - f.last_update, %(now)s, %(now)s >= e.starts_at + %(after_start)s
FROM fresh f
JOIN odds_selection s ON s.id = f.selection_id
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
JOIN odds_competition c ON c.id = e.competition_id
LEFT JOIN rule ON rule.sport_id = c.sport_id
ON CONFLICT (selection_id) DO UPDATE SET
    fair_probability = EXCLUDED.fair_probability, method = EXCLUDED.method,
    book_count = EXCLUDED.book_count, last_update = EXCLUDED.last_update, age = EXCLUDED.age,
    captured_at = EXCLUDED.captured_at, is_final = EXCLUDED.is_final
"""  # noqa: S608

# A line that the books left before the start has no close, whatever we captured earlier.
_DROP_LEFT_LINES = """
DELETE FROM odds_closingprice c
USING odds_selection s, odds_market m, odds_event e
WHERE s.id = c.selection_id AND m.id = s.market_id AND e.id = m.event_id
  AND e.starts_at > %(after)s AND e.starts_at <= %(before)s
  AND (NOT c.is_final OR c.captured_at < e.starts_at)
  AND NOT c.selection_id = ANY(%(selection)s)
"""


_SLATE = """
SELECT e.id, m.key, s.id, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8,
       c.fair_probability, c.is_final
FROM odds_event e
JOIN odds_market m ON m.event_id = e.id
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_closingprice c ON c.selection_id = s.id
WHERE e.starts_at > %(after)s AND e.starts_at <= %(before)s
ORDER BY e.id, s.id
"""


@dataclass(frozen=True, slots=True)
class ClosingLines:
    """One row a close, columns of one length; `line` from the home (or over) side."""

    event_id: IntArray
    market_key: TextArray
    selection_id: IntArray
    side: TextArray
    line: FloatArray
    fair_probability: FloatArray
    is_final: BoolArray

    def __len__(self) -> int:
        return len(self.selection_id)


def capture_closes(*, now: datetime) -> int:
    """Capture the closes of events about to start or just started; return how many rows.

    The close of a selection is the consensus, by its sport's pricing rule, of each book's last
    quote whose book time, or else our sighting, is at or before the start. It is rewritten at every
    call until the start is `AFTER_START` past and then final; an event moved to a later start is
    taken up again. Closes captured earlier for lines that the books have left are removed.
    """
    return _capture(after=now - GIVE_UP, before=now + BEFORE_START, now=now)


def capture_closes_between(*, after: datetime, before: datetime, now: datetime) -> int:
    """Capture the closes of all events that start after `after` and at or before `before`.

    For imported history: month by month, each in its own transaction, so it can be repeated and
    interrupted. Only quotes seen by `now` count. Returns how many rows were written.
    """
    with connection.cursor() as cursor:
        # Just after an import the planner believes that these tables are as small as they were.
        cursor.execute(
            "ANALYZE odds_event, odds_market, odds_selection, odds_quote, odds_closingprice"
        )
    count = 0
    while after < before:
        until = min(after + _BULK_STEP, before)
        count += _capture(after=after, before=until, now=now)
        after = until
    return count


def closes_for(selection_ids: Collection[int]) -> dict[int, ClosingPrice]:
    """Return the close of each selection that has one; `is_final` says whether it may move."""
    return {
        close.selection_id: close
        for close in ClosingPrice.objects.filter(selection_id__in=selection_ids)
    }


def closing_slate(*, starts_after: datetime, starts_before: datetime) -> ClosingLines:
    """Return the captured closes of events that start after `starts_after`, by event and selection.

    And not after `starts_before`. From the table of closes, so as fast as a slate is long; a close
    that may still move is not final.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SLATE, {"after": starts_after, "before": starts_before})
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    kinds = (np.int64, np.str_, np.int64, np.str_, np.float64, np.float64, np.bool_)
    return ClosingLines(*map(np.array, columns, kinds))


@transaction.atomic
def _capture(*, after: datetime, before: datetime, now: datetime) -> int:
    table = _last_quotes(after=after, before=before, now=now)
    found = closes(table, method=METHOD)
    values = {
        "selection": found.selection_id.tolist(),
        "probability": found.fair_probability.tolist(),
        "books": found.book_count.tolist(),
        "last_update": [moment.replace(tzinfo=UTC) for moment in found.last_update.tolist()],
        "known": min(now, before),
        "after": after,
        "before": before,
        "now": now,
        "after_start": AFTER_START,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DROP_LEFT_LINES, values)
        cursor.execute(_SAVE, values)
    return len(found)


def _last_quotes(*, after: datetime, before: datetime, now: datetime) -> QuoteTable:
    with connection.cursor() as cursor:
        cursor.execute(
            _LAST_QUOTES,
            {
                "after": after,
                "before": before,
                "now": now,
                # No weights or rules that were made after these events.
                "known": min(now, before),
                "oldest": after - OLDEST_QUOTE,
                "newest": before + timedelta(days=1),
            },
        )
        rows = cursor.fetchall()
    column = list(zip(*rows, strict=True)) if rows else [()] * 19

    def values(index: int, kind: str) -> Any:  # noqa: ANN401 - one array type a column
        return np.array(column[index], dtype=kind)

    def times(index: int) -> Any:  # noqa: ANN401
        return (values(index, "float64") * 1e6).astype("int64").astype("datetime64[us]")

    # A reference that was last seen too long ago, or before the start, is none.
    by = np.minimum(times(15), np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "us"))
    kept = times(13) >= by - values(18, "timedelta64[m]")
    return QuoteTable(
        quote_id=values(0, "int64"),
        event_id=values(1, "int64"),
        market_id=values(2, "int64"),
        market_key=values(3, "U48"),
        selection_id=values(4, "int64"),
        side=values(5, "U8"),
        line=values(6, "float64"),
        bookmaker_id=values(7, "int64"),
        bookmaker_key=values(8, "U64"),
        weight=values(9, "float64"),
        commission=values(10, "float64"),
        is_archive=values(11, "bool"),
        price=values(12, "float64"),
        last_update=times(13),
        seen_at=times(14),
        confirmed_at=times(13),
        starts_at=times(15),
        margin_method=values(16, "U120"),
        reference_rank=np.where(kept, values(17, "int64"), NO_REFERENCE),
    )
