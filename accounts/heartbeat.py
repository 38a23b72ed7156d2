"""The sign that a queue's workers live and take work. Real time, kept in the cache.

Read by workers before Django is set up: no models here.
"""

from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache

_KEY = "worker-heartbeat:"


def beat(*, queue: str, at: datetime) -> None:
    """Say that somebody who works on a queue was there at this moment."""
    cache.set(_KEY + queue, at.isoformat(), timeout=None)


def last_beats(queues: Iterable[str]) -> dict[str, datetime]:
    """Return when each queue's workers last gave a sign, of those that ever did."""
    told = cache.get_many([_KEY + queue for queue in queues])
    return {key.removeprefix(_KEY): datetime.fromisoformat(text) for key, text in told.items()}
