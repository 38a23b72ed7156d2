"""When jobs last ran."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import Count, Exists, OuterRef

from accounts.models import AuditEntry, JobRun, User


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

    @property
    def has_failed(self) -> bool:
        """Whether its latest run ended, and not well."""
        return self.finished_at is not None and not self.succeeded

    def is_late(self, every: timedelta | None, *, now: datetime) -> bool:
        """Whether the last good run is too old for a job sent so often; None: it is not sent."""
        if every is None or self.last_succeeded_at is None:
            return False
        return now - self.last_succeeded_at > late_after(every)

    def state(self, every: timedelta | None, *, now: datetime) -> str:
        """Return in one word how it stands: failed, late, running, ok or waiting.

        A run that never ends is late, too: its process may be gone.
        """
        if self.has_failed:
            return "failed"
        if self.is_late(every, now=now):
            return "late"
        if self.is_running:
            return "running"
        return "waiting" if self.started_at is None else "ok"


def late_after(every: timedelta) -> timedelta:
    """Return the age of a job's last good run from which on it is late.

    Two rounds and some minutes: one may be slow, and one may have failed.

    >>> late_after(timedelta(minutes=1))
    datetime.timedelta(seconds=420)
    """
    return 2 * every + timedelta(minutes=5)


_LATEST = """
SELECT latest.*, ends.ended, ends.ended_well
FROM (
    SELECT job, max(finished_at) AS ended, max(finished_at) FILTER (WHERE succeeded) AS ended_well
    FROM accounts_jobrun GROUP BY job
) ends
JOIN LATERAL (
    SELECT * FROM accounts_jobrun WHERE job = ends.job ORDER BY started_at DESC, id DESC LIMIT 1
) latest ON true
"""


def last_job_runs(*, scheduled: Iterable[str] = ()) -> list[JobState]:
    """Return every job that ever ran or is scheduled, by name, with its latest run."""
    latest: Any = JobRun.objects.raw(_LATEST)
    ran = [
        JobState(
            job=run.job,
            started_at=run.started_at,
            finished_at=run.finished_at,
            succeeded=run.succeeded,
            error=run.error,
            detail=run.detail,
            last_finished_at=run.ended,
            last_succeeded_at=run.ended_well,
        )
        for run in latest
    ]
    never = [JobState(job) for job in set(scheduled) - {state.job for state in ran}]
    return sorted(ran + never, key=lambda state: state.job)


@dataclass(frozen=True, slots=True)
class RunsOfDay:
    """One job's runs in a span of time; seconds of those that ended."""

    count: int = 0
    failed: int = 0
    last_began: datetime | None = None
    median_seconds: float = 0.0
    last_error: str = ""


_OF_A_SPAN = f"""
SELECT job, count(*), count(*) FILTER (WHERE succeeded IS FALSE), max(started_at),
    coalesce(percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM finished_at - started_at)), 0)::float,
    coalesce((array_agg(error ORDER BY started_at DESC, id DESC) FILTER (WHERE error <> ''))[1], '')
FROM {JobRun._meta.db_table}
WHERE job = ANY(%s) AND started_at >= %s AND started_at < %s GROUP BY job
"""  # noqa: S608 - the table's own name


def runs_of_day(begins: datetime, ends: datetime, *, jobs: Iterable[str]) -> dict[str, RunsOfDay]:
    """Return how each of these jobs went in a span; jobs that did not run are there with nought."""
    asked = list(jobs)
    with connection.cursor() as cursor:
        cursor.execute(_OF_A_SPAN, [asked, begins, ends])
        ran = {job: RunsOfDay(*rest) for job, *rest in cursor.fetchall()}
    return {job: ran.get(job, RunsOfDay()) for job in asked}


def latest_runs(job: str, *, limit: int) -> list[JobRun]:
    """Return a job's runs, newest first."""
    return list(JobRun.objects.filter(job=job)[:limit])


@dataclass(frozen=True, slots=True)
class People:
    """How many active accounts each role has, and who operates without a second factor."""

    by_role: dict[str, int]
    without_factor: list[str]


def people(*, must_have_factor: bool) -> People:
    """Return who is here; where no second factor is asked for, nobody is without one."""
    active = User.objects.filter(is_active=True)
    counted = active.order_by("role").values_list("role").annotate(Count("pk"))
    factors = Authenticator.objects.filter(
        user=OuterRef("pk"), type__in=(Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    )
    lacking = active.filter(~Exists(factors), is_staff=True).values_list("username", flat=True)
    return People(
        by_role=dict(counted),
        without_factor=list(lacking.order_by("username")[:20]) if must_have_factor else [],
    )


def latest_deeds(*, limit: int) -> list[AuditEntry]:
    """Return the newest entries of the audit, with who did them."""
    return list(AuditEntry.objects.select_related("actor").order_by("-pk")[:limit])


def email_confirmed(user_id: int, email: str) -> bool:
    """Return whether somebody has shown that this address is theirs."""
    found = EmailAddress.objects.filter(user_id=user_id, email__iexact=email, verified=True)
    return bool(email) and found.exists()


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
