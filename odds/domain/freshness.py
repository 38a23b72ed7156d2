"""How old a price may be and still be called live.

Its age is since it is last known to have stood: since our last look at it, or since the time of its
own that the bookmaker gave then, where that is older.
"""

from datetime import timedelta

LIVE, SLOW = timedelta(minutes=3), timedelta(minutes=20)


def freshness(age: timedelta, rate: float = 1.0) -> str:
    """Say how fresh a price of that age is: live, slow or stale, on a clock `rate` times as fast.

    >>> freshness(timedelta(minutes=2)), freshness(timedelta(hours=3)), freshness(LIVE * 9, rate=60)
    ('live', 'stale', 'live')
    """
    if age <= LIVE * max(rate, 1.0):
        return "live"
    return "slow" if age <= SLOW * max(rate, 1.0) else "stale"
