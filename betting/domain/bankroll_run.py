"""A bankroll in whole cents while a run of the past stakes and settles, bet after bet."""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from odds.domain.table import FloatArray, IntArray, TimeArray
from risk.domain.exposure import On, OpenStakes
from risk.domain.limits import Bounds, trim_slate
from risk.domain.staking import SHARE_PLACES, Sizes, still_match
from risk.domain.watching import Watch


@dataclass(frozen=True, slots=True)
class Results:
    """What became of each row's event, all columns (n,), in the order of the slate.

    `won_halves` and `lost_halves` of the stake's two halves won and lost (push: 0 and 0).
    `known_at` is when the result was known; NaT means never, and the row is not staked. These
    columns never reach the decision.
    """

    won_halves: IntArray
    lost_halves: IntArray
    known_at: TimeArray


def half_even(numerator: int, denominator: int) -> int:
    """Return a non-negative whole quotient rounded half to even, without floats.

    >>> [half_even(numerator, 10) for numerator in (5, 15, 16)]
    [0, 2, 2]
    """
    whole, rest = divmod(numerator, denominator)
    return whole + (rest * 2 + whole % 2 > denominator)


def profit_of(cents: int, won: int, lost: int) -> int:
    """Return what a stake earns, as `settlement.payout` does; `won`, `lost` are of `Payouts`."""
    if won:
        earned = half_even(cents * won, 2 * 1000 * 10_000)
        return earned - half_even(cents * lost, 2) if lost else earned
    return -cents if lost == 2 else -half_even(cents * lost, 2)


@dataclass(frozen=True, slots=True)
class Payouts:
    """What a cent staked on each row comes to, in whole numbers. Shapes (n,).

    `won` is in halves x thousandths of the price x ten-thousandths kept after commission, `lost`
    in halves.
    """

    won: IntArray
    lost: IntArray

    @classmethod
    def of(cls, *, price: FloatArray, commission: FloatArray, results: Results) -> Self:
        """Return them for prices, commissions and what became of the events."""
        thousandths = np.rint(price * 1000).astype(np.int64) - 1000
        kept = 10_000 - np.rint(commission * 10_000).astype(np.int64)
        return cls(results.won_halves * thousandths * kept, results.lost_halves)


class BankrollRun:
    """A bankroll in cents while a simulation runs. Bets are rows; events and markets numbers.

    Plain lists and whole numbers: a moment has a handful of bets, each of which depends on the one
    before it, and no array is faster at that.
    """

    def __init__(
        self,
        capital: int,
        bounds: Bounds,
        *,
        sizes: Sizes,
        rounding: str,
        known_at: IntArray,
        on: list[On],
        market: IntArray,
        leg: IntArray | None,
        payouts: Payouts,
        watch: Watch,
    ) -> None:
        self.free = self.equity = capital
        self.watch = watch
        self.refused: Counter[str] = Counter()
        self.done: list[int] = []
        self.stakes: list[int] = []
        self.profits: list[int] = []
        self._bounds = bounds
        self._least = int(bounds.min_stake * 100)
        self._units, self._cents = sizes.units.tolist(), sizes.cents.tolist()
        self._most = sizes.most
        self._rounding = rounding
        self._known_at = known_at.tolist()
        self._won, self._lost = payouts.won.tolist(), payouts.lost.tolist()
        self._on, self._market = on, market.tolist()
        # What belongs together, by number; none where every bet stands for itself.
        self._leg = None if leg is None else leg.tolist()
        self._held: set[int] = set()
        self._open_stakes = OpenStakes()
        # Open stakes by when they settle, and those moments as a heap.
        self._open: dict[int, list[tuple[int, int]]] = {}
        self._ahead: list[int] = []
        self._day, self._today = -1, 0

    def stake(self, begin: int, end: int, *, day: int) -> None:
        """Take the stakes of one moment's rows, in their order, as far as the limits leave."""
        if day != self._day:
            self._day, self._today = day, 0
        if self._leg is None:
            self._stake_each(self._fresh(range(begin, end)))
            return
        groups: dict[int, list[int]] = {}
        for row in range(begin, end):
            groups.setdefault(self._leg[row], []).append(row)
        for legs in groups.values():
            self._stake_all(self._fresh(legs))

    def _fresh(self, rows: Sequence[int]) -> Sequence[int]:
        """Return the rows on whose market nothing was ever staked."""
        if self._held.isdisjoint(map(self._market.__getitem__, rows)):
            return rows
        fresh = [row for row in rows if self._market[row] not in self._held]
        self.refused["market_held"] += len(rows) - len(fresh)
        return fresh

    def _planned(self, rows: Sequence[int]) -> list[int]:
        equity, units, cents = self.equity, self._units, self._cents
        return [units[row] * equity // SHARE_PLACES + cents[row] for row in rows]

    def _capped(self, planned: list[int]) -> list[int]:
        most = self._most
        return planned if most is None else [min(each, most) for each in planned]

    def _trimmed(self, rows: Sequence[int], asked: list[int]) -> list[int]:
        """Return what the limits leave of the stakes asked for, and hold it."""
        return trim_slate(
            asked=asked,
            on=[self._on[row] for row in rows],
            held=self._open_stakes,
            equity=self.equity,
            free=self.free,
            today=self._today,
            bounds=self._bounds,
            rounding=self._rounding,
        )

    def _stake_each(self, rows: Sequence[int]) -> None:
        asked = self._capped(self._planned(rows))
        taken = self._trimmed(rows, asked)
        if not all(taken):
            small = sum(map(self._least.__gt__, asked))
            self.refused["min_stake"] += small
            self.refused["limits"] += taken.count(0) - small
        self._take(rows, taken)

    def _stake_all(self, rows: Sequence[int]) -> None:
        """Stake all legs of one market and line, or none where a limit would cut one."""
        planned = self._planned(rows)
        taken = self._trimmed(rows, self._capped(planned))
        if still_match(planned, taken):
            self._take(rows, taken)
            return
        for row, cents in zip(rows, taken, strict=True):
            if cents:
                self._open_stakes.remove(self._on[row], cents)
        small = any(map(self._least.__gt__, planned))
        self.refused["min_stake" if small else "limits"] += len(rows)

    def _take(self, rows: Sequence[int], taken: list[int]) -> None:
        staked = sum(taken)
        self.free -= staked
        self._today += staked
        for row, cents in zip(rows, taken, strict=True):
            if cents:
                self._held.add(self._market[row])
                at = self._known_at[row]
                if at in self._open:
                    self._open[at].append((row, cents))
                else:
                    self._open[at] = [(row, cents)]
                    heapq.heappush(self._ahead, at)

    def settle(self, until: int) -> None:
        """Settle what is known by then, and read the breakers after each moment of it."""
        while self._ahead and self._ahead[0] <= until:
            settling = sorted(self._open.pop(heapq.heappop(self._ahead)))
            rows = [row for row, _ in settling]
            profits = [profit_of(cents, self._won[row], self._lost[row]) for row, cents in settling]
            for row, cents in settling:
                self._open_stakes.remove(self._on[row], cents)
                self.stakes.append(cents)
            earned = sum(profits)
            self.free += sum(self.stakes[-len(rows) :]) + earned
            self.equity += earned
            self.done += rows
            self.profits += profits
            self.watch.settled(rows, profits)
