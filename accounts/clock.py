"""What time it is for the betting world.

With a real provider that is the real time. With the simulator's league it is the simulator's
accelerated time, which every process derives from one anchor, so they agree without talking.
Only edges (views, API, tasks, commands) call `now`; everything below is handed the moment.
Log-in, sessions, rate limits, heartbeats and job runs use the real time, Django's
`timezone.now`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True)
class Acceleration:
    """At the real moment `real`, the world's clock showed `world`; it runs `rate` times as fast."""

    real: datetime
    world: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        """Return the world's time at a real moment.

        >>> from datetime import UTC, timedelta
        >>> start = datetime(2026, 1, 1, tzinfo=UTC)
        >>> Acceleration(real=start, world=start, rate=60).at(start + timedelta(seconds=2))
        datetime.datetime(2026, 1, 1, 0, 2, tzinfo=datetime.timezone.utc)
        """
        return self.world + (real - self.real) * self.rate


def parse_acceleration(text: str) -> Acceleration | None:
    """Read 'REAL/WORLD/RATE' (two ISO moments with offset, and a number); empty means none.

    Raises:
        ValueError: if a part is missing or malformed, or the rate is not above zero.
    """
    if not text:
        return None
    parts = text.split("/")
    if len(parts) != 3:
        raise ValueError(f"FAIRLINE_CLOCK must be REAL/WORLD/RATE, not {text!r}")
    real, world, rate = (
        datetime.fromisoformat(parts[0]),
        datetime.fromisoformat(parts[1]),
        float(parts[2]),
    )
    if real.tzinfo is None or world.tzinfo is None or not rate > 0:
        raise ValueError(f"FAIRLINE_CLOCK needs offsets and a rate above zero: {text!r}")
    return Acceleration(real=real, world=world, rate=rate)


def rate() -> float:
    """Return how fast the world's clock runs: 1 where it is the real one."""
    acceleration: Acceleration | None = settings.CLOCK
    return acceleration.rate if acceleration else 1.0


def clock_of(at: datetime) -> str:
    """Return which clock a stored moment is of, 'real' or 'world'; '' where it may be either.

    A moment that one of them has yet to show is the other's.
    """
    if settings.CLOCK is None:
        return ""
    if at > now():
        return "real"
    return "world" if at > timezone.now() else ""


def now() -> datetime:
    """Return the world's time: real, or accelerated as `settings.CLOCK` says."""
    acceleration: Acceleration | None = settings.CLOCK
    real = timezone.now()
    return acceleration.at(real) if acceleration else real
