"""What keeps the price tables in order."""

from datetime import datetime

from odds.services.partitions import ensure_partitions

_MONTHS_AHEAD = 2


def keep_up(*, now: datetime) -> int:
    """Make the partitions of this month and the next two; return how many were missing."""
    months = [now.year * 12 + now.month - 1 + ahead for ahead in range(_MONTHS_AHEAD + 1)]
    return ensure_partitions(
        now.replace(year=month // 12, month=month % 12 + 1, day=1) for month in months
    )
