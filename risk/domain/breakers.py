"""When to stop: pure rules that read a history and say fine, warning or tripped, with the figure.

A breaker whose evidence is bets counts anew from where its last lock ended: what tripped it once
does not trip it again, and a win on the way back up least of all. docs/algorithms/risk.md has each
formula with a worked example.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.domain.drawdown import drawdown_path

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TimeArray = NDArray[np.datetime64]

DAY = np.timedelta64(86_400_000_000, "us")
# What the CLV breaker looks at: so many of the latest bets with a CLV, and never fewer than that.
CLV_BETS, CLV_FEWEST = 200, 50
# How long a lock that only a person ends is taken to last where nobody can be asked.
WEEK = 7 * DAY
DRILL_LOCK = DAY


class Level(NamedTuple):
    """Where a breaker warns and trips, and for how many hours it locks; 0: until it is lifted."""

    warn: float
    trip: float
    lock_hours: int


# Evidence is bets: one person's. The level at which drawdown trips is among their limits.
PERSONAL: Mapping[str, Level] = {
    "drawdown": Level(0.15, 0.25, 0),
    "losing_streak": Level(12, 20, 24),
    "daily_loss": Level(0.07, 0.10, 24),
    "weekly_loss": Level(0.14, 0.20, 72),
    "clv_decay": Level(2.0, 3.0, 168),
}
# Evidence is the world: the operator's. A model serves or does not, so its has no levels to set.
WORLD = ("stale_feed", "venue_unknowns")
# What a level may be at most: more would never trip.
MOST: Mapping[str, float] = {
    "drawdown": 1.0,
    "losing_streak": 1000,
    "daily_loss": 1.0,
    "weekly_loss": 1.0,
    "clv_decay": 10.0,
    "stale_feed": 96.0,
    "venue_unknowns": 1000,
}
LONGEST_LOCK_HOURS = 24 * 366
SENTENCES = {
    "drawdown": "Equity is {0:.1%} below its peak",
    "losing_streak": "{0:.0f} lost bets in a row",
    "daily_loss": "The last 24 hours lost {0:.1%} of equity",
    "weekly_loss": "The last 7 days lost {0:.1%} of equity",
    "clv_decay": "The mean CLV lies {0:.1f} standard errors below zero",
}
SHARES = frozenset({"drawdown", "daily_loss", "weekly_loss"})


def why_no_level(breaker: str, level: Level) -> str:
    """Return what is wrong with where a breaker would warn and trip; empty where nothing is.

    >>> why_no_level("drawdown", Level(0.15, 0.25, 0))
    ''
    >>> why_no_level("drawdown", Level(0.25, 0.15, 0))
    'drawdown: warn at 0.25 and trip at 0.15 cannot be; a warning comes above zero and not after \
the trip.'
    """
    if not 0 < level.warn <= level.trip:
        return (
            f"{breaker}: warn at {level.warn:g} and trip at {level.trip:g} cannot be; "
            "a warning comes above zero and not after the trip."
        )
    if not level.trip <= MOST[breaker]:
        return f"{breaker}: trip at {level.trip:g} cannot be; {MOST[breaker]:g} is the most."
    if not 0 <= level.lock_hours <= LONGEST_LOCK_HOURS:
        return (
            f"{breaker}: {level.lock_hours} hours is no lock; from 0, which is until lifted, to "
            f"{LONGEST_LOCK_HOURS}."
        )
    return ""


@dataclass(frozen=True, slots=True)
class EquityPath:
    """Equity after each change, oldest first, and what was paid in or out at each. Shapes (n,)."""

    at: TimeArray
    equity: FloatArray
    flow: FloatArray


@dataclass(frozen=True, slots=True)
class History:
    """What one person's bets came to: the path of each bankroll, and the settled bets by time.

    Bet columns have shape (m,), oldest settlement first; `clv` is NaN where nobody knows.
    """

    paths: tuple[EquityPath, ...]
    at: TimeArray
    placed: TimeArray
    profit: FloatArray
    clv: FloatArray

    @classmethod
    def of_path(cls, path: EquityPath) -> "History":
        """Return the history of one bankroll without its bets: enough for losses of equity."""
        none = np.zeros(0)
        times = np.zeros(0, dtype="datetime64[us]")
        return cls((path,), times, times, none, none)

    def changes_after(self, now: np.datetime64) -> np.datetime64 | None:
        """Return when a loss of a day or week next reads otherwise with nothing new; None: never.

        That is when something of a path is a day old, or a week.

        >>> at = np.array(["2026-01-01", "2026-01-05"], dtype="datetime64[us]")
        >>> past = History.of_path(EquityPath(at, np.ones(2), np.zeros(2)))
        >>> str(past.changes_after(np.datetime64("2026-01-06T12")))[:10]
        '2026-01-08'
        """
        leaves = [path.at + age for path in self.paths for age in (DAY, WEEK)]
        later = [each[each > now].min() for each in leaves if (each > now).any()]
        return min(later, default=None)

    def where(self, mask: NDArray[np.bool_]) -> "History":
        """Return it with some of the bets only."""
        return History(
            self.paths, self.at[mask], self.placed[mask], self.profit[mask], self.clv[mask]
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a breaker read: the figure, where it warns and trips, in one sentence."""

    breaker: str
    figure: float
    bounds: Level
    sentence: str

    @property
    def level(self) -> str:
        """Return fine, warn or trip."""
        # Shares have four places; the sum of a thousand cents in floats has an error far below.
        if self.figure >= self.bounds.trip - 1e-9:
            return "trip"
        return "warn" if self.figure >= self.bounds.warn - 1e-9 else "fine"

    @property
    def tripped(self) -> bool:
        """Return whether it says stop."""
        return self.level == "trip"

    @property
    def bound(self) -> float:
        """Return where it trips."""
        return self.bounds.trip

    @property
    def is_share(self) -> bool:
        """Return whether figure and bounds are shares, to be read in per cent."""
        return self.breaker in SHARES


class Trip(NamedTuple):
    """A breaker tripped at a moment, with that figure, and what it locks is free again then."""

    breaker: str
    at: np.datetime64
    until: np.datetime64
    figure: float


def drawdown(history: History, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    """Return at each moment the fall from the peak, a share of it, of the bankroll fallen most.

    Since a lock ended, the equity of then is the first peak.
    """
    return _worst(history, moments, lambda path: _falls(path, moments, since))


def daily_loss(history: History, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    """Return at each moment what the 24 hours before lost, a share of equity at their begin."""
    return _worst(history, moments, lambda path: _lost(path, moments, since, DAY))


def weekly_loss(history: History, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    """Return at each moment what the 7 days before lost, a share of equity at their begin."""
    return _worst(history, moments, lambda path: _lost(path, moments, since, WEEK))


def losing_streak(history: History, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    """Return at each moment how many bets in a row were lost. A push neither adds nor ends.

    Bets settled at one moment count in the order given.
    """
    counts = history.profit != 0
    if since is not None:
        counts &= history.at > since
    lost = history.profit[counts] < 0
    order = np.arange(len(lost))
    last_win = np.maximum.accumulate(np.where(lost, -1, order)) if len(lost) else order
    runs = np.where(lost, order - last_win, 0)
    return _at_last(history.at[counts], runs.astype(np.float64), moments)


def clv_decay(history: History, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    """Return at each moment how many standard errors the mean CLV lies below zero.

    Over the latest CLV_BETS bets with a CLV, 0.0 with fewer than CLV_FEWEST; since a lock ended,
    of bets placed after that only.
    """
    counts = np.isfinite(history.clv)
    if since is not None:
        counts &= history.placed > since
    clv = history.clv[counts]
    n = len(clv)
    if n < CLV_FEWEST:
        return np.zeros(len(moments))
    end = np.arange(1, n + 1)
    begin = np.maximum(end - CLV_BETS, 0)
    size = (end - begin).astype(np.float64)
    sums, squares = (np.concatenate(([0.0], np.cumsum(each))) for each in (clv, clv**2))
    mean = (sums[end] - sums[begin]) / size
    variance = np.maximum((squares[end] - squares[begin]) / size - mean**2, 1e-12)
    z = np.where(size < CLV_FEWEST, 0.0, -mean / np.sqrt(variance / size))
    return _at_last(history.at[counts], np.maximum(z, 0.0), moments)


Figures = Callable[[History, TimeArray, np.datetime64 | None], FloatArray]
FIGURES: Mapping[str, Figures] = {
    "drawdown": drawdown,
    "losing_streak": losing_streak,
    "daily_loss": daily_loss,
    "weekly_loss": weekly_loss,
    "clv_decay": clv_decay,
}


def read(
    breaker: str,
    history: History,
    *,
    now: np.datetime64,
    bounds: Level,
    since: np.datetime64 | None = None,
) -> Reading:
    """Return what a breaker reads at a moment; `since` is when its last lock ended.

    >>> at = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[us]")
    >>> history = History.of_path(EquityPath(at, np.array([100.0, 70.0, 72.0]), np.zeros(3)))
    >>> bounds = Level(0.15, 0.25, 0)
    >>> read("drawdown", history, now=at[2], bounds=bounds).tripped
    True
    >>> read("drawdown", history, now=at[2], bounds=bounds, since=at[1]).tripped
    False
    """
    figure = float(FIGURES[breaker](history, np.array([now], dtype="datetime64[us]"), since)[0])
    said = SENTENCES[breaker].format(figure)
    trips = f"{bounds.trip:.1%}" if breaker in SHARES else f"{bounds.trip:g}"
    return Reading(breaker, figure, bounds, f"{said}; the breaker trips at {trips}.")


def drill(history: History, levels: Mapping[str, Level]) -> list[Trip]:
    """Return when each breaker would have tripped, had it been on all the time, oldest first.

    A lock that only a person ends is taken to last DRILL_LOCK. Read after each settlement.
    """
    trips = []
    for breaker, bounds in levels.items():
        since: np.datetime64 | None = None
        lock = np.timedelta64(bounds.lock_hours, "h") if bounds.lock_hours else DRILL_LOCK
        while True:
            moments = history.at if since is None else history.at[history.at > since]
            figures = FIGURES[breaker](history, moments, since)
            over = np.flatnonzero(figures >= bounds.trip - 1e-9)
            if not len(over):
                break
            at, figure = moments[over[0]], float(figures[over[0]])
            since = at + lock
            trips.append(Trip(breaker, at, since, figure))
    return sorted(trips, key=lambda trip: (trip.at, trip.breaker))


def _worst(
    history: History, moments: TimeArray, figures: Callable[[EquityPath], FloatArray]
) -> FloatArray:
    found = [figures(path) for path in history.paths if len(path.at)]
    return np.max(found, axis=0) if found else np.zeros(len(moments))


def _falls(path: EquityPath, moments: TimeArray, since: np.datetime64 | None) -> FloatArray:
    at, equity, flow = path.at, path.equity, path.flow
    if since is not None:
        # The last point at or before the end of the lock is what equity was then.
        start = max(int(np.searchsorted(at, since, side="right")) - 1, 0)
        at, equity, flow = at[start:], equity[start:], flow[start:].copy()
        flow[:1] = 0.0
    return _at_last(at, drawdown_path(equity, flow), moments)


def _lost(
    path: EquityPath, moments: TimeArray, since: np.datetime64 | None, window: np.timedelta64
) -> FloatArray:
    begin = moments - window
    if since is not None:
        begin = np.maximum(begin, since)
    earned = path.equity - np.cumsum(path.flow)
    paid_in = np.cumsum(np.maximum(path.flow, 0.0))
    lost = _at_last(path.at, earned, begin) - _at_last(path.at, earned, moments)
    # What came in meanwhile could be lost, too.
    base = _at_last(path.at, path.equity, begin) + (
        _at_last(path.at, paid_in, moments) - _at_last(path.at, paid_in, begin)
    )
    share = np.zeros(len(moments))
    np.divide(lost, base, out=share, where=base > 0)
    return np.maximum(share, 0.0)


def _at_last(at: TimeArray, values: FloatArray, moments: TimeArray) -> FloatArray:
    """Return the last value at or before each moment, 0.0 before the first."""
    padded = np.concatenate(([0.0], values))
    return np.asarray(padded[np.searchsorted(at, moments, side="right")], dtype=np.float64)
