"""The request that our views see: authenticated, and aware of htmx; and who sent it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class UserRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


@contextmanager
def or_404(*missing: type[Exception]) -> Iterator[None]:
    """Answer 404 where a service says that there is no such thing, or that it is not theirs."""
    try:
        yield
    except missing as unknown:
        raise Http404(str(unknown)) from unknown


def client_address(request: HttpRequest, *, trusted_proxies: int) -> str:
    """Return the address that asked, as the outermost of our own proxies saw it.

    With no proxies X-Forwarded-For is the client's own claim and is not read, so forging it
    resets no limit.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if trusted_proxies == 0:
        return direct
    claimed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    seen = [*(part for part in claimed if part), direct]
    return seen[-(trusted_proxies + 1)] if len(seen) > trusted_proxies else seen[0]
