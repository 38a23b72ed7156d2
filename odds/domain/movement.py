"""How a price moved: since it opened, and within a window."""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import FloatArray, TimeArray


@dataclass(frozen=True, slots=True)
class Movement:
    """A series of prices in brief. Changes are in implied probability: 0.02 is two points.

    A positive change means that the outcome became likelier, so its price shortened.
    """

    opened: float
    now: float
    change: float
    change_in_window: float
    move_count: int


def movement(
    price: FloatArray, seen_at: TimeArray, *, at: np.datetime64, window: np.timedelta64
) -> Movement | None:
    """Return the movement of one selection at one book, or None where it had no price by `at`.

    `price` and `seen_at` are its changes in order of time; NaN is a withdrawal, which is no move:
    the price before it is compared with the one after. The window ends at `at`; its change counts
    from the price in force at its beginning, or the opening if that is later.

    >>> times = np.array(["2026-01-15T10:00", "2026-01-15T11:50"], dtype="datetime64[us]")
    >>> moved = movement(np.array([2.0, 1.6]), times, at=np.datetime64("2026-01-15T12:00"),
    ...                  window=np.timedelta64(1, "h"))
    >>> moved.opened, moved.now, moved.change, moved.change_in_window, moved.move_count
    (2.0, 1.6, 0.125, 0.125, 1)
    """
    known = (seen_at <= at) & ~np.isnan(price)
    if not known.any():
        return None
    price, seen_at = price[known], seen_at[known]
    implied = 1.0 / price
    before = max(int(np.searchsorted(seen_at, at - window, side="right")) - 1, 0)
    return Movement(
        opened=float(price[0]),
        now=float(price[-1]),
        change=float(implied[-1] - implied[0]),
        change_in_window=float(implied[-1] - implied[before]),
        move_count=int(np.count_nonzero(np.diff(price))),
    )
