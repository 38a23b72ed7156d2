"""Stop new stakes, and take them again."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.alerts.telling import tell
from accounts.domain.alerts import Fact, Kind
from risk.models import Halt
from risk.services.order import begin_stop


class NothingToLift(Exception):
    """There is no such halt in force."""


@transaction.atomic
def halt_everything(
    *,
    reason: str,
    now: datetime,
    owner_id: int | None = None,
    by_id: int | None = None,
    cause: str = Halt.Cause.KILL_SWITCH,
    scope: str = Halt.Scope.ALL,
    scope_key: str = "",
    until: datetime | None = None,
) -> Halt:
    """Stop every new stake of one person, or with no owner of everybody, until lifted or `until`.

    With a scope only what is of it: one strategy, bookmaker, league, predictor or venue. Settling
    goes on. A repeat returns the halt in force and writes nothing.
    """
    begin_stop()
    return write_halt(
        reason=reason,
        now=now,
        owner_id=owner_id,
        by_id=by_id,
        cause=cause,
        scope=scope,
        scope_key=scope_key,
        until=until,
    )


def write_halt(
    *,
    reason: str,
    now: datetime,
    owner_id: int | None,
    cause: str,
    by_id: int | None = None,
    scope: str = Halt.Scope.ALL,
    scope_key: str = "",
    until: datetime | None = None,
) -> Halt:
    """Write a halt as `halt_everything` does, where no stake that it stops can be written now."""
    end_expired_halts(now=now)
    halt, is_new = Halt.objects.get_or_create(
        owner_id=owner_id,
        cause=cause,
        scope=scope,
        scope_key=scope_key,
        lifted_at=None,
        defaults={"since": now, "reason": reason, "by_id": by_id, "until": until},
    )
    if is_new:
        audit.record(
            action=f"halted: {halt.get_cause_display()}",
            subject=_whom(owner_id),
            actor_id=by_id,
            detail={"reason": reason, "halt": halt.pk, "blocks": halt.blocks},
            at=now,
        )
        tell(
            [
                Fact(
                    kind=Kind.BREAKER,
                    key=f"halt {halt.pk}",
                    title=f"{halt.get_cause_display()}: no new stakes ({halt.blocks})",
                    text=reason,
                    path="/risk/",
                    at=now,
                    owner_id=owner_id,
                    strategy=scope_key if scope == Halt.Scope.STRATEGY else "",
                )
            ]
        )
    return halt


def end_expired_halts(*, now: datetime) -> int:
    """Write down that halts whose time is over ended when it was; return how many."""
    return Halt.objects.filter(lifted_at__isnull=True, until__lte=now).update(
        lifted_at=F("until"), lift_reason="Its time was over."
    )


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


def _whom(owner_id: int | None) -> str:
    return "everybody" if owner_id is None else f"user {owner_id}"
