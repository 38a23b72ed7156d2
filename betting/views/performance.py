"""Performance: was there skill, and how sure can one be."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.charts import calibration, histogram
from accounts.exports import export
from accounts.http import UserRequest
from accounts.pages import Chip, chips, set_values
from betting import charts, screens
from betting.selectors.money import bankroll_of
from betting.selectors.performance import (
    PerformanceFilter,
    outlook_kept,
    profit_of,
    settled_bets,
    track_record_of,
)
from betting.views.bets import EXPORTED_TEXTS, exported
from betting.views.outlook import outlook_given

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "": "All"}
CUTS = {
    "strategy": "By strategy",
    "bookmaker": "By book",
    "market": "By market",
    "competition": "By league",
    "version": "By model version",
    "regime": "By market regime when placed",
    "edge": "By edge when placed",
    "price": "By price taken",
    "lead": "By time to the start",
}
COLUMNS = (
    "id", "placed_at", "settled_at", "competition", "event", "starts_at", "market", "selection",
    "bookmaker", "venue", "price", "price_shown", "stake", "currency", "status", "result",
    "returned", "profit", "fair_probability", "clv", "strategy", "net_price", "edge",
)  # fmt: skip


@require_GET
@login_required
def performance(request: UserRequest) -> HttpResponse:
    """Show the verdict on my settled bets, and the figures and charts behind it."""
    made, which, period = _asked(request)
    track = track_record_of(request.user.pk, which)
    record = track.performance
    bins = [
        (each.count, each.believed, each.came_true) for each in record.calibration if each.count
    ]
    kept = outlook_kept(request.user.pk)
    query = request.GET.copy()
    query.pop("days", None)
    return render(
        request,
        "betting/performance.html",
        {
            "record": record,
            # Templates cannot say yield_: a trailing underscore is not theirs to read.
            "earned": record.yield_,
            "track": track,
            "best": None if record.best is None else screens.bet_row(track.bets[record.best]),
            "worst": None if record.worst is None else screens.bet_row(track.bets[record.worst]),
            "cuts": [(CUTS[key], groups) for key, groups in track.groups.items()],
            "drawdown": float(record.drawdown[-1]),
            "unknown_clv": record.bets - len(track.clvs),
            "money": bankroll_of(request.user.pk),
            "periods": PERIODS.items(),
            "period": period,
            "chips": made,
            "chips_on": any(chip.value for chip in made),
            "query": query.urlencode(),
            "equity_chart": charts.equity_chart(track.times, record),
            "drawdown_chart": charts.drawdown_chart(track.times, record),
            "luck_chart": charts.luck_chart(record),
            "clv_plot": histogram(track.clvs) if track.clvs else None,
            "calibration_plot": calibration(bins) if bins else None,
            "now": clock.now(),
            "drawn_at": kept.made_at if kept else None,
            **outlook_given(kept.content if kept else {}),
        },
    )


@require_GET
@login_required
def export_performance(request: UserRequest, kind: str) -> StreamingHttpResponse:
    """Send exactly the settled bets that the figures are of, as CSV or JSON."""
    _, which, _ = _asked(request)
    user = request.user
    rows = (
        exported(screens.bet_row(bet), user.price_format)
        | {
            "profit": str(profit_of(bet)),
            "net_price": bet.net_price,
            "edge": None
            if bet.fair_probability is None
            else bet.fair_probability * bet.net_price - 1.0,
        }
        for bet in settled_bets(user.pk, which).iterator(chunk_size=500)
    )
    return export(rows, COLUMNS, kind=kind, name="performance", texts=EXPORTED_TEXTS)


def _asked(request: UserRequest) -> tuple[list[Chip], PerformanceFilter, str]:
    filters = screens.performance_choices(request.user.pk)
    made = chips(request.GET, filters)
    period = request.GET.get("days", "")
    period = period if period in PERIODS else ""
    since = clock.now() - timedelta(days=int(period)) if period else None
    return made, PerformanceFilter(**set_values(made, filters), since=since), period
