"""Invitations: made by operators, good once, for a time."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import Invitation, Role, User
from accounts.people.tokens import digest_of, new_token
from accounts.selectors import person_called

LONGEST_DAYS = 30


class InvitationRefused(Exception):
    """Why nobody was invited: which field, and what it may be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


class UnknownInvitation(Exception):
    """There is no such invitation that could still be used."""


@transaction.atomic
def invite(
    *, by_id: int, role: str, email: str, days: int, now: datetime
) -> tuple[Invitation, str]:
    """Make an invitation and return it with its token, which is shown once and kept nowhere.

    Raises:
        InvitationRefused: a role or address that there is not, one that has an account, a role
            that only an admin gives, or more than 30 days.
    """
    by = User.objects.get(pk=by_id)
    address = email.strip().lower()
    if role not in Role.values:
        raise InvitationRefused("role", f"There is no {role!r}. There are: {', '.join(Role)}.")
    if role in (Role.OPERATOR, Role.ADMIN) and by.role != Role.ADMIN:
        raise InvitationRefused("role", f"Only an admin invites an {role}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvitationRefused("days", f"{days} is not from 1 to {LONGEST_DAYS}.")
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise InvitationRefused("email", f"{address!r} is no e-mail address.") from None
        if person_called(address) is not None:
            raise InvitationRefused("email", f"{address} has an account already.")
    token = new_token()
    made = Invitation.objects.create(
        token_hash=digest_of(token),
        email=address,
        role=role,
        made_by=by,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        action="invited",
        subject=f"{made}",
        actor_id=by_id,
        at=now,
        detail={"invitation": made.pk, "days": days},
    )
    return made, token


def usable_invitation(token: str, *, now: datetime) -> Invitation | None:
    """Return the invitation of a token while it can be used."""
    return _usable(now).filter(token_hash=digest_of(token)).first() if token else None


@transaction.atomic
def accept(*, token: str, user_id: int, now: datetime) -> Invitation:
    """Use an invitation up for a person who just signed up; its role becomes theirs.

    Raises:
        UnknownInvitation: when it ran out, was revoked or used, or is for another address.
    """
    user = User.objects.get(pk=user_id)
    found = _usable(now).select_for_update().filter(token_hash=digest_of(token)).first()
    if found is None or (found.email and found.email != user.email.lower()):
        raise UnknownInvitation("This invitation can no longer be used.")
    found.used_at, found.used_by = now, user
    found.save(update_fields=["used_at", "used_by"])
    audit.record(
        action="accepted invitation",
        subject=f"{user}",
        actor_id=user_id,
        at=now,
        detail={"invitation": found.pk, "role": found.role},
    )
    return found


@transaction.atomic
def revoke(*, invitation_id: int, by_id: int, now: datetime) -> Invitation:
    """Revoke an invitation that nobody used. Again changes nothing.

    Raises:
        UnknownInvitation: when there is none, or it was used.
    """
    found = Invitation.objects.select_for_update().filter(pk=invitation_id, used_at=None).first()
    if found is None:
        raise UnknownInvitation("There is no such invitation, or somebody came by it.")
    if found.revoked_at is None:
        found.revoked_at = now
        found.save(update_fields=["revoked_at"])
        audit.record(
            action="revoked invitation",
            subject=f"{found}",
            actor_id=by_id,
            at=now,
            detail={"invitation": found.pk},
        )
    return found


def invitations() -> QuerySet[Invitation]:
    """Return every invitation, newest first."""
    return Invitation.objects.select_related("made_by", "used_by")


def _usable(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(used_at=None, revoked_at=None, expires_at__gt=now)
