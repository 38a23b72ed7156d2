"""What every page's frame shows: the world's clock, whether it is invented, and any halt."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import clock
from betting.views.personal import due_check as reality_check
from odds.screens import is_simulated
from risk.selectors import halts_in_force


def world(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's facts; what costs a query is asked for only where a template shows it."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "now": clock.now(),
        "clock_rate": settings.CLOCK.rate if settings.CLOCK else None,
        "is_simulated": SimpleLazyObject(is_simulated),
        "halts": SimpleLazyObject(
            lambda: halts_in_force(user.pk, now=clock.now()) if signed_in and user else []
        ),
        "reality": SimpleLazyObject(
            lambda: reality_check(user.pk, request.session) if signed_in and user else None
        ),
        "demo_login": settings.DEMO_LOGIN,
        "sign_up": settings.SIGN_UP,
    }
