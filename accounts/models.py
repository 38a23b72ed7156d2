"""Who uses the system, and the few things every app needs."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from rest_framework_api_key.models import AbstractAPIKey


class PriceFormat(models.TextChoices):
    DECIMAL = "decimal", "Decimal (2.50)"
    AMERICAN = "american", "American (+150)"
    FRACTIONAL = "fractional", "Fractional (3/2)"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(AbstractUser):
    """A person, with how they like prices, times and colours shown."""

    price_format = models.CharField(
        max_length=12, choices=PriceFormat.choices, default=PriceFormat.DECIMAL
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    my_books = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="keys of the bookmakers shown first on the odds screen",
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(price_format__in=PriceFormat.values), name="user_price_format_known"
            ),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="user_theme_known"),
        ]


class ApiKey(AbstractAPIKey):
    """A key an integrator's program uses; only its hash is kept."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys"
    )
    can_write = models.BooleanField(
        default=False, help_text="May place bets; without it the key only reads."
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        abstract = False
        verbose_name = "API key"


class SavedFilter(models.Model):
    """A named set of filters of one page, as its address has them. One person's own."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    page = models.CharField(max_length=16, help_text="the name of the page's address, e.g. 'odds'")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=512)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "page", "name"], name="saved_filter_named_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.page}"


class AuditEntry(models.Model):
    """One thing somebody, or a job, did that an operator may have to explain. Never changed."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="audit_entries"
    )
    action = models.CharField(max_length=64, help_text="verb phrase, e.g. 'promoted version'")
    subject = models.CharField(max_length=128, help_text="what it was done to, e.g. 'nba-h2h v3'")
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["-at"], name="audit_latest")]
        verbose_name_plural = "audit entries"
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="audit_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor or 'system'}: {self.action} {self.subject}"


class JobRun(models.Model):
    """One run of a scheduled job. Silence is an alarm: Status shows when each last finished."""

    job = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    succeeded = models.BooleanField(null=True)
    detail = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["job", "-started_at"], name="job_run_latest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="job_run_finishes_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M:%S}"
