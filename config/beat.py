"""The schedule, sent by one beat however many are started."""

import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from celery.beat import PersistentScheduler

from accounts.carried import SLOT
from config.database import connect

logger = logging.getLogger(__name__)

# Any number will do that nobody else locks by.
LOCK = 0x_FA17_BEA7
LOOK_SECONDS = 5.0


class Leadership:
    """A lock in Postgres that lives as long as the connection that took it.

    Whoever holds it leads; when its process or its connection dies, the database gives the lock
    to the next who asks. It needs a session of its own: not through a pool that shares sessions
    between transactions.
    """

    def __init__(self, lock: int = LOCK) -> None:
        self._lock = lock
        self._connection: psycopg.Connection | None = None
        self._is_ours = False

    def is_ours(self) -> bool:
        """Take the lock if it is free, and return whether we have it now."""
        try:
            if self._connection is None:
                self._connection = connect(name="fairline-beat")
            # While it is ours, asking only tells whether the connection still lives.
            question = "SELECT true" if self._is_ours else "SELECT pg_try_advisory_lock(%s)"
            row = self._connection.execute(
                question, () if self._is_ours else (self._lock,)
            ).fetchone()
            self._is_ours = row is not None and row[0] is True
        except psycopg.Error:
            logger.warning("The database does not answer; nothing is scheduled until it does")
            self.resign()
        return self._is_ours

    def resign(self) -> None:
        """Let another lead."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                # The end of a connection frees it too, but only once the database notices.
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection, self._is_ours = None, False


class OneBeat(PersistentScheduler):
    """A scheduler that sends only while it leads; a second one waits for the first to end."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as Celery calls it
        self._leadership = Leadership()
        self._leads: bool | None = None
        super().__init__(*args, **options)

    def tick(self, *args: Any, **options: Any) -> float:  # noqa: ANN401 - as Celery calls it
        """Send what is due and return how many seconds to wait; not leading, only wait."""
        leads = self._leadership.is_ours()
        if leads != self._leads:
            self._leads = leads
            logger.warning("This beat leads" if leads else "Another beat leads; waiting")
        return float(super().tick(*args, **options)) if leads else LOOK_SECONDS

    def apply_async(self, entry: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send a task and say which slot of its interval it is for: each runs once."""
        every = entry.schedule.run_every.total_seconds()
        slot = datetime.fromtimestamp(time.time() // every * every, UTC)
        entry.options = {**entry.options, "headers": {SLOT: slot.isoformat()}}
        return super().apply_async(entry, *args, **options)

    def close(self) -> None:
        """Keep what was sent when, and let another lead."""
        super().close()
        self._leadership.resign()
