"""The decision journal: what was decided, on what, and what today's code says of it."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from betting.selectors import journal as selectors
from betting.selectors.strategies import strategies_of
from betting.services.journal import replay_entry
from odds.screens import bookmaker_titles, market_title, selection_title

A_PAGE = 50
# How many prices of the side decided on are shown unfolded.
SHOWN = 10


@require_GET
@login_required
def journal(request: UserRequest) -> HttpResponse:
    """List decisions, taken and passed, newest first."""
    kind, strategy = request.GET.get("kind", ""), request.GET.get("strategy", "")
    which = selectors.JournalFilter(
        kind=kind if kind in selectors.KINDS else None, strategy=strategy or None
    )
    pages = Paginator(selectors.journal(request.user.pk, which), A_PAGE)
    pages.count = selectors.decisions_counted(request.user.pk, which)
    page = pages.get_page(request.GET.get("page"))
    return render(
        request,
        "betting/journal.html",
        {
            "rows": [_row(each) for each in page],
            "paging": page,
            "kinds": selectors.KINDS.items(),
            "kind": which.kind or "",
            "strategies": strategies_of(request.user.pk, with_archived=True),
            "strategy": strategy,
            "now": clock.now(),
        },
    )


@require_GET
@login_required
def decision(request: UserRequest, opportunity_id: int) -> HttpResponse:
    """Show all that was frozen of a decision; asked for, decide again and show the difference."""
    found = selectors.decision_of(request.user.pk, opportunity_id)
    if found is None:
        raise Http404("There is no such decision.")
    entry = selectors.entry_of(request.user.pk, opportunity_id)
    replayed = replay_entry(entry) if entry and request.GET.get("replay") == "1" else None
    context = {
        **_row(found),
        "entry": entry,
        "replayed": replayed,
        "sides": _by_side(selectors.frozen_quotes(entry)) if entry else [],
        "titles": bookmaker_titles() if entry else {},
        "steps": selectors.share_steps(found),
        "now": clock.now(),
    }
    return render(request, "betting/decision.html", context)


def _by_side(offers: list[dict[str, Any]]) -> list[tuple[str, list[Any], list[Any]]]:
    """Return each side's offers in two: those to show, of the side decided on, and the rest."""
    sides = []
    for side, group in groupby(offers, key=itemgetter("side")):
        rows = list(group)
        chosen = next((i for i, each in enumerate(rows) if each["is_chosen"]), None)
        count = 0 if chosen is None else max(SHOWN, chosen + 1)
        sides.append((side, rows[:count], rows[count:]))
    return sides


def _row(found: object) -> dict[str, object]:
    quote = found.quote  # type: ignore[attr-defined]
    event = quote.selection.market.event
    return {
        "found": found,
        "event": event,
        "title": selection_title(quote.selection, event),
        "market": market_title(quote.selection.market.key),
        "book": quote.bookmaker,
    }
