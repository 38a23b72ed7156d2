"""How often anybody may ask: counted by route, by person, key or address, for all processes.

Every answer says what is left. A caller is who asks: the key, else the person, else the address,
so nobody uses up what is another's. Addresses are counted as well, over all that comes from them,
before anything is looked at. X-Forwarded-For is believed only from our own proxies.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.throttling import BaseThrottle

from accounts import live, problems
from accounts.http import client_address

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

API = "/api/"
NOT_COUNTED = "requests are not counted"
# Probes, scrapers and streams have limits of their own, or none.
FREE = frozenset({"live", "ready", "metrics", "version", "live_signals"})


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit one caller has used."""

    limit: int
    left: int
    seconds: int
    is_over: bool


class RateLimits:
    """Counts every request by its address, and pages by route and person; says what is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        use: Use | None = getattr(request, "rate_use", None)
        if use is not None:
            response.headers["RateLimit-Limit"] = str(use.limit)
            response.headers["RateLimit-Remaining"] = str(use.left)
            response.headers["RateLimit-Reset"] = str(use.seconds)
        return response

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        name = _route(request)
        if name in FREE:
            return None
        address = client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)
        uses = [count(request, "address", address, settings.RATE_ADDRESS)]
        if not request.path.startswith(API):
            person = request.user
            caller = f"person {person.pk}" if person.is_authenticated else f"address {address}"
            is_part = request.method == "GET" and request.headers.get("HX-Request") == "true"
            group = f"part {name}" if is_part else f"route {name}"
            rate = settings.RATE_PARTS if is_part else rate_of(name)
            uses.append(count(request, group, caller, rate))
        use = _tightest(uses)
        request.rate_use = use  # type: ignore[attr-defined]
        return _too_many(request, use.seconds) if use and use.is_over else None


class ApiThrottle(BaseThrottle):
    """Counts what the API is asked, by route and by key, person or address."""

    def allow_request(self, request: "Request", view: "APIView") -> bool:
        """Return whether it may be answered; the wait is told by `wait`."""
        inner = request._request
        uses = [getattr(inner, "rate_use", None)]
        name, caller = _route(inner), _caller(request)
        uses.append(count(inner, f"route {name}", caller, rate_of(name)))
        uses.append(count(inner, "api", caller, settings.RATE_API))
        self.use = _tightest(uses)
        inner.rate_use = self.use  # type: ignore[attr-defined]
        return self.use is None or not self.use.is_over

    def wait(self) -> float | None:
        """Return the seconds until it is worth asking again."""
        return self.use.seconds if self.use else None


def count(request: HttpRequest, group: str, caller: str, rate: str) -> Use | None:
    """Count one request of a caller; None where nothing can be counted, or without a limit."""
    if not rate or live.is_away():
        return None
    try:
        usage = get_usage(
            request, group=group, key=lambda _group, _request: caller, rate=rate, increment=True
        )
    except (RedisError, OSError) as error:
        # Better without a limit for a while than without pages; log-ins count by themselves.
        live.leave_alone(error, so=NOT_COUNTED)
        return None
    if usage is None:
        return None
    return Use(
        limit=usage["limit"],
        left=max(0, usage["limit"] - usage["count"]),
        # A count still holds in the second it ends with, and begins anew in the next.
        seconds=max(1, math.ceil(usage["time_left"]) + 1),
        is_over=usage["should_limit"],
    )


def count_wrong_key(request: HttpRequest, text: str) -> None:
    """Count a key that opened nothing, by its address and its first part.

    Whoever comes from the same address with another key is not touched by it.

    Raises:
        Throttled: when it is one too many.
    """
    address = client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)
    prefix = text.partition(".")[0][:16]
    use = count(request, "wrong-key", f"{address} {prefix}", settings.RATE_WRONG_KEYS)
    if use and use.is_over:
        raise exceptions.Throttled(wait=use.seconds)


def rate_of(name: str) -> str:
    """Return how often one caller may ask a route."""
    return str(settings.RATE_ROUTES.get(name, settings.RATE_DEFAULT))


def _caller(request: "Request") -> str:
    if request.auth is not None and hasattr(request.auth, "prefix"):
        return f"key {request.auth.prefix}"
    if request.user.is_authenticated:
        return f"person {request.user.pk}"
    address = client_address(request._request, trusted_proxies=settings.TRUSTED_PROXIES)
    return f"address {address}"


def _route(request: HttpRequest) -> str:
    return (request.resolver_match.view_name if request.resolver_match else "") or ""


def _tightest(uses: list[Use | None]) -> Use | None:
    known: list[Use] = [use for use in uses if use is not None]
    return min(known, key=lambda use: (not use.is_over, use.left), default=None)


def _too_many(request: HttpRequest, wait: int) -> HttpResponse:
    detail = f"Too many requests. Wait {wait} seconds."
    answer: HttpResponse
    if request.path.startswith(API):
        answer = JsonResponse(
            problems.body(status=429, detail=detail),
            status=429,
            content_type=problems.CONTENT_TYPE,
        )
    else:
        answer = render(request, "429.html", {"wait": wait}, status=429)
    answer["Retry-After"] = str(wait)
    return answer
