"""Stakes and what stops them, in one order: no stake is written after its stop was.

A stake that is being taken shares a lock, what stops stakes wants it alone. So a stop waits for the
stakes of this moment to be written, and whoever comes after it sees it.
"""

from django.db import connection

# Any number that nobody else locks by; it has to stay the same.
_STAKES = 7_316_204_155
# A press of the kill switch is not given up on for a stake that takes its time.
_PATIENCE = "30s"


def begin_stake() -> None:
    """Hold off stops until the end of this transaction; to be its first statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_STAKES])


def begin_stop() -> None:
    """Wait for the stakes being taken; later ones wait for the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_STAKES])
