"""What a run of settled bets earned: one set of figures for live bets and for backtests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from betting.domain.luck import (
    TWO_SIDED,
    Interval,
    Verdict,
    bets_needed,
    chance_of_luck,
    judge,
    mean_of,
    resampled_yield,
)
from betting.domain.record import DAY, Record
from betting.domain.returns import (
    Ratios,
    Streaks,
    Water,
    daily_returns,
    ratios_of,
    streaks_of,
    water_of,
)
from odds.domain.table import FloatArray
from risk.domain.drawdown import drawdown_path

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of believed probabilities: how many, what was believed, what came true."""

    low: float
    high: float
    count: int
    believed: float
    came_true: float


@dataclass(frozen=True, slots=True)
class Performance:
    """Everything said about a run of bets. Shares: 0.02 is 2 %. None where nothing can be said.

    `yield_` is profit per unit staked, `roi` profit and `turnover` stakes per unit of capital.
    `profit_factor` is what winning bets earned per unit that losing ones lost. `equity`,
    `drawdown`, `expected`, `expected_spread` and `by_close` have a point before the first bet and
    one after each; `by_close` is the profit that the close promised of the `closed` bets whose
    close is known. `best` and `worst` are rows of the bets that earned and lost most.
    """

    bets: int
    staked: float
    profit: float
    capital: float
    yield_: Interval | None
    luck: float | None
    bets_needed: int | None
    roi: float | None
    turnover: float | None
    hit_rate: float | None
    average_price: float | None
    profit_factor: float | None
    clv: Interval | None
    clv_beaten: float | None
    expected_profit: float | None
    expected_low: float | None
    expected_high: float | None
    max_drawdown: float
    water: Water
    ratios: Ratios
    streaks: Streaks
    best: int | None
    worst: int | None
    equity: FloatArray
    drawdown: FloatArray
    expected: FloatArray
    expected_spread: FloatArray
    by_close: FloatArray
    closed: int
    calibration: tuple[Bin, ...]
    finding: Verdict

    @property
    def verdict(self) -> str:
        """Return the sentences of the verdict."""
        return self.finding.sentence


def measure(record: Record, *, capital: float, tries: int = 1) -> Performance:
    """Return the performance of settled bets on a starting capital, as one of so many trials.

    >>> done = measure(flat_record(prices=[2.1, 1.9], won=[1, 0], stake=10.0), capital=100.0)
    >>> round(done.yield_.value, 4), done.roi, done.equity.tolist(), done.streaks
    (0.05, 0.01, [100.0, 111.0, 101.0], Streaks(won=1, lost=1))
    """
    n = len(record)
    staked, profit = float(record.stake.sum()), float(record.profit.sum())
    equity = capital + np.concatenate([[0.0], np.cumsum(record.profit)])
    edge, spread = expected_path(record)
    known = ~np.isnan(record.probability)
    decided = ~np.isnan(record.won)
    valued = ~np.isnan(record.clv)
    earned = resampled_yield(record)
    clv = mean_of(record.clv[valued], record.event[valued])
    luck = chance_of_luck(record)
    total, band = (float(edge[-1]), float(spread[-1])) if known.any() else (None, None)
    water = water_of(equity, record.settled_at)
    lost = float(-record.profit[record.profit < 0].sum())
    return Performance(
        bets=n,
        staked=staked,
        profit=profit,
        capital=capital,
        yield_=earned,
        luck=luck,
        bets_needed=None if earned is None else bets_needed(earned),
        roi=profit / capital if capital > 0 else None,
        turnover=staked / capital if capital > 0 else None,
        hit_rate=float((record.won[decided] > 0.5).mean()) if decided.any() else None,
        average_price=float(record.price.mean()) if n else None,
        profit_factor=float(record.profit[record.profit > 0].sum()) / lost if lost > 0 else None,
        clv=clv,
        clv_beaten=float((record.clv[valued] > 0).mean()) if valued.any() else None,
        expected_profit=total,
        expected_low=None if total is None or band is None else total - TWO_SIDED * band,
        expected_high=None if total is None or band is None else total + TWO_SIDED * band,
        max_drawdown=water.depth,
        water=water,
        ratios=ratios_of(daily_returns(record, capital=capital), depth=water.depth),
        streaks=streaks_of(record.profit),
        best=int(record.profit.argmax()) if n else None,
        worst=int(record.profit.argmin()) if n else None,
        equity=equity,
        drawdown=drawdown_path(equity),
        expected=edge,
        expected_spread=spread,
        by_close=np.concatenate([[0.0], np.cumsum(record.stake * np.nan_to_num(record.clv))]),
        closed=int(valued.sum()),
        calibration=calibration(record),
        finding=judge(earned, clv, luck, tries=tries),
    )


def expected_path(record: Record) -> tuple[FloatArray, FloatArray]:
    """Return the running expected profit and its standard deviation, shapes (n + 1,), from 0.

    The deviation has two parts: the luck of each bet if what was believed is true, independent
    from bet to bet, and the doubt about what was believed, which bets on one kind of price share
    and which therefore does not average out: it is added up as it is.
    """
    p = np.nan_to_num(record.probability)
    known = ~np.isnan(record.probability)
    mean = np.where(known, record.stake * (p * record.price - 1.0), 0.0)
    variance = np.where(known, (record.stake * record.price) ** 2 * p * (1.0 - p), 0.0)
    doubt = np.where(known, record.stake * record.doubt, 0.0)
    return (
        np.concatenate([[0.0], np.cumsum(mean)]),
        np.sqrt(np.concatenate([[0.0], np.cumsum(variance) + np.cumsum(doubt) ** 2])),
    )


def calibration(record: Record) -> tuple[Bin, ...]:
    """Return believed against came true in ten equal bins; empty bins are left out."""
    use = ~np.isnan(record.probability) & ~np.isnan(record.won)
    believed, won = record.probability[use], record.won[use]
    place = np.minimum((believed * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    total = np.bincount(place, weights=believed, minlength=BINS)
    true = np.bincount(place, weights=won, minlength=BINS)
    return tuple(
        Bin(
            i / BINS,
            (i + 1) / BINS,
            int(count[i]),
            float(total[i] / count[i]),
            float(true[i] / count[i]),
        )
        for i in range(BINS)
        if count[i]
    )


def flat_record(
    *,
    prices: Sequence[float] | FloatArray,
    won: Sequence[float] | FloatArray,
    stake: float = 1.0,
    days: Sequence[int] | None = None,
) -> Record:
    """Return bets of one stake that won (1) or lost (0), an event each, a day after the other.

    For a list of results that somebody kept by hand: no beliefs, no closes.
    """
    price, came = np.array(prices, np.float64), np.array(won, np.float64)
    n = len(price)
    unknown = np.full(n, np.nan)
    at = np.datetime64("2026-01-01", "us") + np.array(range(n) if days is None else days) * DAY
    stakes = np.full(n, stake)
    return Record(
        stake=stakes,
        profit=stakes * (came * price - 1.0),
        price=price,
        probability=unknown,
        doubt=np.zeros(n),
        clv=unknown,
        won=came,
        event=np.arange(n),
        placed_at=at,
        settled_at=at,
        starts_at=at,
    )
