"""Change what one person may stake."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from risk import selectors
from risk.domain.limits import FLOORS, Bounds
from risk.models import Limits


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
            subject=f"user {owner_id}",
            actor_id=by_id,
            detail={
                name: {"from": str(getattr(before, name)), "to": str(getattr(bounds, name))}
                for name in changed
            },
            at=now,
        )
    return raised
