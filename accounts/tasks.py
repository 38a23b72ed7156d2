"""What runs by itself for accounts."""

from datetime import datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accounts import heartbeat, repeats, services
from accounts.alerts.telling import prune_notices, prune_triggers
from accounts.audit import chain as audit_chain
from accounts.backups import dumping
from accounts.jobs import dead_letters, recorded
from accounts.people import client_logins


# Not recorded: four rows a minute would say nothing that the cache does not. A release before sent
# it without a queue, to the first.
@shared_task(name="accounts.heartbeat", acks_late=True, time_limit=10, soft_time_limit=5)
def beat(*, queue: str = "money", **_future: object) -> None:
    heartbeat.beat(queue=queue, at=timezone.now())


# A database that is away is asked again until it is back, within what the broker waits for.
@shared_task(
    name="accounts.keep_dead_letter", acks_late=True, time_limit=30, soft_time_limit=20,
    autoretry_for=(DatabaseError,), retry_backoff=2, retry_backoff_max=300, max_retries=None,
)  # fmt: skip
def keep_dead_letter(*, at: str, **failure: Any) -> None:  # noqa: ANN401 - as it was sent
    """Keep what the worker says could not be done; an unknown field is a newer release's."""
    known = {name: failure[name] for name in failure.keys() & dead_letters.FIELDS}
    dead_letters.keep(dead_letters.Failure(at=datetime.fromisoformat(at), **known))


@shared_task(name="accounts.upkeep", acks_late=True, time_limit=120, soft_time_limit=100)
def upkeep(**_future: object) -> None:
    with recorded("accounts.upkeep") as run:
        now = timezone.now()
        run.detail["job_runs_deleted"] = services.prune_job_runs(now=now)
        run.detail["dead_letters_deleted"] = dead_letters.prune(now=now)
        # Before the triggers: those that nobody is told of any more go at once.
        run.detail["notices_deleted"] = prune_notices(now=now, days=settings.NOTICES_KEPT_DAYS)
        run.detail["triggers_deleted"] = prune_triggers(now=now)
        run.detail["sessions_deleted"] = services.prune_sessions(now=now)
        run.detail["answers_deleted"] = repeats.prune_answers(now=now)
        run.detail["client_log_ins_deleted"] = client_logins.prune_logins(now=now)


@shared_task(name="accounts.print_audit_head", acks_late=True, time_limit=30, soft_time_limit=20)
def print_audit_head(**_future: object) -> None:
    """Anchor the audit where this database is not: in the log."""
    audit_chain.print_head()


@shared_task(name="accounts.verify_audit", acks_late=True, time_limit=600, soft_time_limit=580)
def verify_audit(**_future: object) -> None:
    """Follow the audit's chain; an entry that does not fit fails the job, which is an alarm."""
    with recorded("accounts.verify_audit") as run:
        verdict = audit_chain.verify_chain()
        run.detail = {"entries": verdict.entries}
        if verdict.broken is not None:
            raise AuditBroken(f"entry {verdict.broken.number}: {verdict.broken.detail}")


@shared_task(name="accounts.backup", acks_late=True, time_limit=840, soft_time_limit=800)
def backup(**_future: object) -> None:
    """Back up where there is a key to seal with; where not, Status says that it never ran."""
    if not settings.BACKUP_KEYS:
        return
    with recorded("accounts.backup") as run:
        taken = dumping.take(now=timezone.now())
        gone = dumping.forget_old(keep=settings.BACKUPS_KEPT)
        run.detail = {"taken": taken.dump.name, "forgotten": gone}


class AuditBroken(Exception):
    """The audit does not say what it said when it was written."""
