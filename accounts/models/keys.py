"""What programs come with, and what was answered to them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from rest_framework_api_key.models import AbstractAPIKey


class ApiKey(AbstractAPIKey):
    """A key an integrator's program uses; only its hash is kept."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys"
    )
    scopes = ArrayField(
        models.CharField(max_length=16), help_text="what it may do; accounts/scopes.py names all"
    )
    addresses = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="networks it may be used from, such as 192.0.2.0/24; empty: anywhere",
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaced_by = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="replaces"
    )

    class Meta(AbstractAPIKey.Meta):
        abstract = False
        verbose_name = "API key"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_key_has_a_scope")
        ]


class KeptAnswer(models.Model):
    """What was answered to one write of one person, to be answered again if it is repeated."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="kept_answers"
    )
    key = models.CharField(max_length=72, help_text="the header Idempotency-Key")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked")
    status = models.PositiveSmallIntegerField(default=0, help_text="0: being carried out")
    body = models.TextField(default="", blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="answer_kept_once")
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="kept_answer_oldest")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"


class ClientLogin(models.Model):
    """One log-in of a first-party client: the family of refresh tokens that came of it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="client_logins"
    )
    client = models.CharField(max_length=128, blank=True, help_text="what it says it is")
    password_mark = models.CharField(
        max_length=128, help_text="tells whether the password is still the one it came with"
    )
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(help_text="when it was last refreshed")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-used_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(ended_why=""),
                name="client_login_ends_for_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner} by {self.client or 'a client'} since {self.made_at:%Y-%m-%d %H:%M}"


class RefreshToken(models.Model):
    """One refresh token, good once; one that comes a second time was copied."""

    login = models.ForeignKey(ClientLogin, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256; the text is not kept")
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"token {self.pk} of {self.login}"


class SignalSource(models.Model):
    """A bot whose signals its owner listens to; it signs each with the secret kept here, locked."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signal_sources"
    )
    key = models.SlugField(max_length=16, unique=True)
    name = models.CharField(max_length=50)
    secret = models.TextField(help_text="locked by FAIRLINE_SECRETS_KEYS; empty once revoked")
    made_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(secret=""),
                name="a_revoked_source_has_no_secret",
            )
        ]

    def __str__(self) -> str:
        return self.name
