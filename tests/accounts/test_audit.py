from datetime import UTC, datetime

import pytest
import structlog
from django.db import ProgrammingError, transaction

from accounts import audit
from accounts.models import AuditEntry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_entry_says_who_what_and_in_which_request(alice):
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        audit.record(
            action="promoted version", subject="nba v3", actor_id=alice.pk, at=NOON, detail={"n": 3}
        )

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == (alice, "promoted version", "nba v3")
    assert (entry.at, entry.detail, entry.request_id) == (NOON, {"n": 3}, "abc")


@pytest.mark.django_db
def test_nobody_changes_an_entry():
    audit.record(action="lifted halt", subject="everything", actor_id=None, at=NOON)

    with pytest.raises(ProgrammingError, match="audit_is_append_only"), transaction.atomic():
        AuditEntry.objects.update(action="nothing")
    with pytest.raises(ProgrammingError, match="audit_is_append_only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.get().action == "lifted halt"
