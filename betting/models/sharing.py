"""What of one's own is shown to others, and taken out."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class SharedLink(models.Model):
    """Leave to look at one person's performance, by its address, until it ends or is revoked.

    Only a hash of the address is kept. Amounts of money are shown only where the owner said so.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shared_links"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(max_length=64, help_text="for whom; only the owner sees it")
    shows_money = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened_count = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, help_text="the last time")

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="shared_link_ends_after_it_is_made"
            )
        ]

    def __str__(self) -> str:
        return self.label


class TakeOut(models.Model):
    """One time that somebody asked for everything of theirs; a file while it is kept."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="take_outs"
    )
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveSmallIntegerField(default=0, help_text="tables written")
    total = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(default=0)
    content = models.BinaryField(null=True, editable=False, help_text="the ZIP, for a week")
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = "export of everything"
        verbose_name_plural = "exports of everything"
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=("queued", "running", "done", "failed")),
                name="take_out_status_known",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(status__in=("queued", "running")),
                name="one_take_out_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.asked_at:%Y-%m-%d}"
