"""Performance: was there skill, and how sure can one be."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.charts import calibration, histogram
from accounts.showing.exports import export
from accounts.showing.pages import Chip, Column, Table, chips, set_values, with_value
from betting import charts, screens
from betting.domain.breakdowns import SIZES, Group, by_size
from betting.forms_money import Period
from betting.selectors.columns import Names, bet_columns, names_of
from betting.selectors.money import bankrolls_of, first_of
from betting.selectors.performance import (
    GROUPED,
    PerformanceFilter,
    bets_in_order,
    chosen,
    outlook_kept,
    profit_of,
    track_record,
)
from betting.views.bets import EXPORTED_TEXTS, exported
from betting.views.outlook import outlook_given

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "": "All"}
# From a day to a day, instead of one of those.
OWN_DAYS = "own"
BY_REGIME = "By market regime when placed"
CUTS = {
    "strategy": "By strategy",
    "bookmaker": "By book",
    "market": "By market",
    "competition": "By league",
    "version": "By model version",
    "regime": BY_REGIME,
    "edge": "By edge when placed",
    "price": "By price taken",
    "lead": "By time to the start",
}
# What is cut by that is a filter of its own: its label.
SHOWN_AS = {
    "strategy": "Strategy",
    "bookmaker": "Book",
    "market": "Market",
    "competition": "League",
}
CUT_COLUMNS = {
    "bets": Column("Bets", 2, "bets", "few", "most"),
    "profit": Column("P&L", 3, "profit"),
    "yield": Column("Yield", 4, "earned.value"),
    "clv": Column("CLV", 5, "clv"),
}
COLUMNS = (
    "id", "placed_at", "settled_at", "competition", "event", "starts_at", "market", "selection",
    "bookmaker", "venue", "price", "price_shown", "stake", "currency", "status", "result",
    "returned", "profit", "fair_probability", "clv", "strategy", "net_price", "edge",
    "regime", "tags", "note",
)  # fmt: skip


@require_GET
@login_required
def performance(request: UserRequest) -> HttpResponse:
    """Show the verdict on my settled bets, and the figures and charts behind it."""
    mine = bankrolls_of(request.user.pk)
    bets = bet_columns(request.user.pk)
    names = names_of(bets)
    made, which, period, days = _asked(request, names)
    track = track_record(request.user.pk, bets, names, mine, which)
    record = track.performance
    bins = [
        (each.count, each.believed, each.came_true) for each in record.calibration if each.count
    ]
    best, worst = (
        None if at is None else int(track.bets[at]) for at in (record.best, record.worst)
    )
    ends = screens.rows_of_bets(request.user.pk, [pk for pk in (best, worst) if pk is not None])
    kept = outlook_kept(request.user.pk)
    money = first_of(mine, request.user.pk)
    currency = money.currency
    query = request.GET.copy()
    for name in ("days", "begin", "end"):
        query.pop(name, None)
    return render(
        request,
        "betting/performance.html",
        {
            "record": record,
            # Templates cannot say yield_: a trailing underscore is not theirs to read.
            "earned": record.yield_,
            "track": track,
            "best": None if best is None else ends[best],
            "worst": None if worst is None else ends[worst],
            **cuts_shown(request.GET, track.groups),
            "links": {
                CUTS[key]: _links(request, key, groups, made)
                for key, groups in track.groups.items()
            },
            "drawdown": float(record.drawdown[-1]),
            "unknown_clv": record.bets - len(track.clvs),
            "money": money,
            "periods": PERIODS.items(),
            "period": period,
            "days": days,
            "own_days": period == OWN_DAYS,
            "chips": made,
            "chips_on": any(chip.value for chip in made),
            "query": query.urlencode(),
            "others": query.items(),
            "equity_chart": charts.equity_chart(track.times, record, currency),
            "drawdown_chart": charts.drawdown_chart(track.times, record),
            "luck_chart": charts.luck_chart(record, currency),
            "clv_plot": histogram(track.clvs) if len(track.clvs) else None,
            "calibration_plot": calibration(bins) if bins else None,
            "now": clock.now(),
            "drawn_at": kept.made_at if kept else None,
            **outlook_given(kept.content if kept else {}),
        },
    )


def cuts_shown(
    query: QueryDict, groups: Mapping[str, list[Group]], titles: Mapping[str, str] = CUTS
) -> dict[str, object]:
    """Return the tables that bets are cut into, each in the order that the address asks for."""
    table = Table(CUT_COLUMNS, query, "-bets")
    is_usual = "sort" not in query
    return {
        "cut_table": table,
        "by_regime": BY_REGIME,
        # Longest first: two short ones stand beside each other.
        "cuts": sorted(
            (
                (
                    titles[key],
                    by_size(key, each) if is_usual and key in SIZES else table.in_order(each),
                )
                for key, each in groups.items()
            ),
            key=lambda cut: -len(cut[1]),
        ),
    }


@require_GET
@login_required
def export_performance(request: UserRequest, kind: str) -> StreamingHttpResponse:
    """Send exactly the settled bets that the figures are of, as CSV or JSON."""
    user = request.user
    bets = bet_columns(user.pk)
    names = names_of(bets)
    _, which, _, _ = _asked(request, names)
    settled = chosen(bets, which, bankrolls_of(user.pk), names)
    regimes = dict(zip(settled.ids.tolist(), settled.regimes().of_each().tolist(), strict=True))
    rows = (
        exported(screens.bet_row(bet), user.price_format)
        | {
            "profit": str(profit_of(bet)),
            "net_price": bet.net_price,
            "edge": None
            if bet.fair_probability is None
            else bet.fair_probability * bet.net_price - 1.0,
            "regime": regimes[bet.pk],
        }
        for bet in bets_in_order(settled.ids).iterator(chunk_size=500)
    )
    return export(rows, COLUMNS, kind=kind, name="performance", texts=EXPORTED_TEXTS)


def _links(request: UserRequest, key: str, groups: list[Group], made: list[Chip]) -> dict[str, str]:
    """Return by group the address that shows its bets alone, every other table cut by it."""
    title = SHOWN_AS.get(key)
    if title is not None:
        chip = next(each for each in made if each.label == title)
        return {choice.text: choice.url for choice in chip.choices}
    return {group.name: with_value(request.GET, f"by_{key}", group.name) for group in groups}


def _asked(request: UserRequest, names: Names) -> tuple[list[Chip], PerformanceFilter, str, Period]:
    """Return which bets are asked for: by filters, and by a period or from a day to a day."""
    filters = screens.performance_choices(names)
    for key in GROUPED:
        # A group is chosen in its table; the chip says so, and takes it away.
        if asked := request.GET.get(f"by_{key}", "")[:80]:
            filters[f"by_{key}"] = (CUTS[key], [(asked, asked)])
    made = chips(request.GET, filters)
    days = Period(request.GET)
    since, until = days.moments()
    period = request.GET.get("days", "")
    if since or until:
        period = OWN_DAYS
    elif period in PERIODS and period:
        since = clock.now() - timedelta(days=int(period))
    else:
        period = ""
    which = PerformanceFilter(**set_values(made, filters), since=since, until=until)
    return made, which, period, days
