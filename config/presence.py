"""Count how long people are here, for their time limits and reality checks."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from risk.services.personal import note_presence

# A page so soon after the one before is not worth a write.
GRAIN = timedelta(seconds=20)
# Programs with a key, probes, streams and whoever operates are nobody who plays.
NOBODY = ("/admin/", "/api/", "/static/", "/health/", "/live/", "/metrics")


class CountPresence:
    """Note that somebody looks at a page, and keep since when and where with their session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(NOBODY) and request.user.is_authenticated:
            self._note(request, request.user.pk)
        return self.get_response(request)

    def _note(self, request: HttpRequest, owner_id: int) -> None:
        now = timezone.now()
        # Kept with the session, so that most pages ask the database nothing.
        kept = request.session.get("here")
        if kept is None or now - datetime.fromisoformat(kept["last_at"]) >= GRAIN:
            here = note_presence(owner_id=owner_id, now=now)
            request.session["here"] = {
                "since": here.since.isoformat(),
                "last_at": here.last_at.isoformat(),
                "told_at": here.told_at.isoformat(),
                "check_minutes": here.check_minutes,
                "place": here.place or "",
            }
