"""Capture the close of every selection, and hand it to whoever measures against it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction

from odds.database import fetch_columns
from odds.domain.closing import closes
from odds.domain.consensus import BY_SPORT, METHOD_WITHOUT_RULE
from odds.domain.table import BoolArray, FloatArray, IntArray, QuoteTable, TextArray
from odds.models import ClosingPrice
from odds.selectors import PRICING, quote_table
from odds.services.bulk import bigints, copy_columns, floats, moments, temporary_table

METHOD = BY_SPORT
# Capturing begins this long before the start, so that a close exists even if we stop running.
BEFORE_START = timedelta(hours=3)
# A sweep under way at the start may still bring quotes of before it; then the close is final.
AFTER_START = timedelta(minutes=5)
# An event that started longer ago is left to `capture_closes_between`.
GIVE_UP = timedelta(days=3)
# A quote that last changed longer before the start is not a close but a leftover.
OLDEST_QUOTE = timedelta(days=30)
# Events at once: a query of each day of sixty years would be planned for longer than it runs.
_EVENTS_A_STEP = 1_000

_BY_THE_START = """
{0}.seen_at <= %(now)s AND {0}.seen_at BETWEEN %(oldest)s AND %(newest)s
AND COALESCE({0}.last_update, {0}.seen_at) <= e.starts_at
"""
_LAST_QUOTES = f"""
WITH due AS MATERIALIZED (
    SELECT e.id, e.starts_at
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
SELECT q.id, s.id, q.bookmaker_id, (c.price * 1000)::int8,
       -- The price that is still the latest stood for as long as sweeps, and its bookmaker's own
       -- time, confirmed it.
       CASE WHEN q.seen_at = c.seen_at
           THEN GREATEST(COALESCE(c.last_update, c.seen_at), LEAST(look.at, e.starts_at))
           ELSE COALESCE(c.last_update, c.seen_at) END,
       c.seen_at
FROM due e
JOIN odds_market m ON m.event_id = e.id
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
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
{PRICING}
INSERT INTO odds_closingprice
    (selection_id, fair_probability, method, book_count, last_update, age, captured_at, is_final)
SELECT f.selection_id, f.fair_probability,
       coalesce(rule.method, '{METHOD_WITHOUT_RULE}'), f.book_count, f.last_update,
       e.starts_at - f.last_update, %(now)s, e.starts_at <= %(over_by)s
FROM fresh_close f
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
  AND NOT EXISTS (SELECT FROM fresh_close f WHERE f.selection_id = c.selection_id)
"""

_STEPS = """
SELECT starts_at FROM (
    SELECT starts_at, row_number() OVER (ORDER BY starts_at) AS number FROM odds_event
    WHERE starts_at > %(after)s AND starts_at <= %(before)s
) AS e WHERE number %% %(size)s = 0 ORDER BY starts_at
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

    For imported history: some events after the other, in a transaction each, so it can be repeated
    and interrupted. Only quotes seen by `now` count. Returns how many rows were written.
    """
    with connection.cursor() as cursor:
        # Just after an import the planner believes that these tables are as small as they were.
        cursor.execute(
            "ANALYZE odds_event, odds_market, odds_selection, odds_quote, odds_closingprice"
        )
        cursor.execute(_STEPS, {"after": after, "before": before, "size": _EVENTS_A_STEP})
        steps = [until for (until,) in cursor.fetchall()]
    count = 0
    for until in [*steps, before]:
        if after < until:
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
    found = closes(_last_quotes(after=after, before=before, now=now), method=METHOD)
    temporary_table(
        "fresh_close",
        "selection_id bigint, fair_probability float8, book_count bigint, last_update timestamptz",
    )
    copy_columns(
        "fresh_close",
        {
            "selection_id": bigints(found.selection_id),
            "fair_probability": floats(found.fair_probability),
            "book_count": bigints(found.book_count),
            "last_update": moments(found.last_update.view(np.int64)),
        },
    )
    given: dict[str, datetime] = {
        "known": min(now, before),
        "after": after,
        "before": before,
        "now": now,
        "over_by": now - AFTER_START,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DROP_LEFT_LINES, given)
        cursor.execute(_SAVE, given)
    return len(found)


def _last_quotes(*, after: datetime, before: datetime, now: datetime) -> QuoteTable:
    given = {
        "after": after,
        "before": before,
        "now": now,
        "oldest": after - OLDEST_QUOTE,
        "newest": before + timedelta(days=1),
    }
    *columns, stood_at, seen_at = fetch_columns(_LAST_QUOTES, given, "qqqqtt")
    # No weights or rules that were made after these events.
    return quote_table((*columns, stood_at, seen_at, stood_at), known=min(now, before))
