"""What a run of settled bets earned, and whether that can be told from luck."""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import FloatArray
from risk.domain.drawdown import drawdown_path

# Two sides of a normal distribution that leave out one case in twenty.
TWO_SIDED = 1.96
# Fewer bets than this allow no verdict.
FEWEST = 30
# With a handful of bets the spread seen says nothing of the spread there is: two losses in a row
# would look like certainty.
FEWEST_FOR_INTERVAL = 10
BINS = 10


@dataclass(frozen=True, slots=True)
class Record:
    """Settled bets in the order of settling, all columns (n,).

    `price` is after commission. `probability` is what was believed, `clv` its closing line value;
    NaN where there is none. `won` is 1, 0, or 0.5 for either half result: they come in pairs, and
    on average half of what was believed came true. NaN for a push or void.
    """

    stake: FloatArray
    profit: FloatArray
    price: FloatArray
    probability: FloatArray
    clv: FloatArray
    won: FloatArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval, and how many bets it comes from."""

    value: float
    low: float
    high: float
    count: int

    @property
    def is_bounded(self) -> bool:
        """Return whether there were enough values for bounds to mean anything."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


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
    `equity` and `drawdown` have a point before the first bet and one after each.
    """

    bets: int
    staked: float
    profit: float
    capital: float
    yield_: Interval | None
    roi: float | None
    turnover: float | None
    hit_rate: float | None
    average_price: float | None
    clv: Interval | None
    clv_beaten: float | None
    expected_profit: float | None
    expected_low: float | None
    expected_high: float | None
    max_drawdown: float
    equity: FloatArray
    drawdown: FloatArray
    expected: FloatArray
    expected_spread: FloatArray
    calibration: tuple[Bin, ...]
    verdict: str


def measure(record: Record, *, capital: float) -> Performance:
    """Return the performance of settled bets on a starting capital.

    >>> record = Record(*(np.array(column) for column in (
    ...     [10.0, 10.0], [11.0, -10.0], [2.1, 1.9], [0.5, 0.5], [0.03, np.nan], [1.0, 0.0])))
    >>> done = measure(record, capital=100.0)
    >>> round(done.yield_.value, 4), done.roi, done.equity.tolist(), done.clv.count
    (0.05, 0.01, [100.0, 111.0, 101.0], 1)
    """
    n = len(record.stake)
    staked, profit = float(record.stake.sum()), float(record.profit.sum())
    equity = capital + np.concatenate([[0.0], np.cumsum(record.profit)])
    drawdown = drawdown_path(equity)
    edge, spread = _expected(record)
    known = ~np.isnan(record.probability)
    decided = ~np.isnan(record.won)
    valued = ~np.isnan(record.clv)
    earned = _yield(record)
    clv = _mean(record.clv[valued])
    total, band = (float(edge[-1]), float(spread[-1])) if known.any() else (None, None)
    return Performance(
        bets=n,
        staked=staked,
        profit=profit,
        capital=capital,
        yield_=earned,
        roi=profit / capital if capital > 0 else None,
        turnover=staked / capital if capital > 0 else None,
        hit_rate=float((record.won[decided] > 0.5).mean()) if decided.any() else None,
        average_price=float(record.price.mean()) if n else None,
        clv=clv,
        clv_beaten=float((record.clv[valued] > 0).mean()) if valued.any() else None,
        expected_profit=total,
        expected_low=None if total is None or band is None else total - TWO_SIDED * band,
        expected_high=None if total is None or band is None else total + TWO_SIDED * band,
        max_drawdown=float(drawdown.max()),
        equity=equity,
        drawdown=drawdown,
        expected=edge,
        expected_spread=spread,
        calibration=calibration(record),
        verdict=verdict(earned, clv),
    )


def _expected(record: Record) -> tuple[FloatArray, FloatArray]:
    """Return the running expected profit and its standard deviation, starting with 0."""
    p = np.nan_to_num(record.probability)
    known = ~np.isnan(record.probability)
    mean = np.where(known, record.stake * (p * record.price - 1.0), 0.0)
    variance = np.where(known, (record.stake * record.price) ** 2 * p * (1.0 - p), 0.0)
    return (
        np.concatenate([[0.0], np.cumsum(mean)]),
        np.sqrt(np.concatenate([[0.0], np.cumsum(variance)])),
    )


def _yield(record: Record) -> Interval | None:
    staked = record.stake.sum()
    n = len(record.stake)
    if not n:
        return None
    value = float(record.profit.sum() / staked)
    if n < FEWEST_FOR_INTERVAL:
        return Interval(value, float("-inf"), float("inf"), n)
    # A ratio of sums: its error comes from what each bet adds beyond its share of the stakes.
    residual = record.profit - value * record.stake
    error = float(np.sqrt((residual**2).sum() * n / (n - 1)) / staked)
    return Interval(value, value - TWO_SIDED * error, value + TWO_SIDED * error, n)


def _mean(values: FloatArray) -> Interval | None:
    n = len(values)
    if not n:
        return None
    value = float(values.mean())
    if n < FEWEST_FOR_INTERVAL:
        return Interval(value, float("-inf"), float("inf"), n)
    error = float(values.std(ddof=1) / np.sqrt(n))
    return Interval(value, value - TWO_SIDED * error, value + TWO_SIDED * error, n)


def bets_needed(earned: Interval) -> int | None:
    """Return how many bets in all would set this yield apart from zero; None where none would.

    The interval shrinks with the root of the number of bets: n x (half width / yield)^2.
    """
    half = (earned.high - earned.low) / 2
    if not np.isfinite(half) or abs(earned.value) < 1e-9:
        return None
    return int(np.ceil(earned.count * (half / earned.value) ** 2))


def verdict(earned: Interval | None, clv: Interval | None) -> str:
    """Return in one or two plain sentences what may be concluded, and what may not."""
    if earned is None:
        return "No settled bets yet: nothing can be said."
    said = f"Yield {_share(earned.value)} over {earned.count:,} bet{'s' * (earned.count != 1)}"
    if earned.count >= FEWEST and earned.low > 0:
        sentence = f"{said}: better than luck alone explains in 19 of 20 cases."
    elif earned.count >= FEWEST and earned.high < 0:
        sentence = f"{said}: worse than luck alone explains; these bets lose."
    else:
        sentence = f"{said} cannot be told from luck{_how_many_more(earned)}."
    if clv is None:
        return f"{sentence} No bet has a close to compare with."
    if clv.count >= FEWEST and clv.low > 0:
        return f"{sentence} The close was beaten by {_share(clv.value)}: a sign of skill."
    if clv.count >= FEWEST and clv.high < 0:
        return f"{sentence} The close was better by {_share(-clv.value)}: no evidence of skill."
    return f"{sentence} Against the close ({_share(clv.value)}) there is no evidence of skill."


def _share(value: float) -> str:
    return f"{value * 100:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _how_many_more(earned: Interval) -> str:
    needed = bets_needed(earned)
    if needed is None:
        return ""
    more = max(needed, FEWEST) - earned.count
    return f": about {max(more, 1):,} more bets like these would tell"


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
