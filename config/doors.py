"""Doors for machines: is the process alive, can it serve, what does it measure, which is it."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from datetime import timedelta
from functools import cache as once
from functools import partial
from ipaddress import ip_address
from time import monotonic

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

from accounts.heartbeat import last_beats
from config import turn
from config.database import connect
from config.measures import registry
from config.queues import QUEUES
from odds.feeds.the_odds_api import PROVIDER
from odds.services.fetching import shared_gate

# With what is around it, an answer is there within two seconds.
LONGEST_CHECK = 1.5
OLDEST_HEARTBEAT = timedelta(seconds=90)

# A check that hangs keeps its thread; sixteen of them can hang before later ones queue, and those
# are then told "no answer", which is true.
_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="ready")


class NotReady(Exception):
    """Why a check failed, in words for an operator; never a secret."""


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Answer that this process answers. Touches nothing, so one outage restarts nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 if this process can serve now, else 503, and which part is missing.

    What those behind it miss - the cache, workers, the feed - makes it degraded: pages still
    answer, and taking every web server out of service would mend nothing.
    """
    return _told(run_checks(NEEDED | MISSED))


@require_safe
@never_cache
def start(_request: HttpRequest) -> JsonResponse:
    """Answer 200 once this process can begin to serve: its database is there and migrated."""
    return _told(run_checks(NEEDED))


@require_safe
@never_cache
def serving(_request: HttpRequest) -> JsonResponse:
    """Answer 200 while a balancer is to send requests here.

    From when it first could serve until it is told to stop, which it says while it still serves.
    What is away or slow in between is so for every web server, and taking them all out of service
    would mend nothing.
    """
    if turn.is_over():
        return JsonResponse({"status": "stopping"}, status=503)
    if turn.has_begun():
        return JsonResponse({"status": "ok"})
    answer = _told(run_checks(NEEDED))
    if answer.status_code == 200:
        turn.begin()
    return answer


def _told(reasons: Mapping[str, str]) -> JsonResponse:
    is_out = any(reasons[name] for name in NEEDED)
    status = "unavailable" if is_out else "degraded" if any(reasons.values()) else "ok"
    return JsonResponse(
        {
            "status": status,
            "checks": {name: reason or "ok" for name, reason in reasons.items()},
        },
        status=503 if is_out else 200,
    )


@require_safe
@never_cache
def no_streams(_request: HttpRequest) -> HttpResponse:
    """Answer `/live/` where it cannot be streamed: a page then asks at intervals."""
    return HttpResponse(
        "Live streams need the ASGI application, config.asgi.\n",
        status=503,
        content_type="text/plain; charset=utf-8",
    )


@require_safe
@never_cache
def version(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        {"name": "fairline", "version": settings.VERSION, "revision": settings.REVISION}
    )


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, on this machine or with the token."""
    if not (_is_local(request) or _has_token(request)):
        return HttpResponse("Metrics are for this machine or METRICS_TOKEN.\n", status=403)
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def run_checks(checks: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    """Run all checks side by side; return each one's reason to fail, empty where it passed."""
    started = monotonic()
    futures = {name: _threads.submit(check) for name, check in checks.items()}
    return {
        name: _reason(future, within=max(0.0, started + LONGEST_CHECK - monotonic()))
        for name, future in futures.items()
    }


def _reason(future: "Future[None]", *, within: float) -> str:
    try:
        future.result(timeout=within)
    except TookTooLong:
        future.cancel()
        return f"no answer within {LONGEST_CHECK:g} s"
    except NotReady as reason:
        return str(reason)
    except (psycopg.Error, RedisError, OSError) as error:
        # The message of a driver may carry the address, and with it a password.
        return type(error).__name__
    return ""


def check_database() -> None:
    """Refuse unless the database answers and holds every migration that this code has."""
    with connect(name="fairline-ready") as connection:
        applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    missing = sorted(".".join(migration) for migration in migrations_on_disk() - applied)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NotReady(f"migration {missing[0]}{more} not applied: run migrate")


@once
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Return the migrations this code has, by app and name."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.disk_migrations)


def check_cache() -> None:
    """Refuse unless the cache gives back what it was given."""
    stamp = timezone.now().isoformat()
    cache.set("ready", stamp, timeout=60)
    if cache.get("ready") is None:
        raise NotReady("the cache forgets what it is given")


def check_worker(queue: str) -> None:
    """Refuse unless a worker of a queue gave a sign lately."""
    beat = last_beats([queue]).get(queue)
    if beat is None:
        raise NotReady(f"no worker of {queue} has ever reported: start worker and beat")
    age = timezone.now() - beat
    if age > OLDEST_HEARTBEAT:
        raise NotReady(f"no worker of {queue} has reported for {age.total_seconds():.0f} s")


def check_feed() -> None:
    """Refuse while the odds provider is left alone, or when its last answer was none."""
    if shared_gate().is_shut:
        raise NotReady("the odds provider failed too often and is left alone for a minute")
    with connect(name="fairline-ready") as connection:
        last = connection.execute(_LAST_FETCH, (PROVIDER,)).fetchone()
    if last is not None and last[0] == "failed":
        raise NotReady("the last fetch of odds failed: see Status")


_LAST_FETCH = """
SELECT outcome FROM odds_feedrun WHERE provider = %s AND kind = 'odds' AND outcome <> 'running'
ORDER BY started_at DESC, id DESC LIMIT 1
"""
# Without these nothing can be served.
NEEDED: dict[str, Callable[[], None]] = {"database": check_database}
# Without these it is served late, or with prices that grow old.
MISSED: dict[str, Callable[[], None]] = {
    "cache": check_cache,
    "feed": check_feed,
    **{f"worker {queue}": partial(check_worker, queue) for queue in QUEUES},
}


def _is_local(request: HttpRequest) -> bool:
    # Behind a proxy on this machine everybody seems local; its header tells.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    return bool(settings.METRICS_TOKEN) and constant_time_compare(
        request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
    )
