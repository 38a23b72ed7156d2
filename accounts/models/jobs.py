"""What ran by itself, and when."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


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
