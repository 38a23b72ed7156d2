"""What ran by itself, when, and what could not be done."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class JobRun(models.Model):
    """One run of a scheduled job. Silence is an alarm: Status shows when each last finished."""

    job = models.CharField(max_length=64)
    slot = models.DateTimeField(
        null=True, help_text="of the schedule that sent it; empty: somebody asked for it"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    succeeded = models.BooleanField(null=True)
    detail = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["job", "-started_at"], name="job_run_latest")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "slot"],
                condition=Q(slot__isnull=False),
                name="job_run_once_a_slot",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="job_run_finishes_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def took(self) -> timedelta | None:
        return None if self.finished_at is None else self.finished_at - self.started_at


class JobSkip(models.Model):
    """Until when the schedule's rounds of a job are left out, because somebody said so."""

    job = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="empty: a command",
    )
    reason = models.CharField(max_length=500)
    ended_at = models.DateTimeField(null=True, help_text="by somebody, before its time")

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job"], condition=Q(ended_at__isnull=True), name="job_skipped_once"
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("made_at")), name="job_skip_ends_after_it_is_made"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} until {self.until:%Y-%m-%d %H:%M}"


class DeadLetter(models.Model):
    """A task that failed for good, kept until somebody or a later round has dealt with it.

    The same task with the same arguments is one letter, however often it fails.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for somebody"
        RETRIED = "retried", "Sent once more"
        DISMISSED = "dismissed", "Dismissed"
        OVERTAKEN = "overtaken", "A later round did it"

    task = models.CharField(max_length=128)
    arguments = models.JSONField(default=dict, help_text="secrets are hidden")
    is_whole = models.BooleanField(
        default=True, help_text="the arguments are all there, so it can be sent once more"
    )
    fingerprint = models.CharField(max_length=64, help_text="of the task and its arguments")
    task_id = models.CharField(max_length=64, help_text="of the message that failed last")
    slot = models.CharField(
        max_length=40, blank=True, help_text="of the schedule that sent it; empty: none did"
    )
    queue = models.CharField(max_length=32)
    error = models.TextField()
    traceback = models.TextField(blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    last_failure = models.CharField(
        max_length=36, help_text="so that one failure told twice is counted once"
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-last_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-closed_at"], name="dead_letter_closed"),
            models.Index(
                fields=["task"], condition=Q(status="waiting"), name="dead_letter_waiting"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(status="waiting"),
                name="dead_letter_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", closed_at__isnull=True)
                | Q(status__in=["retried", "dismissed", "overtaken"], closed_at__isnull=False),
                name="dead_letter_waits_or_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(last_at__gte=F("first_at")), name="dead_letter_fails_first_then_last"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task}, {self.last_at:%Y-%m-%d %H:%M:%S}"
