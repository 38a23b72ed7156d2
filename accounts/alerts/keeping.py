"""Channels and rules made, changed, muted and removed; every one a person's own, and audited."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.alerts.messages import CHAT, DISCORD, SLACK, TOKEN
from accounts.domain.alerts import NAMES, unknown_names
from accounts.models import AlertChannel, AlertHours, AlertRule, Delivery, Notification, User
from accounts.outbound import AddressRefused, check_address
from accounts.secrets import encrypt

MOST_CHANNELS, MOST_RULES = 20, 100
LONGEST_MUTE = timedelta(days=30)
FIELDS = (
    "name", "kind", "competition", "strategy", "bookmaker", "least_edge", "once_minutes",
    "digest", "template", "is_on",
)  # fmt: skip


class NoSuchThing(Exception):
    """The person has no such channel, rule or message."""


@dataclass(frozen=True, slots=True)
class Made:
    """A channel, and of a webhook the key that signs, which is shown this once."""

    channel: AlertChannel
    signing_key: str = ""


@transaction.atomic
def add_channel(
    *, owner_id: int, name: str, kind: str, address: str, token: str, now: datetime
) -> Made:
    """Make a channel. What is secret of it is sealed and never shown again.

    `address` is a webhook's, or of Telegram the chat; `token` is Telegram's, or the address that
    Slack or Discord gave, or the key that signs for a webhook: without one, one is made.

    Raises:
        ValidationError: by field.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    mine = AlertChannel.objects.filter(owner=owner, removed_at__isnull=True)
    if mine.count() >= MOST_CHANNELS:
        raise ValidationError({"name": f"There are {MOST_CHANNELS} channels; remove one first."})
    if mine.filter(name=name).exists():
        raise ValidationError({"name": f"There is a channel {name!r} already."})
    address, token = address.strip(), token.strip()
    _CHECKS[kind](owner, address, token)
    key = ""
    if kind == AlertChannel.Kind.WEBHOOK and not token:
        key = _new_key()
    channel = AlertChannel.objects.create(
        owner=owner,
        name=name,
        kind=kind,
        address=address if kind in ("webhook", "telegram") else "",
        secret=encrypt(key or token) if key or token else "",
        created_at=now,
    )
    _audit("added alert channel", channel, owner_id, now, after={"kind": kind, "name": name})
    return Made(channel, key)


def remove_channel(*, owner_id: int, channel_id: int, now: datetime) -> None:
    """Remove a channel for good; what waits to be sent over it is not.

    Raises:
        NoSuchThing: if it is not this person's.
    """
    with transaction.atomic():
        channel = _own(AlertChannel, owner_id, channel_id)
        # Nobody can find out later what it was.
        channel.removed_at, channel.secret = now, ""
        channel.save(update_fields=["removed_at", "secret"])
        _audit("removed alert channel", channel, owner_id, now)


@transaction.atomic
def renew_signing_key(*, owner_id: int, channel_id: int, now: datetime) -> Made:
    """Give a webhook another key at once; return it, shown this once.

    Raises:
        NoSuchThing: if it is no webhook of this person's.
    """
    channel = _own(AlertChannel, owner_id, channel_id)
    if channel.kind != AlertChannel.Kind.WEBHOOK:
        raise NoSuchThing(f"{channel.name} is no webhook; it signs nothing.")
    key = _new_key()
    channel.secret = encrypt(key)
    channel.save(update_fields=["secret"])
    _audit("renewed signing key", channel, owner_id, now)
    return Made(channel, key)


@transaction.atomic
def save_rule(
    *,
    owner_id: int,
    said: Mapping[str, Any],
    channel_ids: Iterable[int],
    now: datetime,
    rule_id: int | None = None,
) -> AlertRule:
    """Make a rule, or change one; `said` holds its fields.

    Raises:
        ValidationError: by field.
        NoSuchThing: if the rule is not this person's.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    mine = AlertRule.objects.filter(owner=owner, removed_at__isnull=True)
    if rule_id is None:
        if mine.count() >= MOST_RULES:
            raise ValidationError({"name": f"There are {MOST_RULES} rules; remove one first."})
        rule, before = AlertRule(owner=owner, created_at=now), None
    else:
        rule = _own(AlertRule, owner_id, rule_id)
        before = _told_of(rule)
    for name in FIELDS:
        if name in said:
            setattr(rule, name, said[name])
    _check_rule(rule, mine)
    asked = set(channel_ids)
    channels = list(AlertChannel.objects.filter(owner=owner, removed_at__isnull=True, pk__in=asked))
    if unknown := asked - {channel.pk for channel in channels}:
        raise ValidationError({"channels": f"There is no channel {min(unknown)}; add it first."})
    rule.save()
    rule.channels.set(channels)
    audit.record(
        action="added alert rule" if before is None else "changed alert rule",
        subject=f"alert rule {rule.pk}: {rule.name}",
        actor_id=owner_id,
        at=now,
        before=before,
        after=_told_of(rule),
    )
    return rule


@transaction.atomic
def remove_rule(*, owner_id: int, rule_id: int, now: datetime) -> None:
    """Remove a rule for good.

    Raises:
        NoSuchThing: if it is not this person's.
    """
    rule = _own(AlertRule, owner_id, rule_id)
    rule.removed_at = now
    rule.save(update_fields=["removed_at"])
    audit.record(
        action="removed alert rule",
        subject=f"alert rule {rule.pk}: {rule.name}",
        actor_id=owner_id,
        at=now,
    )


@transaction.atomic
def mute(*, owner_id: int, hours: int, now: datetime, rule_id: int | None = None) -> None:
    """Send nothing for so many hours, of one rule or of all; 0 ends it. Notices are still kept.

    Raises:
        NoSuchThing: if the rule is not this person's.
        ValidationError: for more than thirty days.
    """
    if not 0 <= hours <= LONGEST_MUTE / timedelta(hours=1):
        raise ValidationError({"hours": f"{hours} hours: 0 to 720 may be muted."})
    until = now + timedelta(hours=hours) if hours else None
    if rule_id is None:
        AlertHours.objects.update_or_create(owner_id=owner_id, defaults={"muted_until": until})
        subject = "all alerts"
    else:
        rule = _own(AlertRule, owner_id, rule_id)
        rule.muted_until = until
        rule.save(update_fields=["muted_until"])
        subject = f"alert rule {rule.pk}: {rule.name}"
    audit.record(
        action="muted alerts" if hours else "ended mute of alerts",
        subject=subject,
        actor_id=owner_id,
        at=now,
        detail={"hours": hours},
    )


@transaction.atomic
def set_quiet_hours(
    *, owner_id: int, begin: time | None, end: time | None, now: datetime
) -> AlertHours:
    """Set the hours, in the person's time zone, in which nothing is sent; none ends them.

    Raises:
        ValidationError: where only one is given, or both are the same.
    """
    if (begin is None) != (end is None) or (begin is not None and begin == end):
        raise ValidationError({"quiet_to": "Give when quiet hours begin and end, or neither."})
    hours, _ = AlertHours.objects.select_for_update().get_or_create(owner_id=owner_id)
    before = {"from": str(hours.quiet_from or ""), "to": str(hours.quiet_to or "")}
    hours.quiet_from, hours.quiet_to = begin, end
    hours.save(update_fields=["quiet_from", "quiet_to"])
    audit.record(
        action="set quiet hours",
        subject="alerts",
        actor_id=owner_id,
        at=now,
        before=before,
        after={"from": str(begin or ""), "to": str(end or "")},
    )
    return hours


@transaction.atomic
def send_test(*, owner_id: int, channel_id: int, now: datetime) -> Delivery:
    """Put a test message on its way over a channel, rests or not.

    Raises:
        NoSuchThing: if the channel is not this person's.
    """
    channel = _own(AlertChannel, owner_id, channel_id)
    channel.rests_until = None
    channel.save(update_fields=["rests_until"])
    _audit("tested alert channel", channel, owner_id, now)
    return Delivery.objects.create(channel=channel, made_at=now, due_at=now)


@transaction.atomic
def send_again(*, owner_id: int, delivery_id: int, now: datetime) -> Delivery:
    """Put a message that was given up on its way again, with the id it had.

    Raises:
        NoSuchThing: if it is not this person's, or was not given up.
    """
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("channel")
        .filter(pk=delivery_id, channel__owner_id=owner_id, status=Delivery.Status.DEAD)
        .first()
    )
    if delivery is None or delivery.channel.removed_at is not None:
        raise NoSuchThing(f"No message {delivery_id} that was given up, on a channel there is.")
    delivery.status, delivery.tries, delivery.made_at = Delivery.Status.WAITING, 0, now
    if not delivery.is_digest:
        delivery.due_at = now
    delivery.save(update_fields=["status", "tries", "made_at", "due_at"])
    AlertChannel.objects.filter(pk=delivery.channel_id).update(rests_until=None)
    _audit("sent alert again", delivery.channel, owner_id, now, after={"delivery": delivery.pk})
    return delivery


def read_notices(*, owner_id: int, now: datetime, notice_id: int | None = None) -> int:
    """Mark a person's notices as read, one or all; return how many were not read before."""
    unread = Notification.objects.filter(owner_id=owner_id, read_at__isnull=True)
    if notice_id is not None:
        unread = unread.filter(pk=notice_id)
    with transaction.atomic():
        count = unread.update(read_at=now)
        if count:
            audit.record(
                action="read notices",
                subject="notices",
                actor_id=owner_id,
                at=now,
                detail={"count": count},
            )
    return count


def _new_key() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


def _own(model: Any, owner_id: int, pk: int) -> Any:  # noqa: ANN401 - channels and rules alike
    found = (
        model.objects.select_for_update()
        .filter(pk=pk, owner_id=owner_id, removed_at__isnull=True)
        .first()
    )
    if found is None:
        raise NoSuchThing(f"No such {model._meta.verbose_name}: {pk}.")
    return found


def _check_rule(rule: AlertRule, mine: Any) -> None:  # noqa: ANN401
    faults: dict[str, str] = {}
    if mine.filter(name=rule.name).exclude(pk=rule.pk).exists():
        faults["name"] = f"There is a rule {rule.name!r} already."
    if unknown := unknown_names(rule.template):
        known = ", ".join(f"${name}" for name in NAMES)
        faults["template"] = f"${unknown[0]} means nothing here; there are {known}, $$ for a $."
    if rule.least_edge is not None and not 0 <= rule.least_edge <= 1:
        faults["least_edge"] = f"{rule.least_edge} is no share from 0 to 1; 0.03 is 3 %."
    if faults:
        raise ValidationError(faults)
    rule.clean_fields(exclude={"owner", "created_at", "removed_at"})


def _told_of(rule: AlertRule) -> dict[str, Any]:
    names = sorted(rule.channels.values_list("name", flat=True)) if rule.pk else []
    return {name: getattr(rule, name) for name in FIELDS} | {"channels": names}


def _audit(
    action: str,
    channel: AlertChannel,
    owner_id: int,
    now: datetime,
    *,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        action=action,
        subject=f"alert channel {channel.pk}: {channel.name}",
        actor_id=owner_id,
        at=now,
        after=after,
    )


def _check_mail(owner: User, _address: str, _token: str) -> None:
    if not owner.email:
        raise ValidationError({"kind": "Your account has no mail address; add one first."})


def _check_telegram(_owner: User, address: str, token: str) -> None:
    faults: dict[str, str] = {}
    if not TOKEN.fullmatch(token):
        faults |= {"token": "A bot's token is digits, a colon and letters, as BotFather gave it."}
    if not CHAT.fullmatch(address):
        faults["address"] = "A chat is a number, such as -1001234567890, or @name."
    if faults:
        raise ValidationError(faults)


def _check_slack(_owner: User, _address: str, token: str) -> None:
    if not SLACK.fullmatch(token):
        raise ValidationError(
            {"token": "Slack's incoming webhooks begin with https://hooks.slack.com/services/."}
        )


def _check_discord(_owner: User, _address: str, token: str) -> None:
    if not DISCORD.fullmatch(token):
        raise ValidationError(
            {"token": "Discord's webhooks begin with https://discord.com/api/webhooks/."}
        )


def _check_webhook(_owner: User, address: str, token: str) -> None:
    if token and not 24 <= len(token) <= 200:
        raise ValidationError({"token": "A key that signs has 24 to 200 characters."})
    try:
        check_address(address)
    except AddressRefused as refusal:
        raise ValidationError({"address": str(refusal)}) from refusal


_CHECKS = {
    "mail": _check_mail,
    "telegram": _check_telegram,
    "slack": _check_slack,
    "discord": _check_discord,
    "webhook": _check_webhook,
}
