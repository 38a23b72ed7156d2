"""What stops a run of the past is what the live functions read of the same bets."""

import numpy as np
import pytest

from risk.domain.breakers import EquityPath, History, Level, drill
from risk.domain.watching import Watch

HOUR = 3_600_000_000
CAPITAL = 1000_00
# Low enough that each trips many times, and is nearly tripped more often still.
LEVELS = {
    "losing_streak": Level(3, 4, 24),
    "daily_loss": Level(0.02, 0.04, 24),
    "weekly_loss": Level(0.05, 0.07, 72),
    "clv_decay": Level(0.5, 1.0, 168),
}


def made_up(seed: int, count: int = 1200) -> tuple[Watch, History]:
    """Bets of two years, several settled at one moment, some with no close, none with an edge."""
    rng = np.random.default_rng(seed)
    placed = np.sort(rng.integers(0, 730 * 24, count)) * HOUR
    known = placed + rng.integers(1, 30, count) * HOUR
    order = np.argsort(known, kind="stable")
    placed, known = placed[order], known[order]
    profit = np.where(rng.random(count) < 0.5, 1, -1) * rng.integers(0, 3000, count)
    clv = np.where(rng.random(count) < 0.2, np.nan, rng.normal(-0.002, 0.03, count))
    watch = Watch(
        LEVELS, capital=CAPITAL, begins=0, placed=placed.tolist(), known_at=known.tolist(),
        clv=clv.tolist(),
    )  # fmt: skip
    _, first = np.unique(known, return_index=True)
    for begin, end in zip(first, [*first[1:], count], strict=True):
        watch.settled(list(range(begin, end)), profit[begin:end].tolist())
    times = known.view("datetime64[us]")
    path = EquityPath(
        np.concatenate([np.zeros(1, "datetime64[us]"), times]),
        CAPITAL + np.concatenate([[0.0], np.cumsum(profit)]),
        np.concatenate([[float(CAPITAL)], np.zeros(count)]),
    )
    history = History((path,), times, placed.view("datetime64[us]"), profit.astype(float), clv)
    return watch, history


def test_a_run_is_stopped_when_the_drill_says_so():
    tripped = set()
    for seed in range(6):
        watch, history = made_up(seed)
        expected = drill(history, LEVELS)
        found = sorted(watch.trips, key=lambda trip: (trip.at, trip.breaker))
        assert [trip[:3] for trip in found] == [trip[:3] for trip in expected], seed
        assert [trip.figure for trip in found] == pytest.approx(
            [trip.figure for trip in expected], rel=1e-6
        )
        tripped |= {trip.breaker for trip in found}
    assert tripped == set(LEVELS), "each must be seen to trip"


def test_a_fall_locks_for_ever_and_a_loss_for_its_hours():
    levels = {"drawdown": Level(0.1, 0.3, 0), "daily_loss": Level(0.1, 0.2, 24)}
    watch = Watch(
        levels, capital=1000, begins=0, placed=[0, 0], known_at=[HOUR, 80 * HOUR], clv=[0.0, 0.0]
    )

    watch.settled([0], [-200])

    assert [watch.locked(hour * HOUR) for hour in (1, 24, 25)] == ["daily_loss", "daily_loss", ""]
    watch.settled([1], [-120])
    assert watch.locked(10**6 * HOUR) == "drawdown"
    assert [trip.breaker for trip in watch.trips] == ["daily_loss", "drawdown"]
