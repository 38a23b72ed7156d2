"""Returns and risk of an equity curve: ratios by day, time under water, streaks."""

from dataclasses import dataclass

import numpy as np

from betting.domain.record import DAY, Record, days_of
from odds.domain.table import FloatArray, TimeArray
from risk.domain.drawdown import drawdown_path

DAYS_A_YEAR = 365.0
# Ratios of a few days are noise multiplied by nineteen.
FEWEST_DAYS = 30


@dataclass(frozen=True, slots=True)
class Ratios:
    """Ratios a year, from daily returns on equity; None where nothing can be said."""

    sharpe: float | None
    sortino: float | None
    calmar: float | None


@dataclass(frozen=True, slots=True)
class Water:
    """The deepest fall from a peak, and how long equity was below one.

    `longest` is in days and may still go on; `share` is of the time since the first settlement.
    """

    depth: float
    longest: float
    share: float


@dataclass(frozen=True, slots=True)
class Streaks:
    """The longest runs of winning and of losing bets; pushes and voids neither end nor extend."""

    won: int
    lost: int


def daily_returns(record: Record, *, capital: float) -> FloatArray:
    """Return what each UTC day earned per unit of equity at its beginning, idle days included.

    From the day of the first settlement to that of the last. Equity of zero or less ends it.

    >>> from betting.domain.performance import flat_record
    >>> record = flat_record(prices=[2.0, 2.0], won=[1, 0], days=[0, 2], stake=10.0)
    >>> daily_returns(record, capital=100.0).round(4).tolist()
    [0.1, 0.0, -0.0909]
    """
    if not len(record) or capital <= 0:
        return np.zeros(0)
    day = days_of(record.settled_at)
    earned = np.bincount(day - day.min(), weights=record.profit)
    equity = capital + np.concatenate([[0.0], np.cumsum(earned)[:-1]])
    ruined = np.flatnonzero(equity <= 0)
    last = int(ruined[0]) if len(ruined) else len(earned)
    return np.asarray(earned[:last] / equity[:last])


def ratios_of(returns: FloatArray, *, depth: float) -> Ratios:
    """Return Sharpe, Sortino and Calmar a year of daily returns and their deepest fall.

    Sharpe (1994) without a risk-free rate: mean / standard deviation. Sortino and Price (1994):
    mean / root mean square of the days that lost. Calmar (Young 1991): growth a year / depth. The
    first two are scaled by the root of 365, for bets settle on every day of the week.
    """
    if len(returns) < FEWEST_DAYS:
        return Ratios(None, None, None)
    mean, scale = float(returns.mean()), DAYS_A_YEAR**0.5
    spread = float(returns.std(ddof=1))
    bad = float(np.sqrt((np.minimum(returns, 0.0) ** 2).mean()))
    grown = float(np.prod(1.0 + returns))
    growth = grown ** (DAYS_A_YEAR / len(returns)) - 1.0 if grown > 0 else -1.0
    return Ratios(
        sharpe=mean / spread * scale if spread > 0 else None,
        sortino=mean / bad * scale if bad > 0 else None,
        calmar=growth / depth if depth > 0 else None,
    )


def water_of(equity: FloatArray, settled_at: TimeArray) -> Water:
    """Return how deep and how long equity (n + 1,) was below its peak; times (n,), in order.

    >>> at = np.array(["2026-01-01", "2026-01-03", "2026-01-08", "2026-01-09"], "datetime64[us]")
    >>> water_of(np.array([100.0, 110.0, 99.0, 105.0, 111.0]), at)
    Water(depth=0.1, longest=6.0, share=0.75)
    """
    depth = float(drawdown_path(equity).max()) if len(equity) else 0.0
    if len(settled_at) < 2:
        return Water(depth, 0.0, 0.0)
    under = equity[1:] < np.maximum.accumulate(equity)[1:]
    # A stretch begins with the settlement that falls below the peak and ends with the one that is
    # back at it, or with the last.
    edges = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]]).astype(np.int8)))
    begins, ends = edges[::2], np.minimum(edges[1::2], len(settled_at) - 1)
    lengths = (settled_at[ends] - settled_at[begins]) / DAY
    whole = float((settled_at[-1] - settled_at[0]) / DAY)
    longest = float(lengths.max()) if len(lengths) else 0.0
    return Water(depth, longest, float(lengths.sum()) / whole if whole > 0 else 0.0)


def streaks_of(profit: FloatArray) -> Streaks:
    """Return the longest winning and losing streaks of profits in the order of settling.

    >>> streaks_of(np.array([1.0, 2.0, 0.0, 3.0, -1.0, -1.0, 5.0]))
    Streaks(won=3, lost=2)
    """
    sign = np.sign(profit[profit != 0])
    if not len(sign):
        return Streaks(0, 0)
    turns = np.flatnonzero(np.diff(sign)) + 1
    runs = np.diff(np.concatenate([[0], turns, [len(sign)]]))
    of = sign[np.concatenate([[0], turns])]
    return Streaks(
        won=int(runs[of > 0].max(initial=0)),
        lost=int(runs[of < 0].max(initial=0)),
    )
