"""When jobs last ran."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from allauth.account.models import EmailAddress
from django.db.models import Max, Q

from accounts.models import JobRun, User


@dataclass(frozen=True)
class JobState:
    """One job's latest run, if it ever ran, and when any run of it last finished and succeeded."""

    job: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    succeeded: bool | None = None
    error: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    last_finished_at: datetime | None = None
    last_succeeded_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.finished_at is None


def last_job_runs(*, scheduled: Iterable[str] = ()) -> list[JobState]:
    """Return every job that ever ran or is scheduled, by name, with its latest run."""
    ends = JobRun.objects.order_by().values("job")
    last = {
        each["job"]: each
        for each in ends.annotate(
            ended=Max("finished_at"), ended_well=Max("finished_at", filter=Q(succeeded=True))
        )
    }
    latest = JobRun.objects.order_by("job", "-started_at", "-pk").distinct("job")
    ran = [
        JobState(
            job=run.job,
            started_at=run.started_at,
            finished_at=run.finished_at,
            succeeded=run.succeeded,
            error=run.error,
            detail=run.detail,
            last_finished_at=last[run.job]["ended"],
            last_succeeded_at=last[run.job]["ended_well"],
        )
        for run in latest
    ]
    never = [JobState(job) for job in set(scheduled) - {state.job for state in ran}]
    return sorted(ran + never, key=lambda state: state.job)


def person_called(name: str) -> User | None:
    """Return who logs in with this e-mail address or user name, in whatever case it is typed.

    Whose address it is was verified, or an operator said so; where two were given the same one,
    it names neither.
    """
    called = name.strip()
    found = list(User.objects.filter(username__iexact=called)[:2])
    exact = [user for user in found if user.username == called]
    if "@" in called:
        owner = (
            EmailAddress.objects.filter(email=called.lower(), verified=True)
            .select_related("user")
            .first()
        )
        if owner is not None:
            return cast(User, owner.user)
        found = list(User.objects.filter(email__iexact=called)[:2]) or found
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None
