"""Performance: was there skill, and how sure can one be."""

import json
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.charts import calibration, histogram
from accounts.http import UserRequest
from betting.domain.performance import TWO_SIDED, Performance
from betting.selectors.money import bankroll_of
from betting.selectors.performance import TrackRecord, track_record_of

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "": "All"}
MOST_POINTS = 600


@require_GET
@login_required
def performance(request: UserRequest) -> HttpResponse:
    """Show the verdict on my settled bets, and the figures and charts behind it."""
    now = clock.now()
    period = request.GET.get("days", "")
    period = period if period in PERIODS else ""
    since = now - timedelta(days=int(period)) if period else None
    track = track_record_of(request.user.pk, since=since)
    record = track.performance
    bins = [
        (each.count, each.believed, each.came_true) for each in record.calibration if each.count
    ]
    return render(
        request,
        "betting/performance.html",
        {
            "record": record,
            # Templates cannot say yield_: a trailing underscore is not theirs to read.
            "earned": record.yield_,
            "track": track,
            "drawdown": float(record.drawdown[-1]),
            "unknown_clv": record.bets - len(track.clvs),
            "money": bankroll_of(request.user.pk),
            "periods": PERIODS.items(),
            "period": period,
            "equity_chart": _equity_chart(track),
            "drawdown_chart": _drawdown_chart(track),
            "luck_chart": _luck_chart(record),
            "clv_plot": histogram(track.clvs) if track.clvs else None,
            "calibration_plot": calibration(bins) if bins else None,
            "now": now,
        },
    )


def _places(count: int) -> list[int]:
    """Return which of so many points a chart draws: all, or evenly thinned with the last kept."""
    step = max(1, -(-count // MOST_POINTS))
    places = list(range(0, count, step))
    return places if not places or places[-1] == count - 1 else [*places, count - 1]


def _line(
    label: str, values: Iterable[float], role: str, *, digits: int = 2
) -> dict[str, str | list[float]]:
    return {"label": label, "values": [round(float(v), digits) for v in values], "role": role}


def _equity_chart(track: TrackRecord) -> str | None:
    """Return equity and its peak, from the money paid in to the last settlement."""
    if not track.times:
        return None
    equity = track.performance.equity
    places = _places(len(equity))
    return json.dumps(
        {
            "x": [track.times[i].timestamp() for i in places],
            "series": [
                _line("Equity", equity[places], "strong"),
                _line("Peak", [equity[: i + 1].max() for i in places], "faint"),
            ],
            "unit": "money",
            "stepped": True,
        }
    )


def _drawdown_chart(track: TrackRecord) -> str | None:
    if not track.times:
        return None
    places = _places(len(track.times))
    return json.dumps(
        {
            "x": [track.times[i].timestamp() for i in places],
            "series": [_line("Drawdown", -track.performance.drawdown[places], "loss", digits=5)],
            "unit": "share",
            "stepped": True,
            "legend": False,
        }
    )


def _luck_chart(record: Performance) -> str | None:
    if not record.bets or record.expected_profit is None:
        return None
    places = _places(record.bets + 1)
    expected = record.expected[places]
    reach = TWO_SIDED * record.expected_spread[places]
    return json.dumps(
        {
            "x": places,
            "time": False,
            "xLabel": "Bet",
            "series": [
                _line("Actual", record.equity[places] - record.equity[0], "strong"),
                _line("Expected", expected, "dashed"),
                _line("95 % high", expected + reach, "faint"),
                _line("95 % low", expected - reach, "faint"),
            ],
            "unit": "money",
        }
    )
