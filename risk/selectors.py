"""What is halted, and what is allowed."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q, QuerySet

from risk.domain.breakers import EquityPath, Reading, read_drawdown
from risk.domain.limits import Bounds, Exposure
from risk.domain.staking import Proposal, Step, waterfall
from risk.models import Assessment, Halt, Limits


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one person's stakes now: the limits, and what is halted."""

    bounds: Bounds
    halts: tuple[Halt, ...]

    def waterfall(self, proposal: Proposal | None, *, exposure: Exposure) -> tuple[Step, ...]:
        """Return the steps from what is proposed to the stake that may be taken, 0.00 if none."""
        return waterfall(
            proposal=proposal,
            exposure=exposure,
            bounds=self.bounds,
            halted="; ".join(f"{halt.get_cause_display()}: {halt.reason}" for halt in self.halts),
        )


def rules_of(owner_id: int) -> Rules:
    """Return what holds for a person's stakes now."""
    return Rules(bounds_of(owner_id), tuple(halts_in_force(owner_id)))


# Every page asks for it: written out, it takes a third of the time.
_IN_FORCE = """
SELECT * FROM risk_halt WHERE lifted_at IS NULL AND (owner_id = %s OR owner_id IS NULL)
ORDER BY since, id
"""


def halts_in_force(owner_id: int) -> list[Halt]:
    """Return what stops this person now: own halts and those for everybody, oldest first.

    Whatever their `since` says: a halt is in force until somebody lifts it.
    """
    return list(Halt.objects.raw(_IN_FORCE, [owner_id]))


def everybody_is_halted() -> bool:
    """Return whether everybody is stopped now, not only one person."""
    return Halt.objects.filter(owner__isnull=True, lifted_at__isnull=True).exists()


def everybody_was_halted_since(moment: datetime) -> bool:
    """Return whether everybody was stopped at or after a moment, or is now, lifted or not."""
    return Halt.objects.filter(
        Q(since__gte=moment) | Q(lifted_at__isnull=True), owner__isnull=True
    ).exists()


def bounds_of(owner_id: int) -> Bounds:
    """Return a person's limits, the defaults where they set none."""
    limits = Limits.objects.filter(owner_id=owner_id).values(*Bounds.__slots__).first()
    return Bounds(**limits or {})


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


def drawdown_of(owner_id: int, *, path: EquityPath, before: datetime) -> Reading:
    """Return what the drawdown breaker of a person reads on an equity path, at a moment."""
    lifted_at = drawdown_lifted_at(owner_id, before=before)
    return read_drawdown(
        path,
        bound=bounds_of(owner_id).max_drawdown_share,
        lifted_at=None if lifted_at is None else np.datetime64(lifted_at.replace(tzinfo=None)),
    )
