import numpy as np
import pytest

from odds.domain.movement import movement

NOON = np.datetime64("2026-01-15T12:00")
HOUR = np.timedelta64(1, "h")


def series(*points):
    times = np.array([NOON - np.timedelta64(minutes, "m") for minutes, _ in points], "M8[us]")
    return np.array([price for _, price in points]), times


def test_a_window_counts_from_the_price_in_force_at_its_beginning():
    prices, times = series((300, 2.5), (90, 2.0), (30, 1.6))
    moved = movement(prices, times, at=NOON, window=HOUR)
    assert (moved.opened, moved.now, moved.move_count) == (2.5, 1.6, 2)
    assert moved.change == pytest.approx(1 / 1.6 - 1 / 2.5)
    assert moved.change_in_window == pytest.approx(1 / 1.6 - 1 / 2.0)


def test_what_comes_later_has_no_influence():
    prices, times = series((300, 2.5), (-1, 1.1))
    moved = movement(prices, times, at=NOON, window=HOUR)
    assert (moved.now, moved.change, moved.move_count) == (2.5, 0.0, 0)


def test_a_withdrawal_is_no_move():
    prices, times = series((300, 2.0), (200, np.nan), (100, 2.0))
    moved = movement(prices, times, at=NOON, window=HOUR)
    assert (moved.move_count, moved.change) == (0, 0.0)


def test_without_a_price_there_is_no_movement():
    prices, times = series((300, np.nan))
    assert movement(prices, times, at=NOON, window=HOUR) is None
    assert movement(np.array([]), np.array([], "M8[us]"), at=NOON, window=HOUR) is None
