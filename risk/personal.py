"""What a person imposed on themselves, and what it leaves: read by pages and by every stake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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

    All bankrolls, added up as if one currency were worth the other.
    """

    staked: Mapping[str, Decimal] = field(default_factory=dict)
    lost: Mapping[str, Decimal] = field(default_factory=dict)
    deposited: Mapping[str, Decimal] = field(default_factory=dict)
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


# Every page about money asks for both.
_SET_BY = f"""
SELECT p.kind, p.period, p.amount, l.id, {", ".join(f"l.{name}" for name in Bounds.__slots__)}
FROM (SELECT) AS one
LEFT JOIN risk_limits l ON l.owner_id = %(owner)s
LEFT JOIN (
    SELECT DISTINCT ON (kind, period) kind, period, amount
    FROM risk_personallimit WHERE owner_id = %(owner)s ORDER BY kind, period, id DESC
) p ON true
"""  # noqa: S608 - our own names of columns


def set_by(owner_id: int) -> SetBy:
    """Return what a person set themselves, the defaults where they set no limits. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_BY, {"owner": owner_id})
        rows = cursor.fetchall()
    limits_id, *bounds = rows[0][3:]
    return SetBy(
        Bounds() if limits_id is None else Bounds(*bounds),
        {(kind, period): amount for kind, period, amount, *_ in rows if amount is not None},
    )


def personal_rooms(
    owner_id: int, limits: Mapping[tuple[str, str], Decimal], played: Played
) -> tuple[Room, ...]:
    """Return what each of a person's own limits leaves.

    Of losses all that is at risk counts as lost: so a limit is never passed, whatever the results.
    """
    minutes = minutes_here(owner_id) if any(kind == "time" for kind, _ in limits) else {}
    rooms = []
    for (kind, period), amount in sorted(limits.items()):
        if kind == PersonalKind.TIME:
            used = Decimal(minutes[period])
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


def minutes_here(owner_id: int) -> dict[str, int]:
    """Return how many minutes a person was here this real UTC day, week and month."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(seconds) FILTER (WHERE day = today), 0) / 60,"
            " coalesce(sum(seconds) FILTER (WHERE day >= date_trunc('week', today)), 0) / 60,"
            " coalesce(sum(seconds) FILTER (WHERE day >= date_trunc('month', today)), 0) / 60"
            " FROM risk_timespent, (SELECT (now() AT TIME ZONE 'utc')::date AS today) AS d"
            " WHERE owner_id = %s AND day > today - 40",
            [owner_id],
        )
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
