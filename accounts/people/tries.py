"""How often something may be tried, counted in the cache that every process shares."""

import hashlib
import math
import time
from dataclasses import dataclass

from django.core.cache import cache


@dataclass(frozen=True)
class Limit:
    """At most so many tries of a kind within so many seconds of the first."""

    kind: str
    most: int
    seconds: int


class TooManyTries(Exception):
    """Nothing was looked at: come back in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many tries; wait {wait} seconds.")
        self.wait = wait


def count(limit: Limit, key: str) -> None:
    """Count one try, before anything is looked at.

    Raises:
        TooManyTries: when it is one too many.
    """
    slot = _slot(limit, key)
    if cache.add(slot, 0, timeout=limit.seconds):
        cache.set(f"{slot}:until", time.time() + limit.seconds, timeout=limit.seconds)
    try:
        tried = cache.incr(slot)
    except ValueError:  # it ran out between the two
        cache.set(slot, 1, timeout=limit.seconds)
        tried = 1
    if tried > limit.most:
        left = (cache.get(f"{slot}:until") or 0) - time.time()
        raise TooManyTries(max(1, math.ceil(left)))


def take_back(limit: Limit, key: str) -> None:
    """Uncount one try that turned out right."""
    slot = _slot(limit, key)
    if cache.get(slot):
        cache.decr(slot)


def forget(limit: Limit, key: str) -> None:
    """Count from nothing again."""
    cache.delete(_slot(limit, key))


def _slot(limit: Limit, key: str) -> str:
    # What was typed may be a password in the wrong box; the cache gets no text of it.
    return f"tries:{limit.kind}:{hashlib.sha256(key.encode()).hexdigest()}"
