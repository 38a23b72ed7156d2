"""The clocks a simulated world can run by: anything with `now()`."""

import threading
import time
from datetime import datetime, timedelta
from typing import Protocol

from accounts import clock


class Clock(Protocol):
    """What tells the world's time."""

    def now(self) -> datetime: ...


class ManualClock:
    """A clock that stands until it is moved, for tests and replays."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Set the time; never backwards, as nothing in the world expects that.

        Raises:
            ValueError: if the moment is before the clock's.
        """
        if moment < self._now:
            raise ValueError(f"the clock shows {self._now}; it cannot go back to {moment}")
        self._now = moment


class WorldClock:
    """The product's own clock: real, or accelerated as settings say."""

    def now(self) -> datetime:
        return clock.now()


class SteeredClock:
    """A clock that runs at a rate of real time, and that can be held and moved on; thread-safe."""

    def __init__(self, now: datetime, rate: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._shown, self._since = now, time.monotonic()
        self._rate, self._held = rate, False

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def steer(
        self, *, hold: bool | None = None, rate: float | None = None, step: float = 0.0
    ) -> None:
        """Hold it or let it run, at another rate, and move it on by seconds: all of it or nothing.

        Raises:
            ValueError: if the rate is not above 0 and at most 100,000, or the step is backwards or
                more than a year.
        """
        if rate is not None and not 0 < rate <= 100_000:
            raise ValueError(f"rate: {rate:g} cannot be; use more than 0, at most 100000")
        if not 0 <= step <= 366 * 86400:
            raise ValueError(f"step: {step:g} cannot be; use seconds from 0 to a year's")
        with self._lock:
            self._shown, self._since = self._now() + timedelta(seconds=step), time.monotonic()
            self._rate = self._rate if rate is None else rate
            self._held = self._held if hold is None else hold

    def state(self) -> dict[str, object]:
        """Return what it shows, its rate, and whether it is held."""
        with self._lock:
            return {"now": self._now().isoformat(), "rate": self._rate, "held": self._held}

    def _now(self) -> datetime:
        if self._held:
            return self._shown
        passed = (time.monotonic() - self._since) * self._rate
        return self._shown + timedelta(seconds=passed)
