"""What every page's frame shows: the world's clock, whether it is invented, and any halt."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import clock
from accounts.scopes import BET, scopes_of
from betting.selectors.stakes import limits_line
from betting.views.personal import due_check as reality_check
from odds.screens import is_simulated
from risk.domain.jurisdictions import help_at
from risk.jurisdiction import why_barred
from risk.selectors import halts_in_force


def world(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's facts; what costs a query is asked for only where a template shows it."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    # Kept with the session: every page names who helps where this person is.
    here = request.session.get("here") if signed_in else None
    place = here.get("place", "") if here else ""
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
        "limits_line": SimpleLazyObject(
            lambda: limits_line(user.pk, now=clock.now()) if signed_in and user else None
        ),
        "help_links": help_at(place, settings.JURISDICTIONS),
        # Whoever stakes nothing anyway is not told why they may not.
        "barred": SimpleLazyObject(
            lambda: why_barred(user.pk) if signed_in and user and BET in scopes_of(user) else ""
        ),
        "demo_login": settings.DEMO_LOGIN,
        "sign_up": settings.SIGN_UP,
    }
