"""What a person paid in, staked and lost lately, over all bankrolls: for limits of their own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from betting.models import AT_RISK, NOT_TAKEN, Transfer
from risk.domain.limits import Room
from risk.personal import MINUTES, PERIODS, Played, personal_limits_of, personal_rooms

ZERO = Decimal("0.00")


def began(now: datetime) -> dict[str, datetime]:
    """Return when the UTC day, week (Monday) and month of a moment began.

    >>> {name: f"{at:%m-%d}" for name, at in began(datetime(2026, 1, 15, 9, tzinfo=UTC)).items()}
    {'day': '01-15', 'week': '01-12', 'month': '01-01'}
    """
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}


_TAKEN = "coalesce(matched_stake, stake)"
_SUMS = ", ".join(
    f"coalesce(sum({_TAKEN}) FILTER (WHERE status <> ALL(%(not_taken)s) AND placed_at >= %({name})s"
    f"), 0) AS staked_{name}, coalesce(sum(matched_stake - returned) FILTER (WHERE"
    f" status = 'settled' AND settled_at >= %({name})s), 0) AS lost_{name}"
    for name in PERIODS
)
# One row of `%(owner)s`, nothing but zeros unless `{only}`.
PLAYED = f"""
SELECT * FROM (
    SELECT coalesce(sum({_TAKEN}) FILTER (WHERE status = ANY(%(at_risk)s)), 0) AS at_risk, {_SUMS}
    FROM betting_bet WHERE {{only}} AND owner_id = %(owner)s AND (
        placed_at >= %(first)s OR settled_at >= %(first)s OR status = ANY(%(at_risk)s))
) money, ({MINUTES}) minutes
"""  # noqa: S608 - our own names of columns


def of_played(owner_id: int, now: datetime) -> dict[str, Any]:
    """Return what PLAYED is asked with."""
    begins = began(now)
    return {
        "owner": owner_id,
        "at_risk": [str(each) for each in AT_RISK],
        "not_taken": [str(each) for each in NOT_TAKEN],
        "first": min(begins.values()),
        **begins,
    }


def played(row: Sequence[Any]) -> Played:
    """Return what a person played, of a row of PLAYED."""
    at_risk, *money = row[: 1 + 2 * len(PERIODS)]
    return Played(
        staked=dict(zip(PERIODS, money[::2], strict=True)),
        lost=dict(zip(PERIODS, money[1::2], strict=True)),
        minutes=dict(zip(PERIODS, map(int, row[1 + len(money) :]), strict=True)),
        at_risk=at_risk,
    )


def played_of(owner_id: int, *, now: datetime) -> Played:
    """Return what a person staked and lost this day, week and month, and what is at risk."""
    with connection.cursor() as cursor:
        cursor.execute(PLAYED.format(only="true"), of_played(owner_id, now))
        return played(cursor.fetchone())


def own_rooms(owner_id: int, *, now: datetime) -> tuple[Room, ...]:
    """Return what each of a person's own limits over time leaves."""
    theirs = personal_limits_of(owner_id)
    limits = binding_stakes(theirs)
    played_so_far = played_of(owner_id, now=now) if limits else Played()
    return _deposits(owner_id, theirs, now=now) + personal_rooms(limits, played_so_far)


def binding_stakes(limits: Mapping[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    """Return those of a person's limits over time that bind a stake."""
    return {of: most for of, most in limits.items() if of[0] != "deposit"}


def deposit_rooms(owner_id: int, *, now: datetime) -> tuple[Room, ...]:
    """Return what a person's deposit limits leave. Gross: what was withdrawn makes no room."""
    return _deposits(owner_id, personal_limits_of(owner_id), now=now)


def _deposits(
    owner_id: int, theirs: Mapping[tuple[str, str], Decimal], *, now: datetime
) -> tuple[Room, ...]:
    limits = {of: most for of, most in theirs.items() if of[0] == "deposit"}
    if not limits:
        return ()
    begins = began(now)
    deposits = Transfer.objects.filter(
        kind=Transfer.Kind.DEPOSIT,
        destination__bankroll__owner_id=owner_id,
        at__gte=min(begins.values()),
    )
    paid_in = deposits.aggregate(
        **{
            name: Sum("amount", filter=Q(at__gte=begin), default=ZERO)
            for name, begin in begins.items()
        }
    )
    return personal_rooms(limits, Played(deposited=paid_in))
