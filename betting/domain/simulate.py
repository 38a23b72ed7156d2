"""Stake a run of decisions in order, with the limits, the breaker and the cents of live betting.

Whole cents throughout, so that a backtest and the live path agree to the last one: the same
shares of Kelly, the same limits, the same rounding, one after the other in the same order.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from betting.domain.decide import Decisions, Slate
from odds.domain.consensus import price_after_commission
from odds.domain.table import BoolArray, FloatArray, IntArray, TextArray, TimeArray
from risk.domain.kelly import kelly_fraction
from risk.domain.limits import Bounds, trim_slate
from risk.domain.staking import stake_cents

DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, slots=True)
class Results:
    """What became of each row's event, all columns (n,), in the order of the slate.

    Of ten stakes' halves: `won_halves` and `lost_halves` of the stake's two halves won and lost
    (push: 0 and 0). `known_at` is when the result was known; NaT means never, and the row is not
    staked. These columns never reach the decision.
    """

    won_halves: IntArray
    lost_halves: IntArray
    known_at: TimeArray


@dataclass(frozen=True, slots=True)
class Simulated:
    """Bets in the order of settling: row of the slate, cents staked and earned. Shapes (m,)."""

    row: IntArray
    stake: IntArray
    profit: IntArray
    tripped_at: np.datetime64 | None
    refused: int


def halves(
    *,
    market_key: TextArray,
    side: TextArray,
    line: FloatArray,
    home_score: IntArray,
    away_score: IntArray,
    draw_offered: BoolArray,
) -> tuple[IntArray, IntArray]:
    """Return how many halves of a stake a final score wins and loses, per selection.

    The array version of `settlement.outcome_of`; `line` is from the home or over side. A market
    or line without a rule wins and loses nothing.

    >>> won, lost = halves(market_key=np.array(["totals", "spreads"]),
    ...     side=np.array(["over", "away"]), line=np.array([2.75, -3.0]),
    ...     home_score=np.array([2, 10]), away_score=np.array([1, 7]),
    ...     draw_offered=np.array([False, False]))
    >>> won.tolist(), lost.tolist()
    ([1, 0], [0, 0])
    """
    margin = (home_score - away_score).astype(np.int64)
    quarters = np.rint(np.nan_to_num(line) * 4).astype(np.int64)
    from_home = np.isin(side, ("home", "over"))
    level = np.where(market_key == "totals", (home_score + away_score) * 4 - quarters, 0)
    level = np.where(market_key == "spreads", margin * 4 + quarters, level)
    ahead = np.where(from_home, level, -level)
    moneyline = market_key == "h2h"
    straight = np.where(side == "home", margin, -margin)
    straight = np.where(side == "draw", np.where(margin == 0, 1, -1), straight)
    # A tie loses where the draw could have been bet on, and gives the stake back elsewhere.
    straight = np.where((straight == 0) & draw_offered, -1, straight)
    ahead = np.where(moneyline, straight * 2, ahead)
    settled = moneyline | (np.isin(market_key, ("spreads", "totals")) & ~np.isnan(line))
    won = np.where(settled, np.clip(ahead, 0, 2), 0)
    lost = np.where(settled, np.clip(-ahead, 0, 2), 0)
    return won.astype(np.int64), lost.astype(np.int64)


def half_even(numerator: IntArray, denominator: int) -> IntArray:
    """Return non-negative whole quotients rounded half to even, without floats.

    >>> half_even(np.array([5, 15, 16]), 10).tolist()
    [0, 2, 2]
    """
    whole, rest = np.divmod(numerator, denominator)
    up = (rest * 2 > denominator) | ((rest * 2 == denominator) & (whole % 2 == 1))
    return np.asarray(whole + up, dtype=np.int64)


def profits(
    *, stake: IntArray, price: FloatArray, commission: FloatArray, results: Results
) -> IntArray:
    """Return what each stake in cents earns, as `settlement.payout` does. Shapes (n,)."""
    lost = half_even(stake * results.lost_halves, 2)
    thousandths = np.rint(price * 1000).astype(np.int64) - 1000
    kept = 10_000 - np.rint(commission * 10_000).astype(np.int64)
    won = half_even(stake * results.won_halves * thousandths * kept, 2 * 1000 * 10_000)
    return won - lost


def simulate(
    slate: Slate,
    decisions: Decisions,
    results: Results,
    *,
    capital: int,
    bounds: Bounds,
    kelly_part: float,
) -> Simulated:
    """Stake the recommended rows moment by moment and return what came of them.

    At each moment first what is known by then is settled, and the breaker read after each bet;
    then the moment's rows are staked, best edge first, one bet a market for ever, trimmed by the
    limits. Once the drawdown breaker trips nothing more is staked: nobody is there to lift it.
    `capital` is in cents; `kelly_part` the strategy's part of Kelly, of which and the person's
    the smaller counts.
    """
    rows = np.flatnonzero(decisions.recommended & ~np.isnat(results.known_at))
    order = np.lexsort((slate.quotes.quote_id[rows], -decisions.edge[rows], slate.moment[rows]))
    rows = rows[order]
    net = price_after_commission(slate.quotes.price[rows], slate.quotes.commission[rows])
    part = min(float(bounds.kelly_fraction), kelly_part)
    share = kelly_fraction(decisions.fair_probability[rows], net) * part
    moments, first = np.unique(slate.moment[rows], return_index=True)
    book = _Book(capital, bounds)
    settled: list[int] = []
    stakes = np.zeros(len(rows), dtype=np.int64)
    earned = np.zeros(len(rows), dtype=np.int64)
    events, markets = slate.quotes.event_id[rows], slate.quotes.market_id[rows]
    known = results.known_at[rows].astype(np.int64)
    day = ((moments - np.datetime64(0, "us")) // DAY).astype(np.int64)
    last = np.append(first[1:], len(rows))
    refused = 0
    for m, moment in enumerate(moments.astype(np.int64).tolist()):
        settled += book.settle(moment)
        if book.tripped_at is not None:
            refused += len(rows) - int(first[m])
            break
        fresh = np.arange(first[m], last[m])
        fresh = fresh[[market not in book.held for market in markets[fresh].tolist()]]
        asked = stake_cents(share[fresh], book.equity)
        on_event = np.array([book.on_event.get(e, 0) for e in events[fresh].tolist()], np.int64)
        taken = trim_slate(
            asked=asked,
            event=events[fresh],
            on_event=on_event,
            equity=book.equity,
            free=book.free,
            today=book.staked_on(int(day[m])),
            bounds=bounds,
        )
        refused += int((taken == 0).sum())
        fresh, taken = fresh[taken > 0], taken[taken > 0]
        stakes[fresh] = taken
        at = rows[fresh]
        earned[fresh] = profits(
            stake=taken,
            price=slate.quotes.price[at],
            commission=slate.quotes.commission[at],
            results=Results(results.won_halves[at], results.lost_halves[at], results.known_at[at]),
        )
        book.place(
            zip(
                known[fresh].tolist(),
                fresh.tolist(),
                taken.tolist(),
                earned[fresh].tolist(),
                events[fresh].tolist(),
                markets[fresh].tolist(),
                strict=True,
            )
        )
    settled += book.settle(np.iinfo(np.int64).max)
    done = np.array(settled, dtype=np.int64)
    return Simulated(
        row=rows[done],
        stake=stakes[done],
        profit=earned[done],
        tripped_at=None if book.tripped_at is None else np.datetime64(book.tripped_at, "us"),
        refused=refused,
    )


class _Book:
    """A bankroll in cents while a simulation runs."""

    def __init__(self, capital: int, bounds: Bounds) -> None:
        self.free = self.equity = self.peak = capital
        self.bound = float(bounds.max_drawdown_share)
        self.tripped_at: int | None = None
        self.on_event: dict[int, int] = {}
        self.held: set[int] = set()
        self._open: list[tuple[int, int, int, int, int, int]] = []
        self._day = (-1, 0)

    def staked_on(self, day: int) -> int:
        return self._day[1] if self._day[0] == day else self._start(day)

    def _start(self, day: int) -> int:
        self._day = (day, 0)
        return 0

    def place(self, bets: "zip[tuple[int, int, int, int, int, int]]") -> None:
        for bet in bets:
            _, _, stake, _, event, market = bet
            heapq.heappush(self._open, bet)
            self.free -= stake
            self.on_event[event] = self.on_event.get(event, 0) + stake
            self.held.add(market)
            self._day = (self._day[0], self._day[1] + stake)

    def settle(self, until: int) -> list[int]:
        done = []
        while self._open and self._open[0][0] <= until:
            at, bet, stake, profit, event, _ = heapq.heappop(self._open)
            self.free += stake + profit
            self.equity += profit
            self.on_event[event] -= stake
            self.peak = max(self.peak, self.equity)
            if self.tripped_at is None and self.equity <= self.peak * (1 - self.bound) + 1e-9:
                self.tripped_at = at
            done.append(bet)
        return done
