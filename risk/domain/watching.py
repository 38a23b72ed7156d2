"""The breakers of one bankroll while a run of the past settles bet after bet.

A trip is what `breakers.read` says, the function that reads live. It costs too much after each of
a hundred thousand bets, so each settlement is first held against sums that are cheap to keep and
that no trip can lie outside of; only what comes that far is read.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

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
        self._floor = 1.0 - (levels["drawdown"].trip if "drawdown" in levels else np.inf) + MARGIN
        self._losses = [
            (name, window, levels[name].trip - MARGIN)
            for name, window in LOSSES.items()
            if name in levels
        ]
        # No loss of a day or a week is a larger share than the fall from the peak.
        self._falls_at = max([self._floor, *(1.0 - trip for _, _, trip in self._losses)])
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
        at, since = self._known_at[rows[0]], self._since
        equity, peak, lost = self._equity[-1], self._peak, self._lost
        for profit in profits:
            equity += profit
            self._equity.append(equity)
            self._at.append(at)
            if profit > 0:
                lost = 0
                if equity > peak:
                    peak = equity
            elif profit:
                lost += 1
        self._peak = peak
        self._rows += rows
        self._profits += profits
        # Bets settled under its lock count for nothing.
        self._lost = 0 if at <= since.get("losing_streak", -1) else lost
        if self._lost >= self._streak_trips:
            self._look("losing_streak", at)
        if equity <= self._falls_at * peak:
            self._fallen(at, equity)
        if self._decays_at < np.inf:
            self._value(rows, at)

    def _value(self, rows: Sequence[int], at: int) -> None:
        since, sums, squares = self._since.get("clv_decay", -1), self._sums, self._squares
        total, square = sums[-1], squares[-1]
        for row in rows:
            clv = self._clv[row]
            # A number that is not itself is none: nobody knows that close.
            if clv == clv and self._placed[row] > since:
                total += clv
                square += clv * clv
                sums.append(total)
                squares.append(square)
        size = min(len(sums) - 1, CLV_BETS)
        # Above what it was so many bets ago, the mean of their CLV is above zero.
        if size >= CLV_FEWEST and total < sums[-1 - size]:
            mean = (total - sums[-1 - size]) / size
            variance = (square - squares[-1 - size]) / size - mean**2
            if -mean >= self._decays_at * (max(variance, 1e-12) / size) ** 0.5:
                self._look("clv_decay", at)

    def _fallen(self, at: int, equity: int) -> None:
        if equity <= self._floor * self._peak:
            self._look("drawdown", at)
        for name, window, trip in self._losses:
            begin = max(at - window, self._since.get(name, -1))
            before = self._equity[max(bisect_right(self._at, begin) - 1, 0)]
            if before - equity >= trip * before:
                self._look(name, at)

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
