"""Every scheduled job leaves a record of when it last finished, or why it did not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from accounts import audit
from accounts.live import announce_job
from accounts.models import JobRun

LONGEST_ERROR = 2000
# What an audit entry repeats of a run's counts.
LONGEST = 40


@contextmanager
def recorded(job: str) -> Iterator[JobRun]:
    """Record one run of a job around its body; the body may fill `run.detail` with counts.

    The row is written when the run starts, so a run that was killed shows as started and never
    finished. An error is recorded and raised again. Times are real, not the world's. A run that
    did something, or failed, is audited: these rows are deleted after a while, the audit is not.
    """
    run = JobRun.objects.create(job=job, started_at=timezone.now())
    with bound_contextvars(job=job):
        try:
            yield run
        except BaseException as error:
            run.error = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            _finish(run, succeeded=False)
            raise
        _finish(run, succeeded=True)


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
    announce_job(run_id=run.pk)


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
