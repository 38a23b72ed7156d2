"""What runs by itself for accounts."""

from celery import shared_task
from django.utils import timezone

from accounts import heartbeat, services
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
        run.detail["sessions_deleted"] = services.prune_sessions(now=now)
