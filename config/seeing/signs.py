"""A worker's sign of life, given by its first process for as long as its loop goes round.

A worker can hang and seem alive: its process is there, its metrics answer from a thread of their
own, and it takes nothing more, as when the broker's connection drops in a bad moment. So the sign
is given by the loop that takes messages. Whoever looks after the process - scripts/run, a probe of
Kubernetes, a health check of compose - reads the file's age, and kills what has been silent for 90
seconds.

A loop can also go round and hear nothing: a task that ends while the broker is away cannot be
acknowledged, its message counts as in hand for ever, and a worker whose hands are full neither asks
for more nor notices that its connection is gone (kombu 5.7). It is known by what it has in hand:
no task. Then it connects anew.
"""

import logging
import os
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import state
from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import heartbeat
from config.queues import HURRIED, QUEUES

logger = logging.getLogger(__name__)
EVERY_SECONDS = 5.0


class Signs(bootsteps.StartStopStep):
    """Gives signs from when a worker starts until it stops."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, worker: Any, **options: Any) -> None:  # noqa: ANN401 - as Celery calls it
        super().__init__(worker, **options)
        self._again: Any = None
        self._is_deaf = False

    def start(self, worker: Any) -> None:  # noqa: ANN401 - as Celery calls it
        """Give the first sign, and another whenever the loop comes round to it."""
        queues = tuple(worker.app.amqp.queues.consume_from)
        give(queues)
        self._again = worker.timer.call_repeatedly(EVERY_SECONDS, self._look, (worker, queues))

    def stop(self, _worker: Any) -> None:  # noqa: ANN401 - as Celery calls it
        """Give no more."""
        if self._again is not None:
            self._again.cancel()

    def _look(self, worker: Any, queues: tuple[str, ...]) -> None:  # noqa: ANN401 - Celery's
        give(queues)
        was_deaf, self._is_deaf = self._is_deaf, is_deaf(worker.consumer)
        # Twice: between two lines of Celery's own a task that has ended is in hand nowhere.
        if was_deaf and self._is_deaf:
            self._is_deaf = False
            # The loop takes it for what it is, a connection that was lost, and connects again.
            raise ConnectionResetError("its hands are full of messages that it could not answer")


def is_deaf(consumer: Any) -> bool:  # noqa: ANN401 - Celery's
    """Tell whether it may take no more messages, and yet has no task in hand."""
    tasks = getattr(consumer, "task_consumer", None)
    if tasks is None:
        # It is connecting.
        return False
    return not tasks.channel.qos.can_consume() and not state.reserved_requests


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
