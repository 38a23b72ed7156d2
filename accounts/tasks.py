"""What runs by itself for accounts."""

from celery import shared_task
from django.utils import timezone

from accounts import audit_chain, client_logins, heartbeat, repeats, services
from accounts.alerts.telling import prune_triggers
from accounts.jobs import recorded


# Not recorded: four rows a minute would say nothing that the cache does not.
@shared_task(name="accounts.heartbeat", acks_late=True, time_limit=10, soft_time_limit=5)
def beat(**_future: object) -> None:
    heartbeat.beat(at=timezone.now())


@shared_task(name="accounts.upkeep", acks_late=True, time_limit=120, soft_time_limit=100)
def upkeep(**_future: object) -> None:
    with recorded("accounts.upkeep") as run:
        now = timezone.now()
        run.detail["job_runs_deleted"] = services.prune_job_runs(now=now)
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


class AuditBroken(Exception):
    """The audit does not say what it said when it was written."""
