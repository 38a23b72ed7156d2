"""What somebody, or a job, did that an operator may have to explain."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from structlog.contextvars import bind_contextvars, get_contextvars

from accounts.models import AuditEntry
from accounts.secrets.masking import masked

Facts = Mapping[str, Any]


def record(
    *,
    action: str,
    subject: str,
    actor_id: int | None,
    at: datetime,
    detail: Facts | None = None,
    before: Facts | None = None,
    after: Facts | None = None,
) -> AuditEntry:
    """Write one audit entry in the caller's transaction: it stands or falls with the deed.

    `action` is a verb phrase ('promoted version'), `subject` what it was done to. No actor means
    the system. Of `before` and `after` only what differs is kept. Secrets are hidden. Where it was
    done from - address, session, key, job, command, request - is added from who is at work.
    """
    was, became = differing(before, after)
    here = get_contextvars()
    return AuditEntry.objects.create(
        at=at,
        actor_id=actor_id,
        action=action[:64],
        subject=subject[:128],
        detail=masked(dict(detail or {})),
        before=masked(was),
        after=masked(became),
        address=str(here.get("address") or "")[:45],
        via=_via(here)[:96],
        request_id=str(here.get("request_id", ""))[:64],
    )


def differing(
    before: Facts | None, after: Facts | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return both sides with only what differs; a side that is None, none at all, stays None.

    >>> differing({"stage": "candidate", "note": ""}, {"stage": "staging", "note": ""})
    ({'stage': 'candidate'}, {'stage': 'staging'})
    """
    if before is None or after is None:
        return (None if before is None else dict(before), None if after is None else dict(after))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def came_from(**where: str) -> None:
    """Remember for the rest of this request, task or command where its deeds come from.

    `address`, `session` (its print, see `print_of`), `key` (its prefix), `job` or `command`.
    """
    bind_contextvars(**where)


def print_of(session_key: str | None) -> str:
    """Return what tells a session from others and opens nothing."""
    return sha256(session_key.encode()).hexdigest()[:12] if session_key else ""


def _via(here: Mapping[str, Any]) -> str:
    named = ("key", "session", "command", "job", "task_id")
    # A task carries where its request came from; both are worth knowing.
    return ", ".join(f"{name} {here[name]}" for name in named if here.get(name))


def was_recorded(*, action: str, subject: str) -> bool:
    """Return whether such an entry was written before."""
    return AuditEntry.objects.filter(action=action, subject=subject).exists()
