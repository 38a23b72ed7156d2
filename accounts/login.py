"""How often anybody may try to log in: ten times a minute from one address, or as one name."""

import math
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_ratelimit.core import get_usage

from accounts.http import client_address

RATE = "10/m"

View = Callable[..., HttpResponseBase]


def limit_logins(view: View) -> View:
    """Answer 429 with Retry-After once an address or a user name has tried too often.

    Every log-in door shares one count, so the admin's is not a way around the page's.
    """

    @wraps(view)
    def limited(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "POST" and (wait := _seconds_to_wait(request)):
            return too_many(request, wait=wait)
        return view(request, *args, **kwargs)

    return limited


def too_many(request: HttpRequest, *, wait: int) -> HttpResponse:
    """Return the page that says when to come back."""
    response = render(request, "429.html", {"wait": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response


def _seconds_to_wait(request: HttpRequest) -> int:
    waits = [0]
    for group, key in (("login-address", _address), ("login-name", _name)):
        usage = get_usage(request, group=group, key=key, rate=RATE, increment=True)
        if usage and usage["should_limit"]:
            # A count still holds in the second it ends with, and begins anew in the next.
            waits.append(math.ceil(usage["time_left"]) + 1)
    return max(waits)


def _address(_group: str, request: HttpRequest) -> str:
    return client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)


def _name(_group: str, request: HttpRequest) -> str:
    return request.POST.get("username", "").strip().casefold()
