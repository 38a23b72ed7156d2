"""The quotes in force at past moments, as they were known then: at one of them, or at many.

Replay and scanner ask for one moment, a backtest for every moment at which somebody looked. Both
are the same query, so a slate of the past has the same rows, ages and rules whoever asks for it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from accounts.replicas import reading
from odds.database import fetch_columns
from odds.domain.table import QuoteTable, TimeArray, joined
from odds.selectors import QUOTE_KINDS, TOLD, described, quote_table

# The newest look at a market looked at nearly every bookmaker: others are searched for one by one.
_IN_FORCE = f"""
WITH wanted AS MATERIALIZED (
    SELECT t.at, e.id AS event_id, m.id, m.key, newest.seen_at,
           newest.bookmaker_ids AS looked_at_books, k.bookmaker_ids, k.looked_at, k.last_update
    FROM {{moments}}
    JOIN odds_market m ON m.event_id = e.id
    LEFT JOIN odds_marketlook k ON k.market_id = m.id
    LEFT JOIN LATERAL (
        SELECT seen_at, bookmaker_ids FROM odds_sighting
        WHERE event_id = e.id AND market_key = m.key AND seen_at <= t.at
        ORDER BY seen_at DESC LIMIT 1
    ) newest ON true
    WHERE e.status NOT IN ('cancelled', 'postponed')
    AND (%(competition)s::text IS NULL
         OR e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s::text))
    AND (%(markets)s::text[] IS NULL OR m.key = ANY(%(markets)s::text[]))
)
SELECT k.at, q.id, s.id, b.id, (c.price * 1000)::int8, coalesce(c.last_update, '-infinity'),
       c.seen_at, least(greatest(c.seen_at, looked.at),
           CASE WHEN looked.at > c.seen_at THEN
               -- Of looks, only the newest one's times are kept.
               CASE WHEN k.looked_at[array_position(k.bookmaker_ids, b.id)] = looked.at
                    THEN coalesce({TOLD}, c.last_update) END
           ELSE c.last_update END)
FROM wanted k
JOIN odds_selection s ON s.market_id = k.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
CROSS JOIN LATERAL (
    SELECT price, last_update, seen_at FROM odds_pricechange
    WHERE quote_id = q.id AND seen_at <= k.at
    -- The first look at these events and the last moment bound the months to search.
    AND seen_at >= %(first)s AND seen_at <= %(last)s
    ORDER BY seen_at DESC LIMIT 1
) c
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN k.looked_at_books IS NULL OR b.id = ANY(k.looked_at_books) THEN k.seen_at
        ELSE (SELECT max(seen_at) FROM odds_sighting
              WHERE event_id = k.event_id AND market_key = k.key AND seen_at <= k.at
              AND (bookmaker_ids IS NULL OR b.id = ANY(bookmaker_ids)))
    END AS at OFFSET 0
) looked
WHERE NOT b.is_archive AND c.price IS NOT NULL
"""  # noqa: S608 - our own text
_AT_ONE = _IN_FORCE.format(
    moments="(SELECT %(last)s::timestamptz AS at) t JOIN odds_event e "
    "ON e.starts_at > %(after)s AND e.starts_at <= %(before)s"
)
_AT_EACH = _IN_FORCE.format(
    moments="unnest(%(moments)s::timestamptz[]) AS t(at) JOIN odds_event e "
    "ON e.starts_at > t.at AND e.starts_at <= t.at + %(ahead)s::interval "
    "AND e.starts_at >= %(after)s AND e.starts_at < %(before)s"
)
_FIRST = """
SELECT min(g.seen_at) FROM odds_event e JOIN odds_sighting g ON g.event_id = e.id
WHERE e.starts_at >= %(after)s AND e.starts_at <= %(before)s
"""
_LOOKS = """
SELECT DISTINCT g.seen_at FROM odds_event e
JOIN odds_competition k ON k.id = e.competition_id AND k.key = %(competition)s
JOIN odds_sighting g ON g.event_id = e.id AND g.market_key = ANY(%(markets)s)
WHERE e.starts_at >= %(after)s AND e.starts_at < %(before)s AND g.seen_at < e.starts_at
ORDER BY 1
"""
# From these moments on prices are made in another way.
_PRICED_ANEW = """
SELECT in_force_from FROM odds_pricingrule UNION SELECT learned_at FROM odds_weightset ORDER BY 1
"""


def quotes_as_of(
    *,
    at: datetime,
    starts_after: datetime,
    starts_before: datetime,
    competition_key: str | None = None,
) -> QuoteTable:
    """Return the quotes in force at `at`, as they were known then.

    Of events that start after `starts_after` and not after `starts_before`; those cancelled or
    postponed since are left out. Nothing else seen after `at` has any influence. `seen_at` is when
    the price was first seen, `confirmed_at` when it is last known to have stood: when a sweep last
    looked and it was still there, or the time of its own that the bookmaker gave then, where that
    is older and was kept (of the first look at a price and the newest at its market it is).
    `last_update` is the bookmaker's time of this price, which later confirmations do not move.
    Withdrawn quotes and archive sources are left out.
    """
    given = {
        "after": starts_after,
        "before": starts_before,
        "competition": competition_key,
        "markets": None,
        "last": at,
    }
    found = fetch_columns(_AT_ONE, given | {"first": _first(given) or at}, f"t{QUOTE_KINDS}")
    return quote_table(found[1:], known=at)


def quotes_as_of_each(
    moments: Sequence[datetime],
    *,
    ahead: timedelta,
    starts_from: datetime,
    starts_before: datetime,
    competition_key: str,
    market_keys: Sequence[str],
) -> tuple[TimeArray, QuoteTable]:
    """Return what `quotes_as_of` does at each of many moments, and the moment of each row.

    At each moment of events that start after it and not after `ahead` later, if from `starts_from`
    on and before `starts_before`; of these markets only. Rows are by moment, then by quote.
    """
    given = {
        "moments": list(moments),
        "ahead": ahead,
        "after": max(starts_from, min(moments)),
        "before": min(starts_before, max(moments) + ahead + timedelta(microseconds=1)),
        "competition": competition_key,
        "markets": list(market_keys),
        "last": max(moments),
    }
    given["first"] = _first(given) or min(moments)
    at, *columns = fetch_columns(_AT_EACH, given, f"t{QUOTE_KINDS}")
    order = np.lexsort((columns[0], at))
    moment = at[order].view("datetime64[us]")
    columns = [column[order] for column in columns]
    with reading().cursor() as cursor:
        cursor.execute(_PRICED_ANEW)
        anew = [_plain(each) for (each,) in cursor.fetchall()]
    # Rules and weights of a part are those of its first moment: none was decided on within it.
    starts = np.unique([0, *np.searchsorted(moment, np.array(anew, "datetime64[us]"))])
    ends = [*starts[1:].tolist(), len(moment)]
    parts = [slice(a, z) for a, z in zip(starts.tolist(), ends, strict=True) if a < z]
    return moment, joined(
        [
            described(
                tuple(column[part] for column in columns),
                at=moment[part],
                known=moment[part.start].item().replace(tzinfo=UTC),
            )
            for part in parts
        ]
        or [quote_table(tuple(columns), known=max(moments))]
    )


def _first(given: Mapping[str, Any]) -> datetime | None:
    with reading().cursor() as cursor:
        cursor.execute(_FIRST, given)
        found: datetime | None = cursor.fetchone()[0]
    return found


def _plain(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def looks_at(
    competition_key: str, market_keys: Sequence[str], *, starts_from: datetime, before: datetime
) -> list[datetime]:
    """Return when a source looked at such a market of an event of that stretch, before its start.

    Each moment once, oldest first. Of events that start from `starts_from` on and before `before`.
    """
    with reading().cursor() as cursor:
        cursor.execute(
            _LOOKS,
            {
                "competition": competition_key,
                "markets": list(market_keys),
                "after": starts_from,
                "before": before,
            },
        )
        return [at for (at,) in cursor.fetchall()]
