"""Long reads from a copy of the database, where one is configured and has all there is.

Only what asks for it by `from_replica` goes there: reading a competition's past for a backtest or a
training. What money is decided by, and what a page shows after somebody wrote, is read where it is
written.
"""

import logging
import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)

logger = logging.getLogger(__name__)
REPLICA = "replica"
Found = TypeVar("Found")
# Of SQL of one's own, psycopg's own errors come.
_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_from: ContextVar[str] = ContextVar("reads_from", default=DEFAULT_DB_ALIAS)


def alias() -> str:
    """Return which database is read from here and now."""
    return _from.get()


def reading() -> Any:  # noqa: ANN401 - Django's proxy of a connection
    """Return the connection to read by, for SQL of one's own."""
    return connections[alias()]


def from_replica(read: Callable[[], Found]) -> Found:
    """Read from the copy if it holds all that is committed by now, else from the database itself.

    So whoever reads finds what was written before, by whomever. Where the copy goes away meanwhile,
    or gives the read up for what it has to replay, it is read once more from the database itself;
    so `read` must do nothing else.
    """
    if REPLICA not in settings.DATABASES or connection.in_atomic_block or _lag() != 0:
        return read()
    token = _from.set(REPLICA)
    try:
        return read()
    except _AWAY as error:
        logger.warning("Not read from the copy of the database: %s", type(error).__name__)
    finally:
        _from.reset(token)
        connections[REPLICA].close()
    return read()


def not_from_replica(told: Callable[[str], None]) -> Callable[[str], None]:
    """Let whoever is told of progress within such a read ask the database itself."""

    def tell(words: str) -> None:
        token = _from.set(DEFAULT_DB_ALIAS)
        try:
            told(words)
        finally:
            _from.reset(token)

    return tell


def lag_bytes() -> float | None:
    """Return how much of the log the copy has not replayed, infinitely much where it is away.

    None where no copy is configured.
    """
    return _lag() if REPLICA in settings.DATABASES else None


def _lag() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_flush_lsn()::text")
        (written,) = cursor.fetchone()
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(
                "SELECT greatest(0, pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()))",
                [written],
            )
            (behind,) = cursor.fetchone()
    except DatabaseError as error:
        logger.warning("The copy of the database is away: %s", type(error).__name__)
        return math.inf
    finally:
        connections[REPLICA].close()
    # It is no copy: it was promoted, or never followed anybody.
    return math.inf if behind is None else float(behind)
