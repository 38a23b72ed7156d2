"""Preferences, and what is kept of jobs and log-ins."""

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.models import JobRun, User

JOB_RUNS_KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 5_000
PREFERENCES = ("price_format", "time_zone", "theme", "colours", "density", "letter_keys")


class UnknownSession(Exception):
    """The person has no such session."""


@transaction.atomic
def save_preferences(*, user_id: int, now: datetime, **liked: str | bool) -> User:
    """Save how a person likes pages to be: any of PREFERENCES, the others stay.

    Raises:
        ValidationError: by field, for a format, zone, theme and so on that does not exist.
    """
    user = User.objects.get(pk=user_id)
    before = {name: getattr(user, name) for name in PREFERENCES}
    for name in PREFERENCES:
        setattr(user, name, liked.get(name, before[name]))
    if (zone := user.time_zone) not in available_timezones():
        raise ValidationError(
            {"time_zone": f"{zone!r} is not a time zone; choose one such as Europe/Paris."}
        )
    user.clean_fields(exclude={field.name for field in User._meta.fields} - set(PREFERENCES))
    user.save(update_fields=PREFERENCES)
    audit.record(
        action="saved preferences",
        subject=str(user),
        actor_id=user_id,
        at=now,
        before=before,
        after={name: getattr(user, name) for name in PREFERENCES},
    )
    return user


@transaction.atomic
def close_tour(*, user_id: int, now: datetime) -> None:
    """Show a person the first-run tour no longer by itself. A repeat changes nothing."""
    if User.objects.filter(pk=user_id, toured_at=None).update(toured_at=now):
        audit.record(action="closed the tour", subject=f"user {user_id}", actor_id=user_id, at=now)


def end_sessions(*, user_id: int) -> None:
    """End every session of a person, everywhere, at once; whatever else carries their hash too."""
    User.objects.filter(pk=user_id).update(sessions_ended=F("sessions_ended") + 1)


@transaction.atomic
def end_session(*, user_id: int, session_id: int, now: datetime) -> None:
    """End one session of a person, at once.

    Raises:
        UnknownSession: when they have none with this id.
    """
    session = UserSession.objects.filter(user_id=user_id, pk=session_id).first()
    if session is None:
        raise UnknownSession(f"No session {session_id}")
    session.end()
    audit.record(
        action="ended session",
        subject=f"session from {session.ip}",
        actor_id=user_id,
        at=now,
        detail={"since": session.created_at.isoformat()},
    )


def prune_job_runs(*, now: datetime) -> int:
    """Delete job runs older than 30 days, oldest first, at most 5,000; return how many.

    The latest run and the latest success of each job stay: Status still says when it last
    finished, however long ago that was.
    """
    kept = {
        pk
        for runs in (JobRun.objects.all(), JobRun.objects.filter(succeeded=True))
        for pk in runs.order_by("job", "-started_at", "-pk")
        .distinct("job")
        .values_list("pk", flat=True)
    }
    old = (
        JobRun.objects.filter(started_at__lt=now - JOB_RUNS_KEPT)
        .exclude(pk__in=kept)
        .order_by("started_at", "pk")
        .values_list("pk", flat=True)[:PRUNED_AT_ONCE]
    )
    count, _ = JobRun.objects.filter(pk__in=list(old)).delete()
    return count


def prune_sessions(*, now: datetime) -> int:
    """Delete log-ins that ran out, at most 5,000; return how many."""
    old = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)
    count, _ = Session.objects.filter(pk__in=list(old[:PRUNED_AT_ONCE])).delete()
    return count
