"""Which process works on which row: advisory locks, which Postgres lets go when it dies.

A row that says it is worked on and that nobody holds is dead, at once and without a clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection

# Halves of the names of locks: what kind of row. Any numbers will do that nobody else locks by.
TRAININGS = 0x_7EA1
ATTACKS = 0x_7EA2
TRIALS = 0x_7EA3
SEARCHES = 0x_7EA4


@contextmanager
def held(kind: int, number: int) -> Iterator[bool]:
    """Hold a row while the body runs; False where another process holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, number])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            # The connection outlives the work, in its pool. Where it broke, the lock went with it.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, number])


def held_by_anyone(kind: int) -> set[int]:
    """Return the numbers of the rows of a kind that a living process works on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
            " AND objsubid = 2 AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [kind],
        )
        return {int(row[0]) for row in cursor.fetchall()}
