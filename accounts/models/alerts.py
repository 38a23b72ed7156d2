"""Who wants to be told what, over which channel, and what became of it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.domain.alerts import Kind

KINDS = [
    (Kind.EDGE.value, "Edge found"),
    (Kind.MOVEMENT.value, "Line moved, steam"),
    (Kind.ARBITRAGE.value, "Arbitrage"),
    (Kind.BREAKER.value, "Breaker, halt"),
    (Kind.FEED.value, "Feed in trouble"),
    (Kind.MODEL.value, "Model drifted or paused"),
    (Kind.SETTLEMENT.value, "Bet settled"),
    (Kind.CORRECTION.value, "Settlement corrected"),
    (Kind.LIMITS.value, "Limit used up"),
]


class AlertChannel(models.Model):
    """Where somebody can be told. Its secret is sealed and never shown again."""

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail"
        TELEGRAM = "telegram", "Telegram"
        SLACK = "slack", "Slack"
        DISCORD = "discord", "Discord"
        WEBHOOK = "webhook", "Webhook"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_channels"
    )
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    address = models.CharField(
        max_length=500, blank=True, help_text="of a webhook, or a Telegram chat; else in the secret"
    )
    secret = models.TextField(blank=True, help_text="sealed: token, address with token, or key")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    rests_until = models.DateTimeField(null=True, help_text="after a failure nothing is sent")
    last_error = models.CharField(max_length=200, blank=True)
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=Q(removed_at__isnull=True),
                name="alert_channel_named_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["mail", "telegram", "slack", "discord", "webhook"]),
                name="alert_channel_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class AlertRule(models.Model):
    """What somebody wants to be told of, and over which channels; empty filters mean any."""

    class Digest(models.TextChoices):
        NONE = "", "At once"
        HOURLY = "hourly", "Together, every hour"
        DAILY = "daily", "Together, at 8:00"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_rules"
    )
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=KINDS)
    competition = models.CharField(max_length=64, blank=True)
    strategy = models.CharField(max_length=64, blank=True)
    bookmaker = models.CharField(max_length=64, blank=True)
    least_edge = models.FloatField(null=True, blank=True, help_text="0.03 is 3 %")
    channels = models.ManyToManyField(AlertChannel, related_name="rules", blank=True)
    once_minutes = models.PositiveIntegerField(
        default=60, help_text="the same thing is told once in so many minutes"
    )
    digest = models.CharField(max_length=6, choices=Digest.choices, blank=True, default=Digest.NONE)
    template = models.CharField(max_length=500, blank=True)
    is_on = models.BooleanField(default=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["kind"],
                condition=Q(is_on=True, removed_at__isnull=True),
                name="alert_rule_asked",
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=Q(removed_at__isnull=True),
                name="alert_rule_named_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[key for key, _ in KINDS]), name="alert_rule_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class AlertHours(models.Model):
    """When somebody is not to be disturbed, in their own time zone."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_hours"
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "alert hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False)
                & ~Q(quiet_from=F("quiet_to")),
                name="quiet_hours_begin_and_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner}: {self.quiet_from} to {self.quiet_to}"


class AlertTrigger(models.Model):
    """The outbox: something that happened, written in the transaction that made it so."""

    kind = models.CharField(max_length=10, choices=KINDS)
    key = models.CharField(max_length=128, help_text="what it is about, for telling it once")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="alert_triggers",
        help_text="empty: everybody's",
    )
    at = models.DateTimeField()
    title = models.CharField(max_length=160)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=200)
    competition = models.CharField(max_length=64, blank=True)
    strategy = models.CharField(max_length=64, blank=True)
    bookmaker = models.CharField(max_length=64, blank=True)
    edge = models.FloatField(null=True)
    written_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, help_text="why it was parked")
    trace_id = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="of the request or job that it happened in",
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=Q(handled_at__isnull=True), name="alert_trigger_waiting"
            ),
            models.Index(fields=["written_at"], name="alert_trigger_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"


class Notification(models.Model):
    """Something told to one person, as their list of notices shows it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications"
    )
    trigger = models.ForeignKey(
        AlertTrigger, on_delete=models.PROTECT, related_name="notifications"
    )
    rule = models.ForeignKey(
        AlertRule, on_delete=models.PROTECT, null=True, related_name="notifications"
    )
    kind = models.CharField(max_length=10, choices=KINDS)
    key = models.CharField(max_length=128)
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-id"], name="notification_list"),
            models.Index(fields=["owner", "kind", "key", "-made_at"], name="notification_told"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "trigger"], name="told_once_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.trigger} to {self.owner}"


class Delivery(models.Model):
    """One message to one channel: waiting, sent, given up (dead), or not to be sent after all."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"
        DROPPED = "dropped", "Not sent"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, help_text="the same at every try")
    channel = models.ForeignKey(AlertChannel, on_delete=models.PROTECT, related_name="deliveries")
    rule = models.ForeignKey(
        AlertRule, on_delete=models.PROTECT, null=True, related_name="deliveries"
    )
    notifications = models.ManyToManyField(Notification, related_name="deliveries")
    is_digest = models.BooleanField(default=False)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.WAITING)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, help_text="a worker has it until then")
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], condition=Q(status="waiting"), name="delivery_due"
            ),
            models.Index(fields=["channel", "-id"], name="delivery_of_a_channel"),
            models.Index(fields=["-made_at"], name="delivery_latest"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["channel", "rule", "due_at"],
                condition=Q(is_digest=True),
                name="one_digest_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "sent", "dead", "dropped"]),
                name="delivery_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uid} to {self.channel}: {self.status}"
