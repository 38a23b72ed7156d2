"""Who is asking, and when jobs last ran."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, JobRun, User


@dataclass(frozen=True)
class JobState:
    """One job's latest run. `last_succeeded_at` may be of an earlier run, or None for never."""

    job: str
    started_at: datetime
    finished_at: datetime | None
    succeeded: bool | None
    error: str
    detail: dict[str, Any]
    last_succeeded_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.finished_at is None


def last_job_runs() -> list[JobState]:
    """Return every job that ever ran, by name, with its latest run and its last success."""
    successes = dict(
        JobRun.objects.filter(Q(succeeded=True))
        .order_by()
        .values_list("job")
        .annotate(Max("finished_at"))
    )
    latest = JobRun.objects.order_by("job", "-started_at", "-pk").distinct("job")
    return [
        JobState(
            job=run.job,
            started_at=run.started_at,
            finished_at=run.finished_at,
            succeeded=run.succeeded,
            error=run.error,
            detail=run.detail,
            last_succeeded_at=successes.get(run.job),
        )
        for run in latest
    ]


def job_runs(job: str) -> QuerySet[JobRun]:
    """Return the runs of one job, latest first."""
    return JobRun.objects.filter(job=job)


def latest_audit_entries() -> QuerySet[AuditEntry]:
    """Return audit entries, latest first, with who did it."""
    return AuditEntry.objects.select_related("actor")


def keys_of(owner: User) -> QuerySet[ApiKey]:
    """Return a person's API keys, newest first, revoked ones too."""
    return ApiKey.objects.filter(owner=owner)


def usable_key(text: str) -> ApiKey | None:
    """Return the key that this text is, with its owner.

    None if it is unknown, revoked or expired, or its owner was deactivated.
    """
    prefix, _, _ = text.partition(".")
    key = (
        ApiKey.objects.select_related("owner")
        .filter(prefix=prefix, revoked=False, owner__is_active=True)
        .filter(Q(expiry_date__isnull=True) | Q(expiry_date__gt=timezone.now()))
        .first()
    )
    return key if key and key.is_valid(text) else None
