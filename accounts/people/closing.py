"""Leave: an account is closed for good after a time in which it can be kept after all.

What a person was is taken away; what they did with money stays, under a number.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.models import AlertChannel, ApiKey, Invitation, Role, SavedFilter, User

GRACE = timedelta(days=14)
WORD = "close"


class CannotClose(Exception):
    """Why the account is not closed, naming the field and the remedy."""


@transaction.atomic
def ask_to_close(*, user_id: int, password: str, word: str, now: datetime) -> User:
    """Close an account in 14 days. Asking again changes nothing.

    Raises:
        CannotClose: without the password and the word, and for the last admin.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if word.strip().lower() != WORD:
        raise CannotClose(f"word: {word!r} is not the word; type {WORD}.")
    if not user.check_password(password):
        raise CannotClose("password: that is not your password.")
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user_id)
    if user.role == Role.ADMIN and not others.exists():
        raise CannotClose("word: nobody else is an admin; make another one first.")
    if user.closing_at is None:
        user.closing_at = now + GRACE
        user.save(update_fields=["closing_at"])
        audit.record(
            action="asked to close account",
            subject=f"{user}",
            actor_id=user_id,
            at=now,
            detail={"closes": user.closing_at.isoformat()},
        )
    return user


@transaction.atomic
def keep_account(*, user_id: int, now: datetime) -> None:
    """Keep an account that was to be closed. Again changes nothing."""
    user = User.objects.select_for_update().get(pk=user_id)
    if user.closing_at is not None:
        user.closing_at = None
        user.save(update_fields=["closing_at"])
        audit.record(action="kept account", subject=f"{user}", actor_id=user_id, at=now)


def due_to_close(*, now: datetime) -> list[int]:
    """Return whose time has come."""
    due = User.objects.filter(closing_at__lte=now, is_active=True)
    return list(due.order_by("closing_at").values_list("pk", flat=True))


def close_person(user_id: int, *, now: datetime) -> User:
    """Take away what a person was and comes in with; in the caller's transaction.

    The row stays, with a number for a name, as bets, transfers and the audit log point at it.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    user.username, user.email = f"closed-{user.pk}", ""
    user.first_name = user.last_name = ""
    user.role, user.is_staff, user.is_superuser, user.is_active = Role.VIEWER, False, False, False
    user.time_zone, user.my_books, user.sessions_ended = "UTC", [], F("sessions_ended") + 1
    user.set_unusable_password()
    user.save()
    for theirs in (EmailAddress, Authenticator, UserSession):
        theirs.objects.filter(user_id=user_id).delete()
    SavedFilter.objects.filter(owner_id=user_id).delete()
    ApiKey.objects.filter(owner_id=user_id).update(revoked=True)
    Invitation.objects.filter(made_by_id=user_id, used_at=None).update(revoked_at=now)
    AlertChannel.objects.filter(owner_id=user_id).update(
        removed_at=now, name="closed", address="", secret=""
    )
    audit.record(action="closed account", subject=f"closed-{user_id}", actor_id=None, at=now)
    return user
