"""How each web process's pool of database connections fares, told after every request."""

from collections.abc import Callable
from typing import Final

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Gauge

LIVE: Final = "livesum"
size = Gauge("fairline_pool_connections", "Connections in the pools.", multiprocess_mode=LIVE)
free = Gauge("fairline_pool_free", "Of them, those nobody uses.", multiprocess_mode=LIVE)
waiting = Gauge(
    "fairline_pool_waiting", "Threads that wait for a connection.", multiprocess_mode=LIVE
)
most = Gauge(
    "fairline_pool_connections_max",
    "Connections the pools may have.",
    multiprocess_mode=LIVE,
)


class WatchPool:
    """Read the pool's own counts once a request has had its connection."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        tell()
        return response


def tell() -> None:
    """Set the gauges of this process; without a pool there is nothing to tell."""
    pool = connection.pool  # type: ignore[attr-defined]
    if pool is None:
        return
    counts = pool.get_stats()
    size.set(counts.get("pool_size", 0))
    free.set(counts.get("pool_available", 0))
    waiting.set(counts.get("requests_waiting", 0))
    most.set(counts.get("pool_max", 0))
