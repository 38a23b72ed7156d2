"""Monthly partitions of PriceChange, made before rows need them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import connection

_TABLE = "odds_pricechange"


def ensure_partitions(moments: Iterable[datetime]) -> int:
    """Make the partition of every month in which one of the moments lies; return how many are new.

    Repeating makes none. Rows that found no partition lie in the default one, and keep their month
    there: a month whose rows are already there gets no partition of its own.
    """
    months = {(at.year, at.month) for at in (moment.astimezone(UTC) for moment in moments)}
    with connection.cursor() as cursor:
        # A second writer must not make the same partition at the same time.
        cursor.execute(
            "SELECT to_regclass(n) IS NOT NULL, n FROM unnest(%s::text[]) n", [_names(months)]
        )
        there = {name for is_there, name in cursor.fetchall() if is_there}
        missing = [month for month in sorted(months) if _name(month) not in there]
        if not missing:
            return 0
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('odds partitions'))")
        return sum(_make(cursor, month) for month in missing)


def _names(months: Iterable[tuple[int, int]]) -> list[str]:
    return [_name(month) for month in months]


def _name(month: tuple[int, int]) -> str:
    return f"{_TABLE}_{month[0]:04d}_{month[1]:02d}"


def _make(cursor: object, month: tuple[int, int]) -> bool:
    year, number = month
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    execute = cursor.execute  # type: ignore[attr-defined]
    execute("SELECT to_regclass(%s)", [_name(month)])
    if cursor.fetchone()[0] is not None:  # type: ignore[attr-defined]
        return False
    execute(
        "SELECT EXISTS (SELECT FROM odds_pricechange_default WHERE seen_at >= %s AND seen_at < %s)",
        [start, end],
    )
    if cursor.fetchone()[0]:  # type: ignore[attr-defined]
        return False
    # Names and bounds come from whole numbers only.
    execute(
        f"CREATE TABLE {_name(month)} PARTITION OF {_TABLE}"
        f" FOR VALUES FROM ('{start:%Y-%m-%d}+00') TO ('{end:%Y-%m-%d}+00')"
    )
    return True
