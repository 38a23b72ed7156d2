"""Keys for programs: made, found, rotated, revoked. Only a hash of each is kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.models import ApiKey, User
from accounts.scopes import READING, SCOPES, scopes_of

MOST_KEYS = 20
LONGEST_OVERLAP = timedelta(days=30)
# A key's last use is written when it is this much later than what is written.
USE_GRAIN = timedelta(minutes=1)


class KeyRefused(Exception):
    """Why no key was made of what was asked: which field, and what it may be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


class UnknownKey(Exception):
    """The owner has no such key, or none that works."""


@transaction.atomic
def issue_key(
    *,
    owner_id: int,
    name: str,
    now: datetime,
    scopes: Iterable[str] = READING,
    expires_at: datetime | None = None,
    addresses: Iterable[str] = (),
    by_id: int | None = None,
) -> tuple[ApiKey, str]:
    """Make an API key and return it with its text, which is shown once and kept nowhere.

    Raises:
        KeyRefused: naming the field, for a scope that there is not or that the owner's role does
            not have, an address that is none, an expiry that is past, or a 21st usable key.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    if _usable(ApiKey.objects.filter(owner=owner), now).count() >= MOST_KEYS:
        raise KeyRefused("name", f"{owner} already has {MOST_KEYS} usable keys; revoke one first.")
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("expires_at", f"{expires_at.isoformat()} is past; choose a later time.")
    key = ApiKey(
        owner=owner,
        name=name,
        scopes=_scopes(owner, scopes),
        addresses=_networks(addresses),
        expiry_date=expires_at,
    )
    text = ApiKey.objects.assign_key(key)
    key.save()
    _note("issued API key", key, by_id=by_id, now=now, scopes=key.scopes, name=name)
    return key, text


@transaction.atomic
def rotate_key(
    *, owner_id: int, prefix: str, overlap: timedelta, now: datetime
) -> tuple[ApiKey, str]:
    """Make the key that takes the place of another, which works on for the overlap.

    Name, scopes and addresses stay; an expiry moves on by as long as the old key was made for.

    Raises:
        UnknownKey: if the owner has no such key that works.
        KeyRefused: if it was rotated before, or the overlap is below zero or above 30 days.
    """
    old = _usable(ApiKey.objects.filter(owner_id=owner_id, prefix=prefix), now)
    key = old.select_for_update(of=("self",)).select_related("owner").first()
    if key is None:
        raise UnknownKey(f"No key {prefix} that works")
    if key.replaced_by_id is not None:
        raise KeyRefused("prefix", "It was rotated before; rotate the key that took its place.")
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise KeyRefused("hours", "The old key works on for 0 to 720 hours.")
    expiry = None if key.expiry_date is None else now + (key.expiry_date - key.created)
    made = ApiKey(
        owner=key.owner,
        name=key.name,
        # The owner may do less than when it was made.
        scopes=[name for name in key.scopes if name in scopes_of(key.owner)] or list(READING),
        addresses=key.addresses,
        expiry_date=expiry,
    )
    text = ApiKey.objects.assign_key(made)
    made.save()
    key.replaced_by = made
    key.expiry_date = min(key.expiry_date or now + overlap, now + overlap)
    key.save(update_fields=["replaced_by", "expiry_date"])
    _note("rotated API key", key, by_id=None, now=now, to=made.prefix, until=key.expiry_date)
    return made, text


@transaction.atomic
def revoke_key(
    *, owner_id: int, prefix: str, now: datetime, by_id: int | None = None, reason: str = ""
) -> ApiKey:
    """Revoke a key at once and for good. Revoking it again changes nothing.

    Raises:
        UnknownKey: when the owner has no key with this prefix.
    """
    keys: QuerySet[ApiKey] = ApiKey.objects.select_for_update()
    key = keys.filter(owner_id=owner_id, prefix=prefix).first()
    if key is None:
        raise UnknownKey(f"No key {prefix}")
    if not key.revoked:
        key.revoked = True
        key.save(update_fields=["revoked"])
        _note("revoked API key", key, by_id=by_id, now=now, reason=reason)
    return key


def keys_of(owner_id: int) -> QuerySet[ApiKey]:
    """Return a person's API keys, newest first, revoked ones too."""
    return ApiKey.objects.filter(owner_id=owner_id).order_by("-created", "-pk")


def is_over(key: ApiKey, *, now: datetime) -> bool:
    """Say whether a key works no more: revoked, or its time is past."""
    return bool(key.revoked) or (key.expiry_date is not None and key.expiry_date <= now)


def usable_key(text: str, *, address: str, now: datetime) -> ApiKey | None:
    """Return the key that this text is, with its owner; its hash is compared in constant time.

    None if it is unknown, revoked or expired, its owner was deactivated, or it may not be used
    from this address.
    """
    prefix, _, _ = text.partition(".")
    keys = _usable(ApiKey.objects.filter(prefix=prefix, owner__is_active=True), now)
    key = keys.select_related("owner").first()
    if key is None or not key.is_valid(text):
        return None
    return key if _may_come_from(key, address) else None


def note_key_use(key: ApiKey, *, now: datetime) -> None:
    """Remember when a key was last used, to the minute, so that reading writes little."""
    if key.last_used_at is None or now - key.last_used_at >= USE_GRAIN:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def _usable(keys: QuerySet[ApiKey], now: datetime) -> QuerySet[ApiKey]:
    return keys.filter(revoked=False).filter(Q(expiry_date__isnull=True) | Q(expiry_date__gt=now))


def _may_come_from(key: ApiKey, address: str) -> bool:
    if not key.addresses:
        return True
    try:
        there = ip_address(address)
    except ValueError:
        return False
    return any(there in ip_network(network) for network in key.addresses)


def _scopes(owner: User, asked: Iterable[str]) -> list[str]:
    wanted = set(asked)
    if unknown := sorted(wanted - set(SCOPES)):
        raise KeyRefused("scopes", f"There is no {unknown[0]!r}. There are: {', '.join(SCOPES)}.")
    if beyond := sorted(wanted - scopes_of(owner)):
        raise KeyRefused("scopes", f"{owner} may not {SCOPES[beyond[0]].words}.")
    if not wanted:
        raise KeyRefused("scopes", f"Choose at least one of {', '.join(SCOPES)}.")
    return [name for name in SCOPES if name in wanted]


def _networks(asked: Iterable[str]) -> list[str]:
    try:
        return sorted({str(ip_network(text.strip())) for text in asked})
    except ValueError as fault:
        raise KeyRefused("addresses", f"{fault}; write 192.0.2.7 or 192.0.2.0/24.") from fault


def _note(action: str, key: ApiKey, *, by_id: int | None, now: datetime, **detail: object) -> None:
    audit.record(
        action=action,
        subject=f"{key.prefix} of {key.owner}",
        actor_id=by_id or key.owner_id,
        at=now,
        detail={
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in detail.items()
        },
    )
