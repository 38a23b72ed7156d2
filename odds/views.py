"""The odds screen."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from accounts.pages import chips, values
from odds import screens


@require_GET
@login_required
def odds(request: UserRequest) -> HttpResponse:
    """Show the next events by bookmaker, best price marked, in one market."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    now = clock.now()
    filters = {
        "competition": (
            "Competition",
            [(each.key, each.title) for each in screens.competitions_with_events(now)],
        )
    }
    made = chips(request.GET, filters)
    asked = request.GET.get("market", "")
    market = asked if asked in screens.MARKETS else "h2h"
    page = request.GET.get("page", "1")
    grid = screens.odds_grid(
        now=now,
        market_key=market,
        competition_key=values(made, filters)["competition"],
        page=int(page) if page.isdecimal() and len(page) < 9 else 1,
        rate=settings.CLOCK.rate if settings.CLOCK else 1.0,
    )
    return render(
        request,
        "odds/_grid.html" if request.htmx else "odds/odds.html",
        {
            "grid": grid,
            "markets": screens.MARKETS.items(),
            "market": market,
            "chips": made,
            "now": now,
            "since": since,
        },
    )
