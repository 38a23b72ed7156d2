"""Performance: was there skill, and how sure can one be."""

import json
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.charts import calibration, histogram
from accounts.http import UserRequest
from betting.domain.performance import TWO_SIDED, Performance
from betting.record import Settled, settled_of
from betting.screens import money_of
from betting.selectors import performance_of

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
    record = performance_of(request.user.pk, since=since)
    settled = settled_of(request.user.pk, since=since)
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
            "settled": settled,
            "drawdown": float(record.drawdown[-1]),
            "unknown_clv": record.bets - len(settled.clvs),
            "money": money_of(request.user.pk),
            "periods": PERIODS.items(),
            "period": period,
            "equity_chart": _equity_chart(record, settled),
            "drawdown_chart": _drawdown_chart(record, settled),
            "luck_chart": _luck_chart(record, settled),
            "clv_plot": histogram(settled.clvs) if settled.clvs else None,
            "calibration_plot": calibration(bins) if bins else None,
            "now": now,
        },
    )


def _places(count: int) -> list[int]:
    """Return which of so many points a chart draws: all, or evenly thinned with the last kept."""
    step = max(1, -(-count // MOST_POINTS))
    places = list(range(0, count, step))
    return places if not places or places[-1] == count - 1 else [*places, count - 1]


def _equity_chart(record: Performance, settled: Settled) -> str | None:
    if record.bets < 2:
        return None
    places = _places(record.bets)
    equity = [round(float(record.equity[i + 1]), 2) for i in places]
    peak = [round(float(record.equity[: i + 2].max()), 2) for i in places]
    return json.dumps(
        {
            "x": [settled.times[i].timestamp() for i in places],
            "series": [
                {"label": "Equity", "values": equity, "role": "strong"},
                {"label": "Peak", "values": peak, "role": "faint"},
            ],
            "unit": "money",
            "stepped": True,
        }
    )


def _drawdown_chart(record: Performance, settled: Settled) -> str | None:
    if record.bets < 2:
        return None
    places = _places(record.bets)
    return json.dumps(
        {
            "x": [settled.times[i].timestamp() for i in places],
            "series": [
                {
                    "label": "Drawdown",
                    "values": [-round(float(record.drawdown[i + 1]), 5) for i in places],
                    "role": "loss",
                }
            ],
            "unit": "share",
            "stepped": True,
            "legend": False,
        }
    )


def _luck_chart(record: Performance, settled: Settled) -> str | None:
    if record.bets < 2 or record.expected_profit is None:
        return None
    places = _places(record.bets)
    expected = [float(record.expected[i + 1]) for i in places]
    reach = [TWO_SIDED * float(record.expected_spread[i + 1]) for i in places]
    actual = [float(record.equity[i + 1] - record.equity[0]) for i in places]
    low = [round(mean - half, 2) for mean, half in zip(expected, reach, strict=True)]
    high = [round(mean + half, 2) for mean, half in zip(expected, reach, strict=True)]
    return json.dumps(
        {
            "x": [i + 1 for i in places],
            "time": False,
            "xLabel": "Bet",
            "series": [
                {
                    "label": "Actual",
                    "values": [round(each, 2) for each in actual],
                    "role": "strong",
                },
                {
                    "label": "Expected",
                    "values": [round(each, 2) for each in expected],
                    "role": "dashed",
                },
                {"label": "95 % high", "values": high, "role": "faint"},
                {"label": "95 % low", "values": low, "role": "faint"},
            ],
            "unit": "money",
        }
    )
