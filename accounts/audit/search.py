"""The audit, as operators search it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import AuditEntry

COLUMNS = (
    "number", "at", "written_at", "actor", "action", "subject", "detail", "before", "after",
    "address", "via", "request_id", "hash",
)  # fmt: skip
# What is longer than this is exported in parts, by narrower filters.
MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to show; empty means any. `text` is looked for in subject, action, via, id."""

    text: str = ""
    actor: str = ""
    action: str = ""
    address: str = ""
    since: date | None = None
    until: date | None = None
    people_only: bool = False


def entries(which: AuditFilter) -> QuerySet[AuditEntry]:
    """Return audit entries with who did it, newest first."""
    found = AuditEntry.objects.select_related("actor").order_by("-at", "-id")
    if which.text:
        found = found.filter(
            Q(subject__icontains=which.text)
            | Q(action__icontains=which.text)
            | Q(via__icontains=which.text)
            | Q(request_id=which.text)
        )
    exact = {
        "actor__username": which.actor,
        "action": which.action,
        "address": which.address,
        "at__date__gte": which.since,
        "at__date__lte": which.until,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    return found.filter(actor__isnull=False) if which.people_only else found


def actions() -> list[str]:
    """Return what was ever done, by name."""
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def rows(found: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    """Return entries as an export has them, one after the other."""
    for each in found[:MOST_EXPORTED].iterator(chunk_size=1000):
        row = {name: getattr(each, name) for name in COLUMNS}
        row["at"], row["written_at"] = each.at.isoformat(), each.written_at.isoformat()
        row["actor"] = each.actor.get_username() if each.actor else None
        yield row
