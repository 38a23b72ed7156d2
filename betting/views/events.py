"""One event: how its lines moved, what it is worth, what was said, and my bets on it."""

import json
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from betting.screens import BetRow, bet_row
from betting.selectors.bets import BetFilter, bets
from betting.views.today import clock_rate
from models_registry.screens import predictions_of_event
from odds import screens as odds_screens
from odds.screens import Line


@require_GET
@login_required
def event(request: UserRequest, event_id: int) -> HttpResponse:
    """Show one event in one of its markets."""
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
    lines = (
        odds_screens.line_history(chosen.selection.pk, until=min(now, found.starts_at))
        if chosen
        else []
    )
    return render(
        request,
        "betting/event.html",
        {
            "event": found,
            "markets": [(key, odds_screens.market_title(key)) for key in keys],
            "market": market,
            "table": table,
            "chosen": chosen,
            "lines": lines,
            "chart": _chart(lines, mine, chosen, found.starts_at, now) if chosen else None,
            "predictions": predictions_of_event(event_id),
            "bets": mine,
            "is_over": found.starts_at <= now,
            "now": now,
        },
    )


def _chart(
    lines: list[Line],
    mine: list[BetRow],
    chosen: odds_screens.EventRow,
    starts_at: datetime,
    now: datetime,
) -> str | None:
    """Return the price lines on one axis of times, with the start and my bets marked."""
    moments = sorted({at for line in lines for at in line.times})
    if not moments:
        return None
    until = min(now, starts_at)
    if moments[-1] < until:
        moments.append(until)
    series: list[dict[str, object]] = []
    best: list[float | None] = [None] * len(moments)
    for line in lines:
        known = dict(zip(line.times, line.prices, strict=True))
        price: float | None = None
        values: list[float | None] = []
        for at in moments:
            price = known.get(at, price)
            values.append(price)
        best = [
            max((p for p in pair if p), default=None) for pair in zip(best, values, strict=True)
        ]
        role = "line" if len(series) < 5 else "faint"
        series.append({"label": line.book.title, "values": values, "role": role})
    series.append({"label": "Best", "values": best, "role": "strong"})
    marks: list[dict[str, object]] = []
    if starts_at <= now:
        marks.append({"x": starts_at.timestamp(), "label": "close"})
    marks += [
        {"x": row.bet.placed_at.timestamp(), "y": float(row.bet.price), "label": "my bet"}
        for row in mine
        if row.bet.selection_id == chosen.selection.pk
    ]
    if chosen.fair:
        fair = [round(1 / chosen.fair, 3)] * len(moments)
        series.append({"label": "Fair now", "values": fair, "role": "dashed"})
    return json.dumps(
        {
            "x": [at.timestamp() for at in moments],
            "series": series,
            "marks": marks,
            "unit": "price",
            "stepped": True,
        }
    )
