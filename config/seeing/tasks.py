"""RED of every task: how many ran, how many failed, how long they took, how long they waited.

Counted in a worker's first process, which outlives its children: a child that was killed, or ended
at its time limit, is counted as failed there, and there is one process to ask.
"""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from billiard.einfo import ExceptionWithTraceback  # type: ignore[attr-defined]
from celery.contrib.django.task import DjangoTask
from celery.exceptions import (
    Ignore,
    Reject,
    Retry,
    Terminated,
    WorkerLostError,
)
from celery.signals import before_task_publish, task_revoked, task_unknown, worker_ready
from celery.worker import state
from celery.worker.request import Request
from django.conf import settings
from prometheus_client import Counter, Histogram, start_http_server

from config.seeing import letters

logger = logging.getLogger(__name__)

runs = Counter(
    "fairline_task_runs",
    "Runs of tasks by how they ended: succeeded, failed, retried, or expired before they began.",
    ["task", "outcome"],
)
seconds = Histogram(
    "fairline_task_seconds",
    "How long runs of a task took.",
    ["task"],
    buckets=(0.05, 0.25, 1, 5, 15, 30, 60, 120, 240, 600, 1800, 7200),
)
waited = Histogram(
    "fairline_task_wait_seconds",
    "How long tasks waited in their queue before they began.",
    ["queue"],
    buckets=(0.1, 0.5, 1, 5, 15, 30, 60, 300, 900),
)
# When a message was sent, among its headers.
SENT_AT = "fairline_sent_at"
UNKNOWN = "unknown"


class CountedRequest(Request):
    """One delivery of a task to a worker, counted when it begins and when it ends."""

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - as Celery calls it
        super().__init__(*args, **named)
        # Celery's quick way through a worker overrides the method in a class below this one.
        ended_well_or_not = self.on_success

        def on_success(result: tuple[bool, Any, float], **more: Any) -> Any:  # noqa: ANN401
            failed, _, took = result
            if not failed:
                self._count("succeeded", took)
            return ended_well_or_not(result, **more)

        self.on_success = on_success  # type: ignore[method-assign, assignment]

    def on_accepted(self, pid: Any, time_accepted: Any) -> None:  # noqa: ANN401
        super().on_accepted(pid, time_accepted)
        sent_at = self.request_dict.get(SENT_AT)
        if isinstance(sent_at, int | float) and self.time_start:
            queue = (self.delivery_info or {}).get("routing_key") or UNKNOWN
            waited.labels(queue).observe(max(0.0, self.time_start - sent_at))

    def on_failure(self, exc_info: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401
        error = exc_info.exception
        if isinstance(error, ExceptionWithTraceback):
            error = error.exc
        if isinstance(error, Retry):
            self._count("retried", self._ran_for())
        elif not isinstance(error, Ignore | Reject):
            self._count("failed", self._ran_for())
            self._give_up(error, exc_info.traceback)
        return super().on_failure(exc_info, *args, **named)

    def _give_up(self, error: BaseException, traceback: str) -> None:
        """Keep what will not run again by itself; what lost its worker once, is given to another.

        Twice, it is taken for what kills workers, and is not given to a third.
        """
        if isinstance(error, Terminated) or state.should_terminate:
            # Ended by us, and given back to the queue.
            return
        if isinstance(error, WorkerLostError | SystemExit | KeyboardInterrupt):
            if not (self.delivery_info or {}).get("redelivered"):
                return
            self.acknowledge()
        letters.tell(self, error, traceback)

    def _ran_for(self) -> float:
        return max(0.0, time.time() - self.time_start) if self.time_start else 0.0

    def _count(self, outcome: str, took: float) -> None:
        runs.labels(self.name, outcome).inc()
        seconds.labels(self.name).observe(took)


class Task(DjangoTask):  # type: ignore[type-arg]
    """Every task of ours: sent on commit where asked, and counted."""

    Request = f"{__name__}:CountedRequest"


@before_task_publish.connect
def _say_when_it_was_sent(headers: dict[str, Any], **_more: object) -> None:
    headers[SENT_AT] = datetime.now(UTC).timestamp()


@task_revoked.connect
def _count_expired(sender: Any, *, expired: bool = False, **_more: object) -> None:  # noqa: ANN401
    if expired:
        runs.labels(sender.name, "expired").inc()


@task_unknown.connect
def _count_unknown(**_more: object) -> None:
    # Its name is whatever somebody sent: no label of ours.
    runs.labels(UNKNOWN, "failed").inc()


@worker_ready.connect
def _answer_prometheus(**_more: object) -> None:
    if settings.WORKER_METRICS_PORT:
        start_http_server(settings.WORKER_METRICS_PORT, addr=settings.WORKER_METRICS_HOST)
        logger.info("Metrics of this worker are at port %s", settings.WORKER_METRICS_PORT)
