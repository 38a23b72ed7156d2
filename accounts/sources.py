"""Bots whose signals a person listens to: each with a secret of its own that signs what it says."""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import get_random_string

from accounts import audit
from accounts.domain.signing import fault_of
from accounts.models import SignalSource, User
from accounts.secrets import decrypt, encrypt

MOST_SOURCES = 10


class SourceRefused(Exception):
    """Why no source was made: which field, and what it may be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


class UnknownSource(Exception):
    """The owner has no such source, or it was revoked."""


@transaction.atomic
def make_source(*, owner_id: int, name: str, now: datetime) -> tuple[SignalSource, str]:
    """Make a source and return it with its secret, which is shown once.

    Raises:
        SourceRefused: naming the field, without a name, or where there are ten already.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    if not name.strip():
        raise SourceRefused("name", "Say which bot it is, such as closing-line-watcher.")
    if SignalSource.objects.filter(owner=owner, revoked_at=None).count() >= MOST_SOURCES:
        raise SourceRefused("name", f"You have {MOST_SOURCES} sources already; revoke one first.")
    text = _new_secret()
    source = SignalSource.objects.create(
        owner=owner,
        key=get_random_string(8, "abcdefghjkmnpqrstuvwxyz23456789"),
        name=name.strip()[:50],
        secret=encrypt(text),
        made_at=now,
    )
    _note("made signal source", source, now)
    return source, text


@transaction.atomic
def rotate_source(*, owner_id: int, key: str, now: datetime) -> tuple[SignalSource, str]:
    """Give a source another secret, shown once; what the old one signed is refused from now on.

    Raises:
        UnknownSource: if the owner has no such source, or it was revoked.
    """
    source, text = _usable(owner_id, key), _new_secret()
    source.secret, source.rotated_at = encrypt(text), now
    source.save(update_fields=["secret", "rotated_at"])
    _note("rotated signal source", source, now)
    return source, text


@transaction.atomic
def revoke_source(*, owner_id: int, key: str, now: datetime) -> SignalSource:
    """Revoke a source for good, and forget its secret. Revoking it again changes nothing.

    Raises:
        UnknownSource: if the owner has no such source.
    """
    source = SignalSource.objects.select_for_update().filter(owner_id=owner_id, key=key).first()
    if source is None:
        raise UnknownSource(f"You have no source {key}.")
    if source.revoked_at is None:
        source.secret, source.revoked_at = "", now
        source.save(update_fields=["secret", "revoked_at"])
        _note("revoked signal source", source, now)
    return source


def sources_of(owner_id: int) -> QuerySet[SignalSource]:
    """Return a person's sources, newest first, revoked ones too."""
    return SignalSource.objects.filter(owner_id=owner_id).order_by("-made_at", "-pk")


def usable_source(*, owner_id: int, key: str) -> SignalSource | None:
    """Return the source of this person that has this key and was not revoked."""
    return SignalSource.objects.filter(owner_id=owner_id, key=key, revoked_at=None).first()


def why_not_proven(source: SignalSource, header: str, body: bytes, *, now: datetime) -> str:
    """Return why a signature does not prove that this source says this now; empty where it does."""
    return fault_of(header, decrypt(source.secret), body, now=int(now.timestamp()))


def _usable(owner_id: int, key: str) -> SignalSource:
    found = SignalSource.objects.select_for_update().filter(owner_id=owner_id, key=key)
    source = found.filter(revoked_at=None).first()
    if source is None:
        raise UnknownSource(f"You have no source {key} that works.")
    return source


def _new_secret() -> str:
    return "sigsec_" + secrets.token_urlsafe(32)


def _note(action: str, source: SignalSource, now: datetime) -> None:
    audit.record(
        action=action,
        subject=f"{source.key} of {source.owner}",
        actor_id=source.owner_id,
        at=now,
        detail={"name": source.name},
    )
