"""Count how long people are here, for their time limits and reality checks."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from risk.personal import presence_of
from risk.services.personal import note_presence

# A page so soon after the one before is not worth a write.
GRAIN = timedelta(seconds=20)
# Programs with a key, probes and streams are nobody who is here.
NOBODY = ("/api/", "/static/", "/health/", "/live/", "/metrics")


class CountPresence:
    """Note that somebody looks at a page, and keep since when they are here with the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(NOBODY) and request.user.is_authenticated:
            now = timezone.now()
            here = presence_of(request.user.pk)
            if here is None or now - here.last_at >= GRAIN:
                here = note_presence(owner_id=request.user.pk, now=now)
            request.presence = here  # type: ignore[attr-defined]
        return self.get_response(request)
