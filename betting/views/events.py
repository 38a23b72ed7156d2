"""One event: how its lines moved, what it is worth, what was said, and my bets on it."""

import json
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from betting.screens import BetRow, bet_row
from betting.selectors.bets import BetFilter, bets
from betting.views.today import clock_rate
from models_registry.screens import predictions_of_event
from odds import screens as odds_screens
from odds.movements import Movements, movements_of

# More books than this are drawn faintly, or none can be told from another.
STRONG_LINES = 5


@require_GET
@login_required
def event(request: UserRequest, event_id: int) -> HttpResponse:
    """Show one event in one of its markets."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    found = odds_screens.event_of(event_id)
    if found is None:
        raise Http404("There is no such event.")
    now = clock.now()
    keys = odds_screens.event_markets(event_id)
    asked = request.GET.get("market", "")
    market = asked if asked in keys else (keys[0] if keys else "h2h")
    table = odds_screens.event_table(found, market, now=now, rate=clock_rate())
    wanted = request.GET.get("selection", "")
    chosen = next((row for row in table.rows if str(row.selection.pk) == wanted), None)
    chosen = chosen or next((row for row in table.rows if row.is_main), None)
    mine = [bet_row(bet) for bet in bets(request.user.pk, BetFilter(event=event_id))]
    moved = (
        movements_of(event_id, market, chosen.selection.pk, until=min(now, found.starts_at))
        if chosen
        else None
    )
    return render(
        request,
        "betting/_event.html" if request.htmx else "betting/event.html",
        {
            "event": found,
            "markets": [(key, odds_screens.market_title(key)) for key in keys],
            "market": market,
            "table": table,
            "chosen": chosen,
            "lines": moved.lines if moved else [],
            "chart": _chart(moved, mine, chosen, found.starts_at, now) if chosen else None,
            "predictions": predictions_of_event(event_id),
            "bets": mine,
            "is_over": found.starts_at <= now,
            "now": now,
            "since": since,
        },
    )


def _chart(
    moved: Movements | None,
    mine: list[BetRow],
    chosen: odds_screens.EventRow,
    starts_at: datetime,
    now: datetime,
) -> str | None:
    """Return the books' lines and the consensus on one axis, the start and my bets marked."""
    if moved is None:
        return None
    prices = [line.prices for line in moved.lines]
    series: list[dict[str, object]] = [
        {
            "label": line.book.title,
            "values": line.prices,
            "role": "line" if number < STRONG_LINES else "faint",
        }
        for number, line in enumerate(moved.lines)
    ]
    best = [max((p for p in at if p), default=None) for at in zip(*prices, strict=True)]
    series.append({"label": "Best", "values": best, "role": "strong"})
    series.append({"label": "Consensus", "values": moved.consensus, "role": "dashed"})
    marks: list[dict[str, object]] = []
    if starts_at <= now:
        close = chosen.close
        fair = 1 / close.fair_probability if close else None
        marks.append({"x": starts_at.timestamp(), "label": "start"})
        if close and fair:
            marks.append(
                {"x": close.last_update.timestamp(), "y": round(fair, 3), "label": "close"}
            )
    marks += [
        {"x": row.bet.placed_at.timestamp(), "y": float(row.bet.price), "label": "my bet"}
        for row in mine
        if row.bet.selection_id == chosen.selection.pk
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
