"""gunicorn's own settings: gunicorn -c python:config.gunicorn config.asgi:application."""

import gc
import os
import sys
import time
from typing import Any

from prometheus_client import multiprocess

from config import turn

bind = os.environ.get("FAIRLINE_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
# Pages run as WSGI in WEB_THREADS threads of each process, live streams in its event loop.
worker_class = "config.worker.Worker"
asgi_lifespan = "off"
# Imported once, before the fork: half the work at the start, and a killed worker is back at once.
preload_app = True
timeout = 30
graceful_timeout = 30
# A listener says which topics it wants, no more.
websocket_max_message_size = 16_384
max_requests = 10_000
max_requests_jitter = 1_000
# Our own JSON lines say what was asked and answered; gunicorn's would repeat it.
accesslog = None
control_socket_disable = True
# A connection that waits to be taken is lost when the door closes: for so many seconds before that
# /health/serving says "stopping", and a proxy that asks it sends nothing more.
stops_after = float(os.environ.get("WEB_STOPS_AFTER", "0"))


def when_ready(server: Any) -> None:  # noqa: ANN401
    """Have gunicorn say that it stops, and serve on for a while, before it does."""
    stop = server.handle_term

    def say_so_first() -> None:
        turn.end()
        time.sleep(stops_after)  # noqa: TID251 - its processes serve meanwhile
        stop()

    server.handle_term = say_so_first


def pre_fork(_server: object, _worker: object) -> None:
    """Spare what was loaded before the fork from being looked through for garbage, for good.

    A whole pass over it took a quarter of a second on a busy machine, in the middle of somebody's
    page; and it touches, so copies, the memory that the processes share.
    """
    gc.collect()
    gc.freeze()


def post_fork(_server: object, _worker: object) -> None:
    """Have pages let the loop in after a millisecond, for it tells prices to all who listen.

    Each write to a listener gives the interpreter away, and waits as long to have it back from a
    page that is being made: of the usual five milliseconds, two hundred listeners make a second.
    """
    sys.setswitchinterval(0.001)


def child_exit(_server: object, worker: Any) -> None:  # noqa: ANN401
    """Take a dead process's gauges out of the shared metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
