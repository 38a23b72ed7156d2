"""What somebody, or a job, did that an operator may have to explain."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from structlog.contextvars import get_contextvars

from accounts.models import AuditEntry


def record(
    *,
    action: str,
    subject: str,
    actor_id: int | None,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one audit entry in the caller's transaction: it stands or falls with the deed.

    `action` is a verb phrase ('promoted version'), `subject` what it was done to. No actor means
    the system. The id of the request, or of the request that queued the task, is added.
    """
    return AuditEntry.objects.create(
        at=at,
        actor_id=actor_id,
        action=action,
        subject=subject[:128],
        detail=dict(detail or {}),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
