"""What a person imposed on themselves, and what it leaves: read by pages and by every stake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from risk.domain.limits import Bounds, Room
from risk.models import (
    Exclusion,
    Period,
    PersonalAsked,
    PersonalKind,
    PersonalLimit,
    Presence,
)

ZERO = Decimal("0.00")
PERIODS = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Played:
    """What a person staked, lost and paid in by period (day, week, month), what is at risk now.

    All bankrolls, added up as if one currency were worth the other; and how many minutes they were
    here.
    """

    staked: Mapping[str, Decimal] = field(default_factory=dict)
    lost: Mapping[str, Decimal] = field(default_factory=dict)
    deposited: Mapping[str, Decimal] = field(default_factory=dict)
    minutes: Mapping[str, int] = field(default_factory=dict)
    at_risk: Decimal = ZERO


def personal_limits_of(owner_id: int) -> dict[tuple[str, str], Decimal]:
    """Return a person's limits over time by (kind, period), those there are."""
    rows = (
        PersonalLimit.objects.filter(owner_id=owner_id)
        .order_by("kind", "period", "-pk")
        .distinct("kind", "period")
        .values_list("kind", "period", "amount")
    )
    return {(kind, period): amount for kind, period, amount in rows if amount is not None}


@dataclass(frozen=True, slots=True)
class SetBy:
    """What a person set themselves: their limits on stakes, and those over time by kind, period."""

    bounds: Bounds
    personal: Mapping[tuple[str, str], Decimal]


# One row of `%(owner)s`, read together with what is at stake: their limits, those over time by kind
# and period, and whether any of those binds a stake.
SET_BY = f"""
SELECT 1::bigint AS one, l.id AS limits_id, {", ".join(f"l.{name}" for name in Bounds.__slots__)},
    p.personal, coalesce(p.binds_stakes, false) AS binds_stakes
FROM (
    SELECT json_object_agg(kind || ' ' || period, amount::text) AS personal,
        bool_or(kind <> 'deposit') AS binds_stakes
    FROM (
        SELECT DISTINCT ON (kind, period) kind, period, amount
        FROM risk_personallimit WHERE owner_id = %(owner)s ORDER BY kind, period, id DESC
    ) latest WHERE amount IS NOT NULL
) p LEFT JOIN risk_limits l ON l.owner_id = %(owner)s
"""  # noqa: S608 - our own names of columns


def set_by(row: Sequence[Any]) -> SetBy:
    """Return what a person set themselves, of a row of SET_BY; the defaults where nothing."""
    _, limits_id, *bounds, personal, _ = row
    return SetBy(
        Bounds() if limits_id is None else Bounds(*bounds),
        {
            (kind, period): Decimal(amount)
            for (kind, period), amount in (
                (of.split(), amount) for of, amount in (personal or {}).items()
            )
        },
    )


def personal_rooms(limits: Mapping[tuple[str, str], Decimal], played: Played) -> tuple[Room, ...]:
    """Return what each of a person's own limits leaves.

    Of losses all that is at risk counts as lost: so a limit is never passed, whatever the results.
    """
    rooms = []
    for (kind, period), amount in sorted(limits.items()):
        if kind == PersonalKind.TIME:
            used = Decimal(played.minutes[period])
        elif kind == PersonalKind.DEPOSIT:
            used = played.deposited.get(period, ZERO)
        elif kind == PersonalKind.STAKE:
            used = played.staked.get(period, ZERO)
        else:
            used = max(played.lost.get(period, ZERO), ZERO) + played.at_risk
        title = f"your own limit: {PersonalKind(kind).label.lower()} {Period(period).label}"
        rooms.append(
            Room(f"{kind}_{period}", title, amount, used, counts_bets=kind == PersonalKind.TIME)
        )
    return tuple(rooms)


# How many minutes `%(owner)s` was here this real UTC day, week and month.
MINUTES = """
SELECT coalesce(sum(seconds) FILTER (WHERE day = today), 0) / 60 AS minutes_day,
    coalesce(sum(seconds) FILTER (WHERE day >= date_trunc('week', today)), 0) / 60 AS minutes_week,
    coalesce(sum(seconds) FILTER (WHERE day >= date_trunc('month', today)), 0) / 60 AS minutes_month
FROM risk_timespent, (SELECT (now() AT TIME ZONE 'utc')::date AS today) AS d
WHERE owner_id = %(owner)s AND day > today - 40
"""


def minutes_here(owner_id: int) -> dict[str, int]:
    """Return how many minutes a person was here this real UTC day, week and month."""
    with connection.cursor() as cursor:
        cursor.execute(MINUTES, {"owner": owner_id})
        return dict(zip(PERIODS, map(int, cursor.fetchone()), strict=True))


def raises_waiting(owner_id: int) -> QuerySet[PersonalAsked]:
    """Return what a person asked for and has not confirmed, oldest first."""
    return PersonalAsked.objects.filter(
        owner_id=owner_id, confirmed_at__isnull=True, withdrawn_at__isnull=True
    )


def exclusions_of(owner_id: int) -> QuerySet[Exclusion]:
    """Return every time-out and self-exclusion of a person, newest first."""
    return Exclusion.objects.filter(owner_id=owner_id)


def presence_of(owner_id: int) -> Presence | None:
    """Return since when a person is here; None before their first page."""
    return Presence.objects.filter(owner_id=owner_id).first()
