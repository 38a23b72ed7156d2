"""A write sent twice with the same key is done once: the first answer is kept and given again.

Kept in the transaction of what it did, so either both are there or neither is.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError

from accounts.models import KeptAnswer

# A program that repeats after a weekend, or a holiday, must not do it twice.
KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 5_000
# Postgres: somebody else holds what we waited for longer than lock_timeout.
LOCK_NOT_AVAILABLE = "55P03"


class KeyReused(Exception):
    """The same key was sent with something else."""


class InProgress(Exception):
    """The first request with this key is still being carried out."""


def fingerprint(method: str, path: str, asked: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what is asked, however it was written.

    >>> fingerprint("POST", "/bets", {"a": 1, "b": 2}) == fingerprint(
    ...     "POST", "/bets", {"b": 2, "a": 1}
    ... )
    True
    """
    content = json.dumps([method, path, asked], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def kept_answer(*, owner_id: int, key: str, fingerprint: str) -> KeptAnswer | None:
    """Return what was answered to this key, if anything was yet.

    Raises:
        KeyReused: if the key was sent with something else.
    """
    found = KeptAnswer.objects.filter(owner_id=owner_id, key=key).first()
    if found is not None and found.fingerprint != fingerprint:
        raise KeyReused(f"{key!r} was sent with something else on {found.at:%Y-%m-%d}.")
    return found if found and found.status else None


def claim(*, owner_id: int, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
    """Take a key in the caller's transaction, or return what was answered to it.

    Whoever comes second waits here until the first is done, and then has its answer.

    Raises:
        KeyReused: if the key was sent with something else.
        InProgress: if the first is not done within lock_timeout.
    """
    try:
        KeptAnswer.objects.bulk_create(
            [KeptAnswer(owner_id=owner_id, key=key, fingerprint=fingerprint, at=now)],
            ignore_conflicts=True,
        )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            raise InProgress from error
        raise
    return kept_answer(owner_id=owner_id, key=key, fingerprint=fingerprint)


def keep_answer(
    *, owner_id: int, key: str, fingerprint: str, status: int, body: str, now: datetime
) -> None:
    """Keep the answer to a key, claimed or not; one that is kept already stays.

    Each of its statements writes a whole answer: whoever is killed between two leaves no half.
    """
    claimed = KeptAnswer.objects.filter(
        owner_id=owner_id, key=key, fingerprint=fingerprint, status=0
    )
    if not claimed.update(status=status, body=body):
        whole = KeptAnswer(
            owner_id=owner_id, key=key, fingerprint=fingerprint, status=status, body=body, at=now
        )
        KeptAnswer.objects.bulk_create([whole], ignore_conflicts=True)


def prune_answers(*, now: datetime) -> int:
    """Delete answers kept for more than 30 days, at most 5,000; return how many."""
    old = KeptAnswer.objects.filter(at__lt=now - KEPT).values_list("pk", flat=True)
    count, _ = KeptAnswer.objects.filter(pk__in=list(old[:PRUNED_AT_ONCE])).delete()
    return count
