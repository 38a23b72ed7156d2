"""A person's notices, channels, rules and messages."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import AlertChannel, AlertHours, AlertRule, Delivery, Notification

Status = Delivery.Status


def notices_of(
    owner_id: int, *, unread: bool = False, kind: str = "", older_than: datetime | None = None
) -> QuerySet[Notification]:
    """Return what a person was told, newest first, with what happened."""
    found = Notification.objects.filter(owner_id=owner_id).select_related("trigger")
    if unread:
        found = found.filter(read_at__isnull=True)
    if kind:
        found = found.filter(kind=kind)
    if older_than is not None:
        found = found.filter(made_at__lt=older_than)
    return found.order_by("-pk")


def channels_of(owner_id: int) -> QuerySet[AlertChannel]:
    """Return a person's channels by name, without those removed."""
    return AlertChannel.objects.filter(owner_id=owner_id, removed_at__isnull=True)


def rules_of(owner_id: int) -> QuerySet[AlertRule]:
    """Return a person's rules by name, with their channels, without those removed."""
    return AlertRule.objects.filter(owner_id=owner_id, removed_at__isnull=True).prefetch_related(
        "channels"
    )


def rule_of(owner_id: int, rule_id: int) -> AlertRule | None:
    """Return a rule if it is this person's."""
    return rules_of(owner_id).filter(pk=rule_id).first()


def hours_of(owner_id: int) -> AlertHours | None:
    """Return when a person is not to be disturbed; None if they never said."""
    return AlertHours.objects.filter(owner_id=owner_id).first()


def deliveries_of(owner_id: int, **which: Any) -> QuerySet[Delivery]:  # noqa: ANN401
    """Return a person's messages, newest first, by `status` or `channel_id`."""
    return (
        Delivery.objects.filter(channel__owner_id=owner_id, **which)
        .select_related("channel", "rule")
        .prefetch_related("notifications__trigger")
        .order_by("-pk")
    )
