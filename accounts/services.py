"""Keys and preferences."""

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.models import ApiKey, JobRun, User

MOST_KEYS = 20
JOB_RUNS_KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 5_000


class TooManyKeys(Exception):
    """The owner has as many usable keys as one may have."""


class UnknownKey(Exception):
    """The owner has no such key."""


@transaction.atomic
def issue_key(
    *,
    owner_id: int,
    name: str,
    can_write: bool,
    now: datetime,
    expires_at: datetime | None = None,
    by_id: int | None = None,
) -> tuple[ApiKey, str]:
    """Make an API key and return it with its text, which is shown once and kept nowhere.

    Raises:
        TooManyKeys: when the owner has 20 usable keys.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    usable = ApiKey.objects.filter(owner=owner, revoked=False).filter(
        Q(expiry_date__isnull=True) | Q(expiry_date__gt=now)
    )
    if usable.count() >= MOST_KEYS:
        raise TooManyKeys(f"{owner} already has {MOST_KEYS} usable keys; revoke one first.")
    key = ApiKey(owner=owner, name=name, can_write=can_write, expiry_date=expires_at)
    text = ApiKey.objects.assign_key(key)
    key.save()
    audit.record(
        action="issued API key",
        subject=f"{key.prefix} of {owner}",
        actor_id=by_id or owner_id,
        at=now,
        detail={"name": name, "can_write": can_write},
    )
    return key, text


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
        audit.record(
            action="revoked API key",
            subject=f"{prefix} of {key.owner}",
            actor_id=by_id or owner_id,
            at=now,
            detail={"reason": reason},
        )
    return key


def save_preferences(*, user_id: int, price_format: str, time_zone: str, theme: str) -> User:
    """Save how a person likes prices, times and colours shown.

    Raises:
        ValidationError: by field, for a format, zone or theme that does not exist.
    """
    user = User.objects.get(pk=user_id)
    user.price_format, user.time_zone, user.theme = price_format, time_zone, theme
    if time_zone not in available_timezones():
        raise ValidationError(
            {"time_zone": f"{time_zone!r} is not a time zone; choose one such as Europe/Paris."}
        )
    user.clean_fields(exclude={f.name for f in User._meta.fields} - {"price_format", "theme"})
    user.save(update_fields=["price_format", "time_zone", "theme"])
    return user


def note_key_use(*, key_id: str, at: datetime) -> None:
    """Remember when a key was last used, to the minute, so that reading writes little."""
    ApiKey.objects.filter(pk=key_id).exclude(last_used_at__gt=at - timedelta(minutes=1)).update(
        last_used_at=at
    )


def prune_job_runs(*, now: datetime) -> int:
    """Delete job runs older than 30 days, oldest first, at most 5,000; return how many.

    The latest run and the latest success of each job stay: Status still says when it last
    finished, however long ago that was.
    """
    kept = {
        pk
        for runs in (JobRun.objects.all(), JobRun.objects.filter(succeeded=True))
        for pk in runs.order_by("job", "-started_at", "-pk")
        .distinct("job")
        .values_list("pk", flat=True)
    }
    old = (
        JobRun.objects.filter(started_at__lt=now - JOB_RUNS_KEPT)
        .exclude(pk__in=kept)
        .order_by("started_at", "pk")
        .values_list("pk", flat=True)[:PRUNED_AT_ONCE]
    )
    count, _ = JobRun.objects.filter(pk__in=list(old)).delete()
    return count


def prune_sessions(*, now: datetime) -> int:
    """Delete log-ins that ran out, at most 5,000; return how many."""
    old = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)
    count, _ = Session.objects.filter(pk__in=list(old[:PRUNED_AT_ONCE])).delete()
    return count
