"""One event: how its lines moved, what it is worth, what was said, and my bets on it."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from betting.screens import BetRow, bet_row, offers_on
from betting.selectors.bets import BetFilter, bets
from models_registry.selectors import predictions, refusals_in_force, was_refused
from odds import screens as odds_screens
from odds.board import event_lines
from odds.movements import Movements, movements_of
from odds.selectors import market_quotes, voices
from odds.slate import event_slate

PREDICTIONS_SHOWN = 12


@require_GET
@login_required
def event(request: UserRequest, event_id: int) -> HttpResponse:
    """Show one event in one of its markets."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    found = odds_screens.event_of(event_id, was_refused=was_refused())
    if found is None:
        raise Http404("There is no such event.")
    now = clock.now()
    keys = odds_screens.in_usual_order(found.market_keys)  # type: ignore[attr-defined]
    asked = request.GET.get("market", "")
    market = asked if asked in keys else (keys[0] if keys else "h2h")
    until = min(now, found.starts_at)
    heard = voices(found.competition.sport_id, known=until)
    table = market_quotes([event_id], market, now=now)
    slate = event_slate(found, table, heard.titles, now=now)
    lines = event_lines(slate, now=now, rate=clock.rate())
    is_over = found.starts_at <= now
    # Nothing closes before its start.
    closes = odds_screens.closes_of(event_id, market) if is_over else {}
    wanted = request.GET.get("selection", "")
    rows = [row for line in lines for row in line.rows]
    my_books = {
        cell.book.title for row in rows for cell in row.ranked
        if cell.book.key in request.user.my_books
    }  # fmt: skip
    # The main line is the first.
    chosen = next((row for row in rows if str(row.id) == wanted), rows[0] if rows else None)
    mine = [bet_row(bet) for bet in bets(request.user.pk, BetFilter(event=event_id))]
    moved = (
        movements_of(found, market, chosen.id, until=until, table=table, heard=heard)
        if chosen
        else None
    )
    said = list(predictions(event_id=event_id)[:PREDICTIONS_SHOWN])
    was = found.was_refused  # type: ignore[attr-defined]
    refused = refusals_in_force(event_id, as_of=now) if was else []
    return render(
        request,
        "betting/_event.html" if request.htmx else "betting/event.html",
        {
            "event": found,
            "markets": [(key, odds_screens.market_title(key)) for key in keys],
            "market": market,
            "lines": lines,
            "closes": closes,
            "chosen": chosen,
            "moved": moved,
            "chart": _chart(
                moved, mine, my_books, chosen.id, closes, starts_at=found.starts_at, now=now
            )
            if chosen and moved
            else None,
            "predictions": said,
            # What a version refused since is no word of its own any more.
            "priced": next(
                (
                    row
                    for row in said
                    if not row.in_shadow and row.version_id not in {r.version_id for r in refused}
                ),
                None,
            ),
            "refusals": refused,
            "bets": mine,
            "offers": {} if is_over else offers_on(request.user.pk, event_id, market),
            "is_over": is_over,
            "now": now,
            "since": since,
        },
    )


def _chart(
    moved: Movements,
    mine: list[BetRow],
    my_books: Collection[str],
    selection_id: int,
    closes: Mapping[int, odds_screens.Close],
    *,
    starts_at: datetime,
    now: datetime,
) -> str:
    """Return the books' lines and the consensus on one axis, the start and my bets marked.

    Books that are not the reader's are drawn faintly, without an entry below: of thirty, none can
    be told from another.
    """
    prices = [line.prices for line in moved.lines]
    series: list[dict[str, object]] = [
        {
            "label": line.title,
            "values": line.prices,
            "role": "line" if line.title in my_books else "faint",
            "quiet": line.title not in my_books,
        }
        for line in moved.lines
    ]
    best = [max((p for p in at if p), default=None) for at in zip(*prices, strict=True)]
    series.append({"label": "Best", "values": best, "role": "strong"})
    series.append({"label": "Consensus", "values": moved.consensus, "role": "dashed"})
    marks: list[dict[str, object]] = []
    if starts_at <= now:
        close = closes.get(selection_id)
        marks.append({"x": starts_at.timestamp(), "label": "start"})
        if close:
            fair = round(1 / close.fair_probability, 3)
            marks.append({"x": close.last_update.timestamp(), "y": fair, "label": "close"})
    marks += [
        {"x": row.bet.placed_at.timestamp(), "y": float(row.bet.taken_price), "label": "my bet"}
        for row in mine
        if row.bet.selection_id == selection_id
    ]
    return json.dumps(
        {
            "x": [at.timestamp() for at in moved.moments],
            "series": series,
            "marks": marks,
            "unit": "price",
            "stepped": True,
        }
    )
