"""What the browser draws of a performance, live or of a backtest: charts as JSON."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from accounts.showing.formats import SYMBOLS
from betting.domain.luck import TWO_SIDED
from betting.domain.performance import Performance
from odds.domain.table import FloatArray, IntArray, TimeArray

MOST_POINTS = 600


def places(count: int) -> list[int]:
    """Return which of so many points a chart draws: all, or evenly thinned with the last kept."""
    step = max(1, -(-count // MOST_POINTS))
    kept = list(range(0, count, step))
    return kept if not kept or kept[-1] == count - 1 else [*kept, count - 1]


def line(
    label: str, values: Sequence[float] | FloatArray, role: str = "", *, digits: int = 2
) -> dict[str, str | list[float]]:
    """Return one line of a chart."""
    return {"label": label, "values": np.round(values, digits).tolist(), "role": role}


def _seconds(times: TimeArray) -> list[float]:
    found: list[float] = ((times - np.datetime64(0, "s")) / np.timedelta64(1, "s")).tolist()
    return found


def _moments(times: TimeArray) -> IntArray:
    """Return which points a chart over time draws: of those at one moment the last, thinned.

    Of two at its very end, uPlot takes the first for the end, and scales without the other.
    """
    last = np.flatnonzero(np.append(times[1:] != times[:-1], True))
    return last[places(len(last))]


def equity_chart(times: TimeArray, done: Performance, currency: str = "") -> str | None:
    """Return equity and its peak, from the money paid in to the last settlement."""
    if not len(times):
        return None
    at = _moments(times)
    return json.dumps(
        {
            "x": _seconds(times[at]),
            "series": [
                line("Equity", done.equity[at], "strong"),
                line("Peak", np.maximum.accumulate(done.equity)[at], "dashed"),
            ],
            "unit": "money",
            "sign": SYMBOLS.get(currency, ""),
            "stepped": True,
        }
    )


def drawdown_chart(times: TimeArray, done: Performance) -> str | None:
    """Return the fall from the peak so far, drawn downwards."""
    if not len(times):
        return None
    at = _moments(times)
    return json.dumps(
        {
            "x": _seconds(times[at]),
            "series": [line("Drawdown", -done.drawdown[at], "loss", digits=5)],
            "unit": "share",
            "stepped": True,
            "legend": False,
        }
    )


def fan_chart(drawn: dict[str, Any] | None) -> str | None:
    """Return where drawn bankrolls lay after each day, as times their start: `outlook_of`."""
    if not drawn:
        return None
    names = ("95 % are below", "75 %", "Half", "25 %", "5 %")
    roles = ("faint", "dashed", "strong", "dashed", "faint")
    columns = list(zip(*drawn["band"], strict=True))[::-1]
    return json.dumps(
        {
            "x": drawn["step"],
            "time": False,
            "xLabel": "Day with bets",
            "series": [
                line(name, values, role, digits=3)
                for name, values, role in zip(names, columns, roles, strict=True)
            ],
            "unit": "money",
        }
    )


def luck_chart(done: Performance, currency: str = "") -> str | None:
    """Return the profit by bet beside what was expected, and by the close where that is known."""
    if not done.bets or (done.expected_profit is None and not done.closed):
        return None
    at = places(done.bets + 1)
    series = [line("Actual", done.equity[at] - done.equity[0], "strong")]
    if done.expected_profit is not None:
        expected, reach = done.expected[at], TWO_SIDED * done.expected_spread[at]
        series += [
            line("Expected", expected, "dashed"),
            line("95 % high", expected + reach, "faint"),
            line("95 % low", expected - reach, "faint"),
        ]
    if done.closed:
        some = "" if done.closed == done.bets else f", {done.closed:,} of {done.bets:,} bets"
        series.append(line(f"By the close{some}", done.by_close[at], "line"))
    return json.dumps(
        {
            "x": at,
            "time": False,
            "xLabel": "Bet",
            "series": series,
            "unit": "money",
            "sign": SYMBOLS.get(currency, ""),
        }
    )
