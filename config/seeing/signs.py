"""A worker's sign of life, given by its first process for as long as its loop goes round.

A worker can hang and seem alive: its process is there, its metrics answer from a thread of their
own, and it takes nothing more, as when the broker's connection drops in a bad moment. So the sign
is given by the loop that takes messages. Whoever looks after the process - scripts/run, a probe of
Kubernetes, a health check of compose - reads the file's age, and kills what has been silent for 90
seconds.
"""

import logging
import os
from pathlib import Path
from typing import Any

from celery import bootsteps
from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import heartbeat
from config.queues import HURRIED, QUEUES

logger = logging.getLogger(__name__)
EVERY_SECONDS = 15.0


class Signs(bootsteps.StartStopStep):
    """Gives signs from when a worker starts until it stops."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, worker: Any, **options: Any) -> None:  # noqa: ANN401 - as Celery calls it
        super().__init__(worker, **options)
        self._again: Any = None

    def start(self, worker: Any) -> None:  # noqa: ANN401 - as Celery calls it
        """Give the first sign, and another whenever the loop comes round to it."""
        queues = tuple(worker.app.amqp.queues.consume_from)
        give(queues)
        self._again = worker.timer.call_repeatedly(EVERY_SECONDS, give, (queues,))

    def stop(self, _worker: Any) -> None:  # noqa: ANN401 - as Celery calls it
        """Give no more."""
        if self._again is not None:
            self._again.cancel()


def give(queues: tuple[str, ...]) -> None:
    """Touch this worker's file; say for queues without a heartbeat of their own that it lives."""
    if settings.WORKER_SIGN_FILE:
        # The number is whom to kill when the file grows old.
        Path(settings.WORKER_SIGN_FILE).write_text(str(os.getpid()))
    for queue in queues:
        if queue in QUEUES and queue not in HURRIED:
            try:
                heartbeat.beat(queue=queue, at=timezone.now())
            except (RedisError, OSError) as error:
                logger.warning("No sign of %s: %s", queue, type(error).__name__)
