"""Headers on every answer, also on errors, redirects and files; and where a request came from."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from structlog.contextvars import bind_contextvars, get_contextvars

from accounts.api.leaving import leaving_of
from accounts.audit import came_from, print_of
from accounts.http import client_address
from accounts.outbound import traces

Next = Callable[[HttpRequest], HttpResponseBase]

NO_DEVICES = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "screen-wake-lock",
        "usb",
    )
)


class SecurityHeaders:
    """Outermost: what Django and django-csp do not set."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", NO_DEVICES)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Files are answered before there is a user; money never stays in a shared browser.
        if getattr(request, "user", None) is not None and request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store"
        return response


class CompressedPages(GZipMiddleware):
    """Pages go over the wire compressed, with Django's padding of random length against BREACH.

    Static files are compressed already when they are collected. Nothing else is: of answers to
    programs an ETag says the bytes.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress what is a page."""
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


class DoorsForMachines:
    """Outermost: probes and scrapers come by an address of their own, not by a name of ours.

    These doors answer no word of what host they were asked by, so any will do.
    """

    PATHS = frozenset(
        {f"/health/{door}" for door in ("live", "ready", "serving", "start")}
        | {"/metrics", "/version"}
    )

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in self.PATHS:
            # Who asks is not looked up: the database may be what hangs.
            request.META.pop("HTTP_COOKIE", None)
            if settings.ALLOWED_HOSTS:
                request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")
        return self.get_response(request)


class RequestId:
    """Just inside the logger: tells the client the id that its log lines and its deeds carry."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # The logger forgets it all once the answer is given.
        came_from(
            address=client_address(request, trusted_proxies=settings.TRUSTED_PROXIES),
            session=print_of(request.session.session_key),
        )
        bind_contextvars(trace_id=traces.begun(request.headers.get(traces.HEADER, "")))
        request_id = str(get_contextvars().get("request_id", ""))
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class ApiHeaders(ConditionalGetMiddleware):
    """Of the API alone: ETags on what GET answers, 304 to whoever has it, and when it goes."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not request.path.startswith("/api/"):
            return response
        answer = super().process_response(request, response)
        view = getattr(request.resolver_match and request.resolver_match.func, "cls", None)
        if leaving := leaving_of(view, str(request.method)):
            for name, value in leaving.headers().items():
                answer.headers[name] = value
        return answer
