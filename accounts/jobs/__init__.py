"""Every scheduled job leaves a record of when it last finished, or why it did not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from celery import current_task
from celery.exceptions import Ignore
from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from accounts import audit
from accounts.carried import LETTER, LONGEST_ERROR, SLOT
from accounts.live import announce_job
from accounts.models import DeadLetter, JobRun, JobSkip

# What an audit entry repeats of a run's counts.
LONGEST = 40


@contextmanager
def recorded(job: str) -> Iterator[JobRun]:
    """Record one run of a job around its body; the body may fill `run.detail` with counts.

    The row is written when the run starts, so a run that was killed shows as started and never
    finished. An error is recorded and raised again. Times are real, not the world's. A run that
    did something, or failed, is audited: these rows are deleted after a while, the audit is not.
    """
    run = _begun(job)
    with bound_contextvars(job=job):
        try:
            yield run
        except BaseException as error:
            run.error = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            _finish(run, succeeded=False)
            raise
        _finish(run, succeeded=True)


def _begun(job: str) -> JobRun:
    """Return the row of this run: of its slot where the schedule sent it, else a new one.

    A message that is delivered twice, or that two schedulers sent, finds its slot done and does
    nothing; one whose worker died finds its slot open, and does the work.

    Raises:
        Ignore: where the slot is done, or its job is to be left out.
    """
    now = timezone.now()
    asked = getattr(current_task, "request", None)
    slot = _header(asked, SLOT)
    if slot is None:
        return JobRun.objects.create(job=job, started_at=now)
    # A dead letter comes from somebody, not from the schedule.
    is_letter = _header(asked, LETTER) is not None
    if not is_letter and JobSkip.objects.filter(job=job, ended_at=None, until__gt=now).exists():
        raise Ignore(f"{job} is left out for now")
    run, is_new = JobRun.objects.get_or_create(
        job=job, slot=datetime.fromisoformat(slot), defaults={"started_at": now}
    )
    if not is_new:
        # A letter does what its slot did not; done, it does nothing.
        is_asked_again = run.succeeded is False and is_letter
        if run.finished_at is not None and not is_asked_again:
            raise Ignore(f"{job} has run for {slot}")
        run.started_at, run.finished_at, run.succeeded, run.error = now, None, None, ""
        run.save(update_fields=["started_at", "finished_at", "succeeded", "error"])
    return run


def _header(asked: Any, name: str) -> Any:  # noqa: ANN401 - a message's own
    # Celery lays a message's headers flat; asked in the same process it keeps them together.
    return getattr(asked, name, None) or (getattr(asked, "headers", None) or {}).get(name)


def _finish(run: JobRun, *, succeeded: bool) -> None:
    # A clock set back while the job ran must not lose its record.
    run.finished_at = max(timezone.now(), run.started_at)
    run.succeeded = succeeded
    did = not succeeded or _did_something(run.detail)
    with transaction.atomic():
        run.save(update_fields=["finished_at", "succeeded", "error", "detail"])
        if did:
            audit.record(
                action="ran job" if succeeded else "job failed",
                subject=run.job,
                actor_id=None,
                at=run.finished_at,
                detail={"run": run.pk}
                | ({"error": run.error} if run.error else _short(run.detail)),
            )
        if succeeded:
            _overtake(run)
    announce_job(run_id=run.pk)


def _overtake(run: JobRun) -> None:
    """Close what waits as a dead letter of this job: the round that ended well did it."""
    DeadLetter.objects.filter(task=run.job, arguments={}, status=DeadLetter.Status.WAITING).update(
        status=DeadLetter.Status.OVERTAKEN, closed_at=run.finished_at
    )


def _did_something(detail: object) -> bool:
    """Say whether a run's counts tell of anything, however deep they lie."""
    if isinstance(detail, Mapping):
        return any(map(_did_something, detail.values()))
    return bool(detail)


def _short(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's counts, of long lists and texts only how long they are."""
    return {
        name: len(value) if isinstance(value, list | dict | str) and len(value) > LONGEST else value
        for name, value in list(detail.items())[:LONGEST]
    }
