"""The clocks a simulated world can run by: anything with `now()`."""

from datetime import datetime
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
