"""What a person paid in, staked and lost lately, over all bankrolls: for limits of their own."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum

from betting.models import AT_RISK, NOT_TAKEN, Bet, Transfer
from betting.selectors.bets import SETTLED, TAKEN
from risk.domain.limits import Room
from risk.personal import Played, personal_limits_of, personal_rooms

ZERO = Decimal("0.00")


def began(now: datetime) -> dict[str, datetime]:
    """Return when the UTC day, week (Monday) and month of a moment began.

    >>> {name: f"{at:%m-%d}" for name, at in began(datetime(2026, 1, 15, 9, tzinfo=UTC)).items()}
    {'day': '01-15', 'week': '01-12', 'month': '01-01'}
    """
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}


def played_of(owner_id: int, *, now: datetime) -> Played:
    """Return what a person staked and lost this day, week and month, and what is at risk."""
    begins = began(now)
    first = min(begins.values())
    taken = ~Q(status__in=NOT_TAKEN)
    sums = {"at_risk": Sum(TAKEN, filter=Q(status__in=AT_RISK), default=ZERO)}
    for name, begin in begins.items():
        sums[f"staked_{name}"] = Sum(TAKEN, filter=taken & Q(placed_at__gte=begin), default=ZERO)
        sums[f"lost_{name}"] = Sum(
            F("matched_stake") - F("returned"),
            filter=SETTLED & Q(settled_at__gte=begin),
            default=ZERO,
        )
    found = Bet.objects.filter(
        Q(placed_at__gte=first) | Q(settled_at__gte=first) | Q(status__in=AT_RISK),
        owner_id=owner_id,
    ).aggregate(**sums)
    return Played(
        staked={name: found[f"staked_{name}"] for name in begins},
        lost={name: found[f"lost_{name}"] for name in begins},
        at_risk=found["at_risk"],
    )


def own_rooms(owner_id: int, *, now: datetime) -> tuple[Room, ...]:
    """Return what each of a person's own limits over time leaves."""
    return deposit_rooms(owner_id, now=now) + stake_rooms(owner_id, now=now)


def stake_rooms(
    owner_id: int, *, now: datetime, limits: Mapping[tuple[str, str], Decimal] | None = None
) -> tuple[Room, ...]:
    """Return what the limits that bind a stake leave; `limits` are theirs, where read already."""
    theirs = personal_limits_of(owner_id) if limits is None else limits
    limits = {of: most for of, most in theirs.items() if of[0] != "deposit"}
    if not limits:
        return ()
    return personal_rooms(owner_id, limits, played_of(owner_id, now=now))


def deposit_rooms(owner_id: int, *, now: datetime) -> tuple[Room, ...]:
    """Return what a person's deposit limits leave. Gross: what was withdrawn makes no room."""
    limits = {of: most for of, most in personal_limits_of(owner_id).items() if of[0] == "deposit"}
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
    return personal_rooms(owner_id, limits, Played(deposited=paid_in))
