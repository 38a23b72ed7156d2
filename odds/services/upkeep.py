"""What keeps the price tables in order."""

from datetime import datetime

from django.db.models import F

from odds.domain.bookmakers import bookmaker_title
from odds.models import Bookmaker
from odds.services.partitions import ensure_partitions

_MONTHS_AHEAD = 2


def keep_up(*, now: datetime) -> int:
    """Make the partitions of this month and the next two; return how many were missing."""
    months = [now.year * 12 + now.month - 1 + ahead for ahead in range(_MONTHS_AHEAD + 1)]
    return ensure_partitions(
        now.replace(year=month // 12, month=month % 12 + 1, day=1) for month in months
    )


def name_bookmakers() -> int:
    """Give bookmakers that are called by their keys the names that are known; return how many."""
    called_by_key = Bookmaker.objects.filter(title=F("key"))
    named = [
        Bookmaker(pk=each.pk, title=bookmaker_title(each.key))
        for each in called_by_key
        if bookmaker_title(each.key) != each.key
    ]
    Bookmaker.objects.bulk_update(named, ["title"])
    return len(named)
