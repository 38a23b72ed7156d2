"""What is halted, and what is allowed."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from risk.domain.limits import Bounds
from risk.models import Assessment, Halt, Limits


def halts_in_force(owner_id: int) -> list[Halt]:
    """Return what stops this person now: own halts and those for everybody, oldest first.

    Whatever their `since` says: a halt is in force until somebody lifts it.
    """
    return list(
        Halt.objects.filter(
            Q(owner_id=owner_id) | Q(owner__isnull=True), lifted_at__isnull=True
        ).order_by("since", "pk")
    )


def bounds_of(owner_id: int) -> Bounds:
    """Return a person's limits, the defaults where they set none."""
    limits = Limits.objects.filter(owner_id=owner_id).first()
    if limits is None:
        return Bounds()
    return Bounds(
        kelly_fraction=Decimal(limits.kelly_fraction),
        max_bet_share=Decimal(limits.max_bet_share),
        max_event_share=Decimal(limits.max_event_share),
        max_day_share=Decimal(limits.max_day_share),
        max_drawdown_share=Decimal(limits.max_drawdown_share),
        min_stake=Decimal(limits.min_stake),
    )


def halts_of(owner_id: int) -> QuerySet[Halt]:
    """Return every halt that ever touched this person, newest first."""
    return Halt.objects.filter(Q(owner_id=owner_id) | Q(owner__isnull=True)).select_related(
        "by", "lifted_by"
    )


def assessments_of(owner_id: int) -> QuerySet[Assessment]:
    """Return a person's assessments, newest first."""
    return Assessment.objects.filter(owner_id=owner_id)


def drawdown_lifted_at(owner_id: int, *, before: datetime) -> datetime | None:
    """Return when a drawdown halt of this person was last lifted, none later than `before`."""
    halt = (
        Halt.objects.filter(owner_id=owner_id, cause=Halt.Cause.DRAWDOWN, lifted_at__lte=before)
        .order_by("-lifted_at")
        .first()
    )
    return halt.lifted_at if halt else None
