"""A task that failed for good is told to the queue, from where it comes to the table of letters.

By a worker's first process, which alone sees children that were killed or ended at their limit. It
touches no database: that may be what failed. The broker, from which it has the message that
failed, holds the letter until somebody can keep it.
"""

import logging
import uuid
from datetime import UTC, datetime

from celery import current_app
from celery.worker.request import Request
from kombu.exceptions import OperationalError

from accounts.carried import LETTER, LONGEST_ERROR, LONGEST_TRACEBACK, SLOT
from config.queues import MONEY

logger = logging.getLogger(__name__)
KEEP = "accounts.keep_dead_letter"
# What followed a message from where it was asked: its request, its trace.
CONTEXT = "__django_structlog__"


def tell(request: Request, error: BaseException, traceback: str = "") -> None:
    """Send a letter about a task that will not be tried again by itself."""
    if request.name == KEEP:
        logger.critical("A dead letter could not be kept: %s", request.kwargs)
        return
    headers = request.request_dict
    try:
        current_app.send_task(
            KEEP,
            kwargs={
                "at": datetime.now(UTC).isoformat(),
                "name": str(uuid.uuid4()),
                "task": request.name,
                "task_id": request.id,
                "queue": (request.delivery_info or {}).get("routing_key") or MONEY,
                "error": f"{type(error).__name__}: {error}"[:LONGEST_ERROR],
                "traceback": str(traceback)[-LONGEST_TRACEBACK:],
                "arguments": request.kwargs,
                "is_whole": not request.args,
                "slot": headers.get(SLOT) or "",
                "letter": headers.get(LETTER) or "",
                "trace_id": (headers.get(CONTEXT) or {}).get("trace_id") or "",
            },
        )
    except OperationalError:
        # Nor can it be told that the message is done with: it comes again.
        logger.exception("The queue is away: no dead letter of %s", request.name)
