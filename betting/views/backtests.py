"""Backtests and sweeps: begin, watch, stop, look at, hold up to four beside each other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.charts import calibration, histogram
from accounts.showing.formats import SYMBOLS
from betting import charts, tasks
from betting.domain.costs import Costs
from betting.naming import NUMBERS, asked_as, in_words, number_of, title_of
from betting.selectors import backtests as selectors
from betting.services.backtests import (
    BacktestRefused,
    Wish,
    ask_for_backtest,
    cancel_backtest,
)
from betting.services.sweeps import resume_sweep, start_sweep, stop_sweep
from betting.views.outlook import outlook_given
from betting.views.performance import BY_REGIME, cuts_shown

CUTS = {
    "season": "By year",
    "bookmaker": "By book",
    "market": "By market",
    "selection": "By side",
    "regime": BY_REGIME,
    "edge": "By edge when placed",
    "price": "By price taken",
    "lead": "By time to the start",
}
FIGURES = (
    ("bets", "Bets", "count"),
    ("yield", "Yield", "interval"),
    ("clv", "CLV", "interval"),
    ("profit", "Profit", "money"),
    ("roi", "Return on capital", "share"),
    ("turnover", "Turnover", "number"),
    ("max_drawdown", "Worst drawdown", "share"),
    ("days_under_water", "Longest under water, days", "number"),
    ("sharpe", "Sharpe", "number"),
    ("sortino", "Sortino", "number"),
    ("calmar", "Calmar", "number"),
    ("hit_rate", "Won", "share"),
    ("longest_lost", "Longest losing streak", "count"),
    ("luck", "Luck alone does as well", "share"),
)


@dataclass(frozen=True, slots=True)
class Fold:
    """Boxes that are seldom filled in, behind a line that says what is in them."""

    said: str
    is_open: bool


def _fold(form: forms.Form, *names: str, nothing: str = "none") -> Fold:
    """Return a fold of a form's boxes: open where something in it is wrong."""
    said = []
    for name in names:
        box = form[name]
        value = box.value()
        if isinstance(box.field, forms.ChoiceField):
            value = TRIED.get(str(value)) if value else None
        title, _, unit = str(box.label).partition(", ")
        title = title[:1].lower() + title[1:]
        if isinstance(box.field, forms.BooleanField):
            said += [title] if value else []
        elif value not in (None, "", 0, "0"):
            said.append(f"{title} {value} {unit}".rstrip())
    return Fold(", ".join(said) or nothing, any(form[name].errors for name in names))


class Stretch(forms.Form):
    """What a backtest and a sweep both ask for."""

    strategy = forms.CharField(max_length=48)
    competition = forms.CharField(max_length=64)
    starts_on = forms.DateField(label="From")
    ends_on = forms.DateField(label="To")
    worse = forms.FloatField(
        label="Prices worse by, %", min_value=0, max_value=50, initial=0, required=False
    )
    commission = forms.FloatField(
        label="Commission, %", min_value=0, max_value=50, initial=0, required=False
    )
    latency = forms.FloatField(
        label="Latency, seconds", min_value=0, max_value=86_400, initial=0, required=False
    )
    slippage = forms.FloatField(
        label="Slippage taken, %", min_value=0, max_value=50, initial=0, required=False
    )

    @property
    def costs(self) -> Fold:
        """What is taken off the prices of the past."""
        return _fold(self, "worse", "commission", "latency", "slippage")

    def wish(self) -> Wish:
        """Return what was asked for."""
        given = self.cleaned_data
        return Wish(
            strategy_key=given["strategy"],
            competition_key=given["competition"],
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            changed={},
            costs=Costs(
                worse=(given["worse"] or 0) / 100,
                commission=(given["commission"] or 0) / 100,
                latency=given["latency"] or 0,
                slippage=(given["slippage"] or 0) / 100,
            ),
        )


class Begin(Stretch):
    """A single backtest."""

    opens_held_out = forms.BooleanField(required=False, label="Opened if these days reach it")
    reason = forms.CharField(
        max_length=500,
        required=False,
        label="Why again",
        help_text="Only if this strategy saw the held-out season before: it opens once.",
    )

    @property
    def held_out(self) -> Fold:
        """Whether a held-out season may be seen. Open too where the whole was refused."""
        fold = _fold(self, "opens_held_out", "reason", nothing="stays closed")
        return replace(fold, is_open=fold.is_open or bool(self.non_field_errors()))


# What a sweep may try, as a person picks it: numbers. The API takes any setting.
TRIED = {"": "nothing", **{name: asked_as(name) for name in NUMBERS}}
ROWS = range(1, 5)
# How many of them stand open; the others are folded away.
BEGUN = 2
SWEEP_NUMBERS = ("most", "periods", "workers")


class BeginSweep(Stretch):
    """Many settings over one stretch: up to four, each with the values to try."""

    most = forms.IntegerField(
        label="Combinations to draw",
        min_value=1,
        max_value=500,
        required=False,
        help_text="At random, such as 50; empty: all of them.",
    )
    periods = forms.IntegerField(
        min_value=2, max_value=52, initial=8, help_text="The choice is walked forward over these."
    )
    workers = forms.IntegerField(
        min_value=1,
        max_value=16,
        initial=2,
        label="At once",
        help_text="How many backtests run beside each other.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        begun = {1: ("min_edge", "1, 2, 3, 5"), 2: ("min_books", "3, 5")}
        for row in ROWS:
            name, values = begun.get(row, ("", ""))
            self.fields[f"setting_{row}"] = forms.ChoiceField(
                label=f"Setting {row}",
                choices=list(TRIED.items()),
                required=False,
                initial=name,
                widget=forms.Select(attrs={"class": "select"}),
            )
            self.fields[f"values_{row}"] = forms.CharField(
                label="Values to try",
                required=False,
                initial=values,
                widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "text"}),
            )

    def tried(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the boxes of what is tried, two a row: the settings that a sweep begins with."""
        return [(self[f"setting_{row}"], self[f"values_{row}"]) for row in ROWS[:BEGUN]]

    def tried_too(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the boxes of further settings."""
        return [(self[f"setting_{row}"], self[f"values_{row}"]) for row in ROWS[BEGUN:]]

    @property
    def further(self) -> Fold:
        """What else is tried."""
        boxes = [name for row in ROWS[BEGUN:] for name in (f"setting_{row}", f"values_{row}")]
        return _fold(self, *boxes)

    @property
    def numbers(self) -> Fold:
        """How many are drawn, walked and done at once."""
        return _fold(self, *SWEEP_NUMBERS)

    def clean(self) -> dict[str, Any]:
        """Read what is to be tried; what is wrong becomes the error of its box."""
        given: dict[str, Any] = super().clean() or {}
        given["space"] = space = {}
        for row in ROWS:
            name, values = given.get(f"setting_{row}", ""), given.get(f"values_{row}", "")
            parts = [each for each in values.split(",") if each.strip()]
            if name in space:
                self.add_error(f"setting_{row}", f"{title_of(name)} is tried above; put all there.")
            elif name and not parts:
                self.add_error(f"values_{row}", f"{title_of(name)}: write values, such as 1, 2, 3.")
            elif parts and not name:
                self.add_error(f"setting_{row}", "Say of which setting these values are.")
            elif name:
                try:
                    space[name] = [number_of(name, each) for each in parts]
                except ValueError as wrong:
                    self.add_error(f"values_{row}", f"{title_of(name)}: {wrong}")
        if not space and not self.errors:
            self.add_error("setting_1", "Choose at least one setting to try.")
        return given


@require_GET
@login_required
def backtests(request: UserRequest) -> HttpResponse:
    """List backtests and sweeps, with how far each is."""
    return _list(request, begin=Begin(), sweep=BeginSweep(), status=200)


@require_POST
@login_required
def begin(request: UserRequest) -> HttpResponse:
    """Queue a backtest."""
    _operators_only(request)
    form = Begin(request.POST)
    if form.is_valid():
        try:
            row = ask_for_backtest(
                form.wish(),
                by_id=request.user.pk,
                now=clock.now(),
                opens_held_out=form.cleaned_data["opens_held_out"],
                reason=form.cleaned_data["reason"],
            )
        except BacktestRefused as refused:
            form.add_error(None, in_words(str(refused)))
        else:
            tasks.queue_backtest(row.pk)
            return redirect("backtest", row.pk)
    return _list(request, begin=form, sweep=BeginSweep(), status=422)


@require_POST
@login_required
def begin_sweep(request: UserRequest) -> HttpResponse:
    """Begin a sweep."""
    _operators_only(request)
    form = BeginSweep(request.POST)
    if form.is_valid():
        try:
            made = start_sweep(
                form.wish(),
                space=form.cleaned_data["space"],
                most=form.cleaned_data["most"],
                periods=form.cleaned_data["periods"],
                workers=form.cleaned_data["workers"],
                by_id=request.user.pk,
                now=clock.now(),
            )
        except BacktestRefused as refused:
            form.add_error(None, in_words(str(refused)))
        else:
            tasks.queue_sweep(made.pk, workers=made.workers)
            return redirect("sweep", made.pk)
    return _list(request, begin=Begin(), sweep=form, status=422)


@require_GET
@login_required
def backtest(request: UserRequest, backtest_id: int) -> HttpResponse:
    """Show one backtest: the verdict, the figures, what was refused, and how it was made."""
    since = live.position()
    row = selectors.backtest(backtest_id)
    if row is None:
        raise Http404("There is no such backtest.")
    shown = selectors.backtest_shown(row)
    given: dict[str, Any] = {"row": row, "shown": shown, "since": since, "currency": "EUR"}
    if shown is not None:
        done = shown.performance
        bins = [(each.count, each.believed, each.came_true) for each in done.calibration]
        given |= {
            "record": done,
            "earned": done.yield_,
            "drawdown": float(done.drawdown[-1]),
            "unknown_clv": done.bets - len(shown.clvs),
            **cuts_shown(request.GET, shown.groups, CUTS),
            "equity_chart": charts.equity_chart(shown.times, done, "EUR"),
            "drawdown_chart": charts.drawdown_chart(shown.times, done),
            "luck_chart": charts.luck_chart(done, "EUR"),
            "clv_plot": histogram(shown.clvs) if len(shown.clvs) else None,
            "calibration_plot": calibration(bins) if bins else None,
            **outlook_given(row.outlook),
        }
    return render(
        request, "betting/_backtest.html" if request.htmx else "betting/backtest.html", given
    )


@require_GET
@login_required
def compare(request: UserRequest) -> HttpResponse:
    """Hold up to four backtests beside each other."""
    asked = [int(each) for each in request.GET.getlist("id") if each.isdecimal() and len(each) < 10]
    rows = selectors.compared(asked)
    return render(
        request,
        "betting/backtests_compared.html",
        {
            "rows": rows,
            "most": selectors.MOST_COMPARED,
            "figures": [
                (title, kind, [row.summary.get(key) for row in rows])
                for key, title, kind in FIGURES
            ],
            "differences": selectors.differences(rows),
            "chart": _equities(rows) if rows else None,
        },
    )


@require_POST
@login_required
def cancel(request: UserRequest, backtest_id: int) -> HttpResponse:
    """Cancel a backtest."""
    _operators_only(request)
    try:
        cancel_backtest(backtest_id=backtest_id, by_id=request.user.pk, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such backtest.") from None
    except BacktestRefused as refused:
        messages.error(request, str(refused))
    return redirect("backtest", backtest_id)


@require_GET
@login_required
def sweep(request: UserRequest, sweep_id: int) -> HttpResponse:
    """Show one sweep: how far it is, its trials, and what choosing among them earned."""
    since = live.position()
    found = selectors.sweeps().filter(pk=sweep_id).first()
    if found is None:
        raise Http404("There is no such sweep.")
    trials = selectors.trials_of(sweep_id)
    periods = found.summary.get("periods", [])
    walked = zip(periods[1:], periods[2:], found.summary.get("chosen", []), strict=False)
    return render(
        request,
        "betting/_sweep.html" if request.htmx else "betting/sweep.html",
        {
            "sweep": found,
            "trials": trials,
            "map": selectors.map_of(found, trials, request.GET),
            "walked": list(walked),
            "since": since,
            **outlook_given(found.summary.get("outlook", {})),
        },
    )


@require_POST
@login_required
def stop(request: UserRequest, sweep_id: int) -> HttpResponse:
    """Stop a sweep."""
    return _moved(request, sweep_id, resumes=False)


@require_POST
@login_required
def resume(request: UserRequest, sweep_id: int) -> HttpResponse:
    """Go on with a sweep."""
    return _moved(request, sweep_id, resumes=True)


def _moved(request: UserRequest, sweep_id: int, *, resumes: bool) -> HttpResponse:
    _operators_only(request)
    move = resume_sweep if resumes else stop_sweep
    try:
        moved = move(sweep_id=sweep_id, by_id=request.user.pk, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such sweep.") from None
    except BacktestRefused as refused:
        messages.error(request, str(refused))
    else:
        if resumes:
            tasks.queue_sweep(moved.pk, workers=moved.workers)
    return redirect("sweep", sweep_id)


def _list(
    request: UserRequest, *, begin: forms.Form, sweep: forms.Form, status: int
) -> HttpResponse:
    since = live.position()
    strategies, competitions = selectors.choices(request.user.pk)
    return render(
        request,
        "betting/_backtests.html" if request.htmx else "betting/backtests.html",
        {
            "backtests": list(selectors.backtests()[: selectors.SHOWN]),
            "sweeps": list(selectors.sweeps()[: selectors.SHOWN]),
            "strategies": strategies,
            "competitions": competitions,
            "form": begin,
            "sweep_form": sweep,
            "sweep_numbers": [(name, sweep[name]) for name in ("most", "periods", "workers")],
            "since": since,
        },
        status=status,
    )


def _equities(rows: list[Any]) -> str:
    """Return the equity of each over the share of its bets, as a chart."""
    curves = [row.summary.get("equity", []) for row in rows]
    points = 101
    series = []
    for row, curve in zip(rows, curves, strict=True):
        at = [round(i * (len(curve) - 1) / (points - 1)) for i in range(points)] if curve else []
        series.append(charts.line(f"{row.pk}: {row.title}", [curve[i] for i in at]))
    return json.dumps(
        {
            "x": list(range(points)),
            "time": False,
            "xLabel": "% of its bets",
            "series": [each for each in series if each["values"]],
            "unit": "money",
            "sign": SYMBOLS["EUR"],
        }
    )


def _operators_only(request: UserRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator runs backtests.")
