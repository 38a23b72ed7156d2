"""Small charts drawn on the server as SVG: only coordinates are made here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accounts.showing.formats import share_text

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 480.0, 260.0, 44.0, 34.0, 10.0, 10.0
# What the last label of an axis needs on its right, which stands in the middle below its end.
LAST = 30.0


@dataclass(frozen=True)
class Tick:
    """A line across a plot with its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram; `kind` is up, down or even."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    text: str


@dataclass(frozen=True)
class Histogram:
    """How often values fell between bounds."""

    bars: list[Bar]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    zero: float
    mean: float
    right: float = WIDTH - LAST
    width: float = WIDTH
    height: float = HEIGHT


def histogram(values: NDArray[np.float64], *, step: float = 0.01, most: float = 0.15) -> Histogram:
    """Return the bars of a histogram around zero; what lies outside falls into the end bars.

    >>> [bar.text for bar in histogram(np.array([0.011, 0.012, -0.2])).bars if bar.height]
    ['−15 % or less: 1', '1 % to 2 %: 2']
    """
    half = round(most / step)
    places = np.floor(values / step + 1e-9).astype(np.int64) + half
    counts = np.bincount(np.clip(places, 0, 2 * half - 1), minlength=2 * half).tolist()
    top = max(counts, default=0) or 1
    room, tall = WIDTH - LEFT - LAST, HEIGHT - TOP - BOTTOM
    wide = room / len(counts)

    def percent(number: int) -> str:
        share = number * step * 100
        return f"{'−' if share < 0 else ''}{abs(share):.0f} %"

    bars = []
    for place, count in enumerate(counts):
        low = place - half
        if place == 0:
            text = f"{percent(low + 1) if half == 0 else percent(low)} or less: {count}"
        elif place == len(counts) - 1:
            text = f"{percent(low)} or more: {count}"
        else:
            text = f"{percent(low)} to {percent(low + 1)}: {count}"
        high = tall * count / top
        bars.append(
            Bar(
                x=round(LEFT + place * wide + 1, 1),
                y=round(TOP + tall - high, 1),
                width=round(wide - 2, 1),
                height=round(high, 1),
                kind="up" if low >= 0 else "down",
                text=text,
            )
        )
    mean = float(values.mean()) if len(values) else 0.0
    return Histogram(
        bars=bars,
        x_ticks=[
            Tick(
                round(LEFT + (number + half) * wide, 1),
                {-half: "≤ ", half: "≥ "}.get(number, "") + percent(number),
            )
            for number in range(-half, half + 1, max(1, half // 3))
        ],
        # Bets are counted: no tick stands between two.
        y_ticks=[
            Tick(round(TOP + tall * (1 - count / top), 1), f"{count:,}")
            for count in range(0, top + 1, round_step(top))
        ],
        zero=round(LEFT + half * wide, 1),
        mean=round(LEFT + (min(most, max(-most, mean)) / step + half) * wide, 1),
    )


def round_step(top: int) -> int:
    """Return the step of 1, 2 or 5 that gives an axis up to `top` two to five ticks above zero.

    >>> [round_step(top) for top in (1, 3, 7, 60, 6099)]
    [1, 1, 2, 20, 2000]
    """
    power: int = 10 ** (len(str(top)) - 1)
    steps = (power // 5, power // 2, power, power * 2, power * 5)
    return next(step for step in steps if step and top // step <= 5)


def diverging(values: Sequence[float], *, width: float = 120.0) -> list[Bar]:
    """Return one bar a value, to the right of the middle above zero, to its left below.

    The longest fills its half.

    >>> [(bar.x, bar.width, bar.kind) for bar in diverging([0.4, -0.2])]
    [(60.0, 60.0, 'up'), (30.0, 30.0, 'down')]
    """
    half = width / 2
    most = max((abs(value) for value in values), default=0.0) or 1.0
    return [
        Bar(
            x=round(half + min(value, 0.0) / most * half, 1),
            y=1.0,
            width=round(abs(value) / most * half, 1),
            height=10.0,
            kind="up" if value >= 0 else "down",
            text=f"{value:+.3f}",
        )
        for value in values
    ]


@dataclass(frozen=True)
class Point:
    """What was said against what happened, with how many and the 95 % interval."""

    x: float
    y: float
    radius: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class CalibrationPlot:
    """A square plot: said on x, happened on y."""

    points: list[Point]
    ticks: list[Tick]
    y_ticks: list[Tick]
    size: float = 320.0
    left: float = LEFT
    bottom: float = 320.0 - BOTTOM
    right: float = 320.0 - RIGHT
    top: float = TOP


def calibration(bins: Sequence[tuple[int, float, float]]) -> CalibrationPlot:
    """Return the plot of (count, said, happened) bins, each with its 95 % Wilson interval.

    >>> calibration([(100, 0.5, 0.6)]).points[0].text
    'Said 50 %, happened 60 % of 100 (95 %: 50 % to 69 %)'
    """
    size = 320.0
    wide, tall = size - LEFT - RIGHT, size - TOP - BOTTOM

    def x(share: float) -> float:
        return round(LEFT + share * wide, 1)

    def y(share: float) -> float:
        return round(TOP + (1 - share) * tall, 1)

    most = max((count for count, _, _ in bins), default=1)
    points = []
    for count, said, happened in bins:
        low, high = wilson(happened, count)
        points.append(
            Point(
                x=x(said),
                y=y(happened),
                radius=round(2.5 + 4.5 * math.sqrt(count / most), 1),
                low=y(low),
                high=y(high),
                text=f"Said {said:.0%}, happened {happened:.0%} of {count} "
                f"(95 %: {low:.0%} to {high:.0%})".replace("%", " %").replace("95  %", "95 %"),
            )
        )
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    return CalibrationPlot(
        points=points,
        ticks=[Tick(x(share), share_text(share, 0)) for share in shares],
        y_ticks=[Tick(y(share), share_text(share, 0)) for share in shares],
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of a count (Wilson 1927).

    >>> [round(bound, 3) for bound in wilson(0.6, 100)]
    [0.502, 0.691]
    """
    if not count:
        return 0.0, 1.0
    z = 1.959964
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (middle - reach) / scale, (middle + reach) / scale


def sparkline(values: Sequence[float], *, width: float = 88, height: float = 24) -> str:
    """Return the path of a small line, left to right, highest value at the top.

    >>> sparkline([1.0, 2.0], width=10, height=12)
    'M1 11L9 1'
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    across = (width - 2) / (len(values) - 1)
    down = (height - 2) / (high - low) if high > low else 0.0
    top = 1 if high > low else height / 2
    return "M" + "L".join(
        f"{1 + place * across:.0f} {top + (high - value) * down:.0f}"
        for place, value in enumerate(values)
    )
