"""Rounds of a job that are left out on purpose, for so long, by somebody, with a reason."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit
from accounts.models import JobSkip

LONGEST = timedelta(days=7)


class SkipRefused(Exception):
    """What was asked cannot be skipped, and why."""


@transaction.atomic
def skip(job: str, *, for_: timedelta, reason: str, by_id: int | None, now: datetime) -> JobSkip:
    """Leave out what the schedule sends of a job from now on; what somebody asks for still runs.

    Said again, the later word holds.

    Raises:
        SkipRefused: when no reason is given, or it is for no time or for longer than a week.
    """
    if not reason.strip():
        raise SkipRefused("reason: say why it is left out.")
    if not timedelta() < for_ <= LONGEST:
        raise SkipRefused("for how long: between a minute and a week.")
    _ended(job, now)
    made = JobSkip.objects.create(
        job=job, made_at=now, until=now + for_, made_by_id=by_id, reason=reason.strip()[:500]
    )
    audit.record(
        action="skipped job",
        subject=job,
        actor_id=by_id,
        at=now,
        detail={"until": made.until.isoformat(), "reason": made.reason},
    )
    return made


@transaction.atomic
def resume(job: str, *, by_id: int | None, now: datetime) -> bool:
    """Let a job run again from its next round on; return whether it was left out."""
    was = JobSkip.objects.filter(job=job, ended_at=None, until__gt=now).exists()
    _ended(job, now)
    if was:
        audit.record(action="resumed job", subject=job, actor_id=by_id, at=now)
    return was


def skips_in_force(*, now: datetime) -> dict[str, JobSkip]:
    """Return what is left out now, by job."""
    found = JobSkip.objects.filter(ended_at=None, until__gt=now).select_related("made_by")
    return {each.job: each for each in found}


def _ended(job: str, now: datetime) -> None:
    """End what was said before; two who say something at once follow one another."""
    open_ = JobSkip.objects.select_for_update().filter(job=job, ended_at=None)
    for each in open_:
        each.ended_at = now
        each.save(update_fields=["ended_at"])
