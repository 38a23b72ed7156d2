"""The odds screen: events by bookmaker, its filters, and its exports."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from accounts import cache, clock, live
from accounts.http import UserRequest
from accounts.scopes import scopes_of
from accounts.showing import saved
from accounts.showing.exports import export
from accounts.showing.formats import price_text
from accounts.showing.pages import Chip, chips, query_of, values, way_back
from odds import screens
from odds.board import Board, Reader, board, flat
from odds.slate import KEPT_SECONDS, SlateFilter, slate

WITHIN = {
    "3h": ("Next 3 hours", timedelta(hours=3)),
    "24h": ("Next 24 hours", timedelta(hours=24)),
    "7d": ("Next 7 days", timedelta(days=7)),
}
MOST_OPENED = 20
MOST_EXPORTED = 500
COLUMNS = (
    "event_id", "competition", "event", "starts_at", "market", "selection_id", "selection", "side",
    "point", "is_main_line", "bookmaker", "price", "price_shown", "is_withdrawn", "is_best",
    "freshness", "seen_at", "fair_probability", "hold",
)  # fmt: skip
TEXTS = {"competition", "event", "selection", "bookmaker", "price_shown"}


@dataclass(frozen=True)
class _Asked:
    """What the address asks for, and the chips that say so."""

    which: SlateFilter
    reader: Reader
    chips: list[Chip]

    @property
    def is_filtered(self) -> bool:
        which = self.which
        return bool(which.competition or which.within or which.team or self.reader.only_mine)


@require_GET
@login_required
def odds(request: UserRequest) -> HttpResponse:
    """Show the next events by bookmaker in one market, best price marked."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    asked = _asked(request)
    part = _part(request, asked)
    if request.htmx:
        return HttpResponse(part)
    return render(
        request,
        "odds/odds.html",
        {
            "part": part,
            "team": asked.which.team,
            "query": query_of(request),
            "all_books": screens.bookmakers(),
            "since": since,
        },
    )


@require_GET
@login_required
def export_odds(request: UserRequest, kind: str) -> StreamingHttpResponse:
    """Send exactly what the filters keep, all its pages and lines, as CSV or JSON."""
    asked = _asked(request)
    asked = replace(
        asked,
        which=replace(asked.which, page=1, size=MOST_EXPORTED),
        reader=replace(asked.reader, all_lines=True),
    )
    price_format = request.user.price_format
    rows = (
        row | {"price_shown": price_text(float(row["price"] or 0), price_format)}
        for row in flat(_board(asked), asked.which.market)
    )
    return export(rows, COLUMNS, kind=kind, name="odds", texts=TEXTS)


@require_POST
@login_required
def save_books(request: UserRequest) -> HttpResponse:
    """Keep which bookmakers are mine."""
    known = {book.key for book in screens.bookmakers()}
    chosen = [key for key in request.POST.getlist("book") if key in known]
    try:
        saved.save_my_books(owner_id=request.user.pk, keys=chosen, now=timezone.now())
    except saved.NotSaved as reason:
        messages.error(request, str(reason))
    return redirect(way_back(request, "/odds/"))


def _asked(request: UserRequest) -> _Asked:
    filters = {
        "competition": screens.competition_filter(clock.now()),
        "when": ("Starts", [(key, title) for key, (title, _) in WITHIN.items()]),
        "books": ("Books", [("mine", "Mine only")] if request.user.my_books else []),
    }
    made = chips(request.GET, filters)
    chosen = values(made, filters)
    market, page = request.GET.get("market", ""), request.GET.get("page", "1")
    opened = [each for each in request.GET.get("lines", "").split(",") if each.isdecimal()]
    within = WITHIN.get(chosen["when"])
    return _Asked(
        which=SlateFilter(
            market=market if market in screens.MARKETS else "h2h",
            competition=chosen["competition"],
            within=within[1] if within else None,
            team=" ".join(request.GET.get("team", "").split())[:40],
            page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
        ),
        reader=Reader(
            my_books=tuple(request.user.my_books),
            only_mine=chosen["books"] == "mine",
            opened=frozenset(int(each) for each in opened[:MOST_OPENED] if len(each) < 16),
        ),
        chips=made,
    )


def _board(asked: _Asked, *, refresh: bool = False) -> Board:
    now = clock.now()
    return board(
        slate(asked.which, now=now, refresh=refresh),
        asked.reader,
        now=now,
        rate=clock.rate(),
        page=asked.which.page,
        size=asked.which.size,
    )


def _part(request: UserRequest, asked: _Asked) -> SafeString:
    """Return the part that shows the board, written once for all who see it alike.

    What it depends on is in its key: filters, columns, how this reader likes prices and times, and
    what they may do.
    """
    user = request.user
    refresh = request.GET.get("refresh") == "1"
    key = [
        repr(asked.which),
        repr((asked.reader, sorted(asked.reader.opened))),
        user.price_format,
        user.time_zone,
        sorted(scopes_of(user)),
    ]

    def write() -> str:
        return render_to_string(
            "odds/_board.html",
            {
                "board": _board(asked, refresh=refresh),
                "markets": screens.MARKETS.items(),
                "market": asked.which.market,
                "chips": asked.chips,
                "is_filtered": asked.is_filtered,
                "opened": sorted(asked.reader.opened),
                "now": clock.now(),
            },
            request,
        )

    written: str = cache.remember(
        "board", json.dumps([*key, query_of(request)]), write, seconds=KEPT_SECONDS, refresh=refresh
    )
    return SafeString(written)
