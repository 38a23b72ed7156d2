"""The sign that a worker lives and takes work from the queue. Real time, kept in the cache."""

from datetime import datetime

from django.core.cache import cache

KEY = "worker-heartbeat"


def beat(*, at: datetime) -> None:
    """Say that a worker ran a task at this moment."""
    cache.set(KEY, at.isoformat(), timeout=None)


def last_beat() -> datetime | None:
    """Return when a worker last ran the heartbeat task, or None if none ever did."""
    text = cache.get(KEY)
    return datetime.fromisoformat(text) if text else None
