"""Schema drift: what was noticed in answers, counted, first and last seen."""

from datetime import datetime

from django.db import connection

from odds.feeds.drift import Seen
from odds.models import Bookmaker, SchemaDrift

# Counts add up in the database: two workers may notice the same thing at once.
_NOTE = """
INSERT INTO odds_schemadrift
    (provider, endpoint, kind, path, example, first_seen_at, last_seen_at, count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (provider, endpoint, kind, path) DO UPDATE SET
    count = odds_schemadrift.count + excluded.count,
    last_seen_at = greatest(odds_schemadrift.last_seen_at, excluded.last_seen_at),
    example = excluded.example
"""


def note_drift(*, provider: str, endpoint: str, seen: Seen, now: datetime) -> None:
    """Add to the notes what one answer held beyond, or other than, the guide says.

    A bookmaker is new where we know others and not this one; the first answer of all makes none.
    """
    rows = [
        (provider, endpoint, kind, path[:128], _text(seen.examples[kind, path]), now, now, count)
        for (kind, path), count in sorted(seen.counts.items())
    ]
    rows += [
        (provider, endpoint, SchemaDrift.Kind.UNKNOWN_BOOK, key, "", now, now, 1)
        for key in _new_bookmakers(seen.bookmakers)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_NOTE, rows)


def _new_bookmakers(keys: set[str]) -> list[str]:
    if not keys:
        return []
    known = set(Bookmaker.objects.values_list("key", flat=True))
    return sorted(_text(key) for key in keys - known) if known else []


def _text(value: str) -> str:
    # Postgres keeps no NUL.
    return value.replace("\x00", "")[:255]
