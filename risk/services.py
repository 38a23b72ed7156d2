"""Assess a stake, stop everything, start again."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from risk import selectors
from risk.domain.breakers import EquityPath, Reading
from risk.domain.limits import FLOORS, Bounds, Breach, Exposure, find_breaches
from risk.domain.staking import Proposal
from risk.models import Assessment, Halt, Limits


class NothingToLift(Exception):
    """There is no such halt in force."""


@dataclass(frozen=True, slots=True)
class StakeAsked:
    """A stake somebody wants to place, with what is known about it.

    `proposal` is what a strategy proposes, None for a stake of one's own; `found` are the breaches
    that the asker already knows of (the price has gone, the event has started), so that one refusal
    names all reasons.
    """

    owner_id: int
    subject: str
    stake: Decimal
    proposal: Proposal | None
    exposure: Exposure
    found: tuple[Breach, ...] = ()


@transaction.atomic
def change_limits(
    *, owner_id: int, bounds: Bounds, now: datetime, by_id: int | None
) -> tuple[str, ...]:
    """Set a person's limits, from now on, and write down what was before; return what was raised.

    The same limits again write nothing.
    """
    Limits.objects.get_or_create(owner_id=owner_id)
    limits = Limits.objects.select_for_update().get(owner_id=owner_id)
    before = selectors.bounds_of(owner_id)
    changed = [name for name in Bounds.__slots__ if getattr(bounds, name) != getattr(before, name)]
    raised = tuple(
        name
        for name in changed
        if (getattr(bounds, name) > getattr(before, name)) != (name in FLOORS)
    )
    if changed:
        for name in changed:
            setattr(limits, name, getattr(bounds, name))
        limits.save(update_fields=changed)
        audit.record(
            action="raised limits" if raised else "changed limits",
            subject=_whom(owner_id),
            actor_id=by_id,
            detail={
                name: {"from": str(getattr(before, name)), "to": str(getattr(bounds, name))}
                for name in changed
            },
            at=now,
        )
    return raised


def assess_stake(asked: StakeAsked, *, now: datetime) -> tuple[Assessment, tuple[Breach, ...]]:
    """Write down what was asked, what is allowed, each step and each breach; return both.

    `allowed` is the stake itself where nothing speaks against it, else 0.00. The row is evidence
    and stays, also for a refusal. Call it while holding the owner's ledger accounts: the exposure
    must still be true when the stake is taken.
    """
    rules = selectors.rules_of(asked.owner_id)
    breaches = (
        *asked.found,
        *find_breaches(stake=asked.stake, exposure=asked.exposure, bounds=rules.bounds),
        *(
            Breach(
                rule=halt.cause,
                detail=f"{halt.get_cause_display()}: no new stake is placed until it is lifted. "
                f"{halt.reason}",
                figure=halt.since.isoformat(),
                bound="",
                field="",
            )
            for halt in rules.halts
        ),
    )
    steps = rules.waterfall(asked.proposal, exposure=asked.exposure)
    assessment = Assessment.objects.create(
        owner_id=asked.owner_id,
        subject=asked.subject[:160],
        at=now,
        asked=asked.stake,
        allowed=Decimal("0.00") if breaches else asked.stake,
        waterfall=[asdict(step) | {"stake": str(step.stake)} for step in steps],
        breaches=[asdict(breach) for breach in breaches],
    )
    return assessment, breaches


@transaction.atomic
def halt_everything(
    *,
    reason: str,
    now: datetime,
    owner_id: int | None = None,
    by_id: int | None = None,
    cause: str = Halt.Cause.KILL_SWITCH,
) -> Halt:
    """Stop every new stake of one person, or with no owner of everybody, until lifted.

    Settling goes on. A repeat returns the halt in force and writes nothing.
    """
    halt, is_new = Halt.objects.get_or_create(
        owner_id=owner_id,
        cause=cause,
        lifted_at=None,
        defaults={"since": now, "reason": reason, "by_id": by_id},
    )
    if is_new:
        audit.record(
            action=f"halted: {halt.get_cause_display()}",
            subject=_whom(owner_id),
            actor_id=by_id,
            detail={"reason": reason, "halt": halt.pk},
            at=now,
        )
    return halt


@transaction.atomic
def lift_halt(*, halt_id: int, reason: str, now: datetime, by_id: int | None = None) -> Halt:
    """Lift a halt, with a reason. Lifting a lifted one returns it unchanged.

    Raises:
        NothingToLift: if there is no such halt.
    """
    halt = Halt.objects.select_for_update().filter(pk=halt_id).first()
    if halt is None:
        raise NothingToLift(f"There is no halt {halt_id}; it may have been another one.")
    if halt.lifted_at is not None:
        return halt
    halt.lifted_at = now
    halt.lifted_by_id = by_id
    halt.lift_reason = reason
    halt.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    audit.record(
        action=f"lifted: {halt.get_cause_display()}",
        subject=_whom(halt.owner_id),
        actor_id=by_id,
        detail={"reason": reason, "halt": halt.pk},
        at=now,
    )
    return halt


def check_drawdown(*, owner_id: int, path: EquityPath, now: datetime) -> Reading:
    """Halt a person whose equity has fallen from its peak by their limit or more.

    Returns the reading either way. A halt in force is left as it is.
    """
    reading = selectors.drawdown_of(owner_id, path=path, before=now)
    if reading.tripped:
        halt_everything(
            reason=f"{reading.sentence} New stakes are blocked; open bets settle as usual.",
            now=now,
            owner_id=owner_id,
            cause=Halt.Cause.DRAWDOWN,
        )
    return reading


def _whom(owner_id: int | None) -> str:
    return "everybody" if owner_id is None else f"user {owner_id}"
