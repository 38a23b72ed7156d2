"""A person's notices, channels, rules and messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

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


@dataclass(frozen=True, slots=True)
class Outbox:
    """Of everybody: messages due and unsent, how long the first has been due, messages given up."""

    count: int
    oldest_due: timedelta
    dead: int


def of_the_last_hour() -> list[tuple[str, str, int]]:
    """Return how many messages made in the last hour stand how: (channel, status, count)."""
    made = Delivery.objects.filter(made_at__gte=timezone.now() - timedelta(hours=1))
    counted = made.order_by().values_list("channel__kind", "status").annotate(count=Count("pk"))
    return list(counted)


def outbox() -> Outbox:
    """Return what the outbox holds now, by the real clock."""
    now = timezone.now()
    due = Q(status=Status.WAITING, due_at__lte=now)
    told = Delivery.objects.filter(status__in=[Status.WAITING, Status.DEAD]).aggregate(
        count=Count("pk", filter=due),
        oldest=Min("due_at", filter=due),
        dead=Count("pk", filter=Q(status=Status.DEAD)),
    )
    oldest = told["oldest"]
    return Outbox(
        count=told["count"],
        oldest_due=timedelta() if oldest is None else now - oldest,
        dead=told["dead"],
    )
