"""The breakers of one bankroll while a run of the past settles bet after bet.

A trip is what `breakers.read` says, the function that reads live. It costs too much after each of
a hundred thousand bets, so each settlement is first held against sums that are cheap to keep and
that no trip can lie outside of; only what comes that far is read.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from risk.domain.breakers import (
    CLV_BETS,
    CLV_FEWEST,
    EquityPath,
    History,
    Level,
    Trip,
    read,
)

HOUR = 3_600_000_000
FOR_EVER = 1 << 62
# How much nearer than the level itself a figure is read: sums in floats differ by far less.
MARGIN = 1e-6
LOSSES = {"daily_loss": 24 * HOUR, "weekly_loss": 168 * HOUR}


class Watch:
    """What breakers know of a run, and what they lock. Times in microseconds, money in cents.

    It begins with `capital` at `begins`. `placed`, `known_at` and `clv` are by row: when a bet on
    it is placed, when it settles, its CLV (NaN where nobody knows). A drawdown locks for ever:
    nobody is there to lift it. Which breakers: those that `levels` names.
    """

    def __init__(
        self,
        levels: Mapping[str, Level],
        *,
        capital: int,
        begins: int,
        placed: Sequence[int],
        known_at: Sequence[int],
        clv: Sequence[float],
    ) -> None:
        self.trips: list[Trip] = []
        self._levels = levels
        self._placed, self._known_at, self._clv = placed, known_at, clv
        self._at, self._equity, self._peak = [begins], [capital], capital
        self._rows: list[int] = []
        self._profits: list[int] = []
        self._since: dict[str, int] = {}
        self._until: dict[str, int] = {}
        self._streak_trips = levels["losing_streak"].trip if "losing_streak" in levels else np.inf
        valued = "clv_decay" in levels and any(each == each for each in clv)
        self._decays_at = levels["clv_decay"].trip - MARGIN if valued else np.inf
        falls = [levels[name].trip for name in ("drawdown", *LOSSES) if name in levels]
        # No loss of a day or a week is a larger share than the fall from the peak.
        self._falls_at = 1.0 - min(falls, default=np.inf) + MARGIN
        self._lost = 0
        self._sums, self._squares = [0.0], [0.0]

    def locked(self, moment: int) -> str:
        """Return the breaker that stops stakes at a moment, empty if none does."""
        for breaker, until in self._until.items():
            if moment < until:
                return breaker
        return ""

    def settled(self, rows: Sequence[int], profits: Sequence[int]) -> None:
        """Read every breaker after the bets of one moment settled, in the order of settling."""
        at = self._known_at[rows[0]]
        path = list(accumulate(profits, initial=self._equity.pop()))
        equity, peak = path[-1], max(path)
        self._equity += path
        self._at += [at] * len(rows)
        if peak > self._peak:
            self._peak = peak
        self._lost = _lost_in_a_row(self._lost, profits)
        if self._decays_at < np.inf:
            self._value(rows)
        self._rows += rows
        self._profits += profits
        if at <= self._since.get("losing_streak", -1):
            self._lost = 0
        elif self._lost >= self._streak_trips:
            self._look("losing_streak", at)
        if equity <= self._falls_at * self._peak:
            self._fallen(at, equity)
        # Above what it was so many bets ago, the mean of their CLV is above zero.
        if len(self._sums) > CLV_FEWEST and self._sums[-1] < self._sums[-1 - self._clv_window()]:
            self._decayed(at)

    def _value(self, rows: Sequence[int]) -> None:
        since = self._since.get("clv_decay")
        counted = rows if since is None else [row for row in rows if self._placed[row] > since]
        values = map(self._clv.__getitem__, counted)
        # A number that is not itself is none: nobody knows that close.
        clv = [each for each in values if each == each]
        self._sums += accumulate(clv, initial=self._sums.pop())
        self._squares += accumulate((v * v for v in clv), initial=self._squares.pop())

    def _clv_window(self) -> int:
        return min(len(self._sums) - 1, CLV_BETS)

    def _fallen(self, at: int, equity: int) -> None:
        if "drawdown" in self._levels:
            floor = 1.0 - self._levels["drawdown"].trip + MARGIN
            if equity <= floor * self._peak:
                self._look("drawdown", at)
        for name, window in LOSSES.items():
            if name not in self._levels:
                continue
            begin = max(at - window, self._since.get(name, at - window))
            before = self._equity[max(bisect_right(self._at, begin) - 1, 0)]
            if before - equity >= (self._levels[name].trip - MARGIN) * before:
                self._look(name, at)

    def _decayed(self, at: int) -> None:
        size = self._clv_window()
        mean = (self._sums[-1] - self._sums[-1 - size]) / size
        variance = (self._squares[-1] - self._squares[-1 - size]) / size - mean**2
        if -mean >= self._decays_at * (max(variance, 1e-12) / size) ** 0.5:
            self._look("clv_decay", at)

    def _look(self, breaker: str, at: int) -> None:
        """Read a breaker as it is read live, and lock what it trips."""
        since = self._since.get(breaker)
        if since is not None and at <= since:
            return
        reading = read(
            breaker,
            self._history(since, breaker),
            now=np.datetime64(at, "us"),
            bounds=self._levels[breaker],
            since=None if since is None else np.datetime64(since, "us"),
        )
        if not reading.tripped:
            return
        hours = self._levels[breaker].lock_hours
        until = at + hours * HOUR if hours and breaker != "drawdown" else FOR_EVER
        self._since[breaker] = self._until[breaker] = until
        if breaker == "losing_streak":
            self._lost = 0
        if breaker == "clv_decay":
            self._sums, self._squares = [0.0], [0.0]
        self.trips.append(
            Trip(
                breaker,
                np.datetime64(at, "us"),
                np.datetime64("NaT") if until == FOR_EVER else np.datetime64(until, "us"),
                reading.figure,
            )
        )

    def _history(self, since: int | None, breaker: str) -> History:
        """Return what a breaker reads: all since it last counted anew, and the point before."""
        first = 0 if since is None else max(bisect_right(self._at, since) - 1, 0)
        if breaker in LOSSES:
            first = max(first, bisect_right(self._at, self._at[-1] - LOSSES[breaker]) - 1)
        if breaker in ("drawdown", *LOSSES):
            at, equity = self._at[first:], self._equity[first:]
            return History.of_path(
                EquityPath(
                    np.array(at, np.int64).view("datetime64[us]"),
                    np.array(equity, np.float64),
                    np.array([equity[0], *[0] * (len(equity) - 1)], np.float64),
                )
            )
        rows = self._rows[first:]
        return History(
            paths=(),
            at=np.array(self._at[first + 1 :], np.int64).view("datetime64[us]"),
            placed=np.array([self._placed[row] for row in rows], np.int64).view("datetime64[us]"),
            profit=np.array(self._profits[first:], np.float64),
            clv=np.array([self._clv[row] for row in rows], np.float64),
        )


def _lost_in_a_row(before: int, profits: Sequence[int]) -> int:
    """Return how many bets in a row are lost, after so many before these; a push is none."""
    lost = 0
    for profit in reversed(profits):
        if profit > 0:
            return lost
        lost += profit < 0
    return before + lost
