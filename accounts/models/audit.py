"""Who did what."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models


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
