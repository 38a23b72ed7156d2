"""Let a venue stake real money, in two steps and for some hours; take that back at once."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit
from betting.models.arming import Arming
from betting.selectors.venues import CONFIRM_WITHIN, cannot_be_armed
from betting.venues.registry import NoSuchVenue, venue_by_key
from risk.selectors import everybody_is_halted

LONGEST_HOURS = 24


class ArmingRefused(Exception):
    """A venue that cannot be armed so: the field at fault, and the remedy."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@transaction.atomic
def ask_arming(*, venue: str, reason: str, hours: int, by_id: int, now: datetime) -> Arming:
    """Ask for a venue to be armed; it stakes nothing before `confirm_arming`.

    What was asked for or armed before ends with it.

    Raises:
        ArmingRefused: naming the field, the value and the remedy.
    """
    try:
        found = venue_by_key(venue)
    except NoSuchVenue as unknown:
        raise ArmingRefused("venue", str(unknown)) from None
    if not found.terms.needs_arming:
        raise ArmingRefused("venue", f"venue: {found.terms.title} needs no arming.")
    if forbidden := cannot_be_armed(found):
        raise ArmingRefused("venue", f"venue: {forbidden}")
    if not reason.strip():
        raise ArmingRefused("reason", "reason: say why, for whoever reads the audit log.")
    if not 1 <= hours <= LONGEST_HOURS:
        raise ArmingRefused("hours", f"hours: {hours} is not from 1 to {LONGEST_HOURS}.")
    if everybody_is_halted():
        raise ArmingRefused("venue", "venue: everybody is halted; lift that first.")
    _end(venue, by_id=by_id, reason="Asked for anew.", now=now)
    arming = Arming.objects.create(
        venue=venue, reason=reason.strip(), hours=hours, asked_at=now, asked_by_id=by_id
    )
    _note("asked to arm venue", arming, by_id=by_id, reason=arming.reason, now=now)
    return arming


@transaction.atomic
def confirm_arming(*, venue: str, typed: str, by_id: int, now: datetime) -> Arming:
    """Arm a venue that was asked for, by typing its key: the second step. Repeats change nothing.

    Raises:
        ArmingRefused: where nothing was asked for in the last minutes, or something else is typed.
    """
    arming = Arming.objects.select_for_update().filter(venue=venue, ended_at__isnull=True).first()
    if arming is None or (arming.confirmed_at is None and now - arming.asked_at > CONFIRM_WITHIN):
        minutes = int(CONFIRM_WITHIN.total_seconds() // 60)
        raise ArmingRefused(
            "venue", f"venue: nobody asked to arm {venue} in the last {minutes} minutes; ask first."
        )
    if typed != venue:
        raise ArmingRefused("typed", f"typed: type {venue} to confirm; {typed!r} is not it.")
    if arming.confirmed_at is not None:
        return arming
    if everybody_is_halted():
        raise ArmingRefused("venue", "venue: everybody is halted; lift that first.")
    arming.confirmed_at = now
    arming.confirmed_by_id = by_id
    arming.expires_at = now + timedelta(hours=arming.hours)
    arming.save(update_fields=["confirmed_at", "confirmed_by", "expires_at"])
    _note("armed venue", arming, by_id=by_id, reason=arming.reason, now=now)
    return arming


@transaction.atomic
def disarm(*, venue: str, reason: str, by_id: int | None, now: datetime) -> bool:
    """End a venue's arming at once; look-ups and cancelling go on. Return whether it had one.

    Raises:
        ArmingRefused: without a reason.
    """
    if not reason.strip():
        raise ArmingRefused("reason", "reason: say why, for whoever reads the audit log.")
    return _end(venue, by_id=by_id, reason=reason.strip(), now=now)


def _end(venue: str, *, by_id: int | None, reason: str, now: datetime) -> bool:
    arming = Arming.objects.select_for_update().filter(venue=venue, ended_at__isnull=True).first()
    if arming is None:
        return False
    arming.ended_at, arming.ended_by_id, arming.end_reason = now, by_id, reason
    arming.save(update_fields=["ended_at", "ended_by", "end_reason"])
    _note("disarmed venue", arming, by_id=by_id, reason=reason, now=now)
    return True


def _note(action: str, arming: Arming, *, by_id: int | None, reason: str, now: datetime) -> None:
    audit.record(
        action=action,
        subject=f"venue {arming.venue}",
        actor_id=by_id,
        detail={"arming": arming.pk, "hours": arming.hours, "reason": reason},
        at=now,
    )
