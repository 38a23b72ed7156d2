"""The process that keeps Postgres' log of changes somewhere else as it is written."""

import logging
import subprocess
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import psycopg
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.backups import archive, programs
from accounts.backups.programs import BackupFailed, one_row, own_connection

logger = logging.getLogger(__name__)
SLOT = "fairline_archive"
# Sealing each half minute keeps five minutes with room for nine that fail.
EVERY = 30.0
_KEY = "wal-archive"
_FLUSHED = "SELECT pg_current_wal_flush_lsn(), clock_timestamp()"
_HAS_COME = "SELECT restart_lsn >= %s FROM pg_replication_slots WHERE slot_name = %s"


def stream(stop: threading.Event) -> None:
    """Receive and seal the log, and take base backups as they fall due, until told to stop.

    Raises:
        BackupFailed: where it cannot even begin. What fails later is logged and tried again.
    """
    programs.keys()
    folder = archive.archive_of()
    spool = folder / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    receive = [
        programs.tool("pg_receivewal"), f"--directory={spool}", f"--slot={SLOT}", "--no-password",
    ]  # fmt: skip
    # What was written while nobody received waits in the slot.
    made = subprocess.run(
        [*receive, "--create-slot", "--if-not-exists"],
        env=programs.environment(), capture_output=True,
    )  # fmt: skip
    if made.returncode:
        raise BackupFailed(f"pg_receivewal: {made.stderr.decode(errors='replace').strip()}")
    receive.append("--synchronous")
    receiving = subprocess.Popen(receive, env=programs.environment())
    try:
        while not stop.is_set():
            began = time.monotonic()
            if receiving.poll() is not None:
                logger.error("pg_receivewal ended with %s: starting it again", receiving.returncode)
                receiving = subprocess.Popen(receive, env=programs.environment())
            try:
                round_once(folder)
            except (BackupFailed, psycopg.Error, OSError):
                logger.exception("The log was not archived; trying again")
            stop.wait(max(0.0, EVERY - (time.monotonic() - began)))
    finally:
        receiving.terminate()
        receiving.wait()


def round_once(folder: Path, *, patience: float = 20.0) -> datetime:
    """Seal what was committed up to now, say so, and take a base backup where one is due.

    Returns up to when everything is archived. Raises:
        BackupFailed: where the log does not arrive within `patience` seconds.
    """
    with own_connection() as held:
        flushed, now = cast(tuple[str, datetime], one_row(held, _FLUSHED))
        ended = time.monotonic() + patience
        while one_row(held, _HAS_COME, (flushed, SLOT)) != (True,):
            if time.monotonic() > ended:
                raise BackupFailed(f"pg_receivewal has not received the log up to {flushed}")
            threading.Event().wait(0.1)
    archive.seal_log(folder)
    archive.say_until(folder, now)
    there = archive.bases(folder)
    if not there or now - there[-1].ended_at >= timedelta(days=settings.BASE_EVERY_DAYS):
        there.append(archive.take_base(folder))
        archive.forget_old(folder, keep=settings.BASES_KEPT)
    _tell(now, there[-1].ended_at)
    return now


def told() -> tuple[datetime, datetime] | None:
    """Return up to when the log is archived, and when the newest base was taken; None: unknown."""
    said = cache.get(_KEY)
    if said is None:
        return None
    until, base = map(datetime.fromisoformat, said)
    return until, base


def _tell(until: datetime, base: datetime) -> None:
    """Tell whoever measures, in the cache; that it is away is no reason to stop archiving."""
    try:
        cache.set(_KEY, [until.isoformat(), base.isoformat()], timeout=None)
    except RedisError:
        logger.warning("Valkey is away: nobody is told that the log is archived")
