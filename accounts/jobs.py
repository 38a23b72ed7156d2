"""Every scheduled job leaves a record of when it last finished, or why it did not."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from accounts.live import announce_job
from accounts.models import JobRun

LONGEST_ERROR = 2000


@contextmanager
def recorded(job: str) -> Iterator[JobRun]:
    """Record one run of a job around its body; the body may fill `run.detail` with counts.

    The row is written when the run starts, so a run that was killed shows as started and never
    finished. An error is recorded and raised again. Times are real, not the world's.
    """
    run = JobRun.objects.create(job=job, started_at=timezone.now())
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
    run.save(update_fields=["finished_at", "succeeded", "error", "detail"])
    announce_job(run_id=run.pk)
