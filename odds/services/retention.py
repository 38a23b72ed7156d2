"""Old price changes dropped by the month; what something points at is kept."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction

_TABLE = "odds_pricechange"
_Given = dict[str, list[int] | datetime]
_MONTH = re.compile(rf"{_TABLE}_(\d{{4}})_(\d{{2}})")

# In force at the start is what the close was made of; an event to come may still be bet on.
_KEEP = """
INSERT INTO odds_pricechange (quote_id, price, last_update, seen_at)
SELECT c.quote_id, c.price, c.last_update, c.seen_at
FROM {month} c
JOIN odds_quote q ON q.id = c.quote_id
JOIN odds_selection s ON s.id = q.selection_id
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
WHERE e.id = ANY(%(kept)s) OR e.starts_at >= %(before)s
   OR (EXISTS (SELECT FROM odds_closingprice p WHERE p.selection_id = s.id)
       AND coalesce(c.last_update, c.seen_at) <= e.starts_at
       AND NOT EXISTS (
           SELECT FROM {month} l WHERE l.quote_id = c.quote_id AND l.seen_at > c.seen_at
           AND coalesce(l.last_update, l.seen_at) <= e.starts_at)
       AND NOT EXISTS (
           SELECT FROM odds_pricechange l WHERE l.quote_id = c.quote_id AND l.seen_at > c.seen_at
           AND coalesce(l.last_update, l.seen_at) <= e.starts_at))
"""
_FORGET_LOOKS = """
DELETE FROM odds_sighting l USING odds_event e
WHERE e.id = l.event_id AND l.seen_at < %(before)s AND e.starts_at < %(before)s
  AND NOT e.id = ANY(%(kept)s)
"""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The months that went, how many changes were kept of them, and how many looks went too."""

    months: tuple[str, ...] = ()
    rows_kept: int = 0
    looks: int = 0


def drop_old_prices(*, now: datetime, months: int, kept_events: Collection[int]) -> Dropped:
    """Drop the price changes seen before the last `months` whole months; 0 keeps all for ever.

    A month goes as a partition, at once. What is pointed at stays, in the default partition: every
    change of `kept_events` (those with bets and predictions, which this app cannot know), of events
    that start later, and the prices that closes were made of. Latest quotes and closes stay as
    they are. Looks at dropped events go too. Repeating drops nothing.

    Raises:
        ValueError: if `months` is negative.
    """
    if months < 0:
        raise ValueError(f"months kept must be 0 (for ever) or more, not {months}")
    if not months:
        return Dropped()
    count = now.year * 12 + now.month - 1 - months
    before = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
    given: _Given = {"kept": list(kept_events), "before": before}
    old = months_before(before)
    rows_kept = 0
    for name in old:
        rows_kept += _drop(name, given)
    if not old:
        return Dropped()
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_LOOKS, given)
        return Dropped(tuple(old), rows_kept, cursor.rowcount)


def months_before(before: datetime) -> list[str]:
    """Return the names of the monthly partitions that end at or before a moment, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass ORDER BY c.relname",
            [_TABLE],
        )
        names = [name for (name,) in cursor.fetchall()]
    limit = (before.year, before.month)
    return [
        name
        for name in names
        if (found := _MONTH.fullmatch(name)) and (int(found[1]), int(found[2])) < limit
    ]


@transaction.atomic
def _drop(name: str, given: _Given) -> int:
    with connection.cursor() as cursor:
        # Nobody may write into the month between the copy and the end of it.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('odds partitions'))")
        cursor.execute(f"ALTER TABLE {_TABLE} DETACH PARTITION {name}")
        cursor.execute(_KEEP.format(month=name), given)
        kept: int = cursor.rowcount
        cursor.execute(f"DROP TABLE {name}")
    return kept
