"""Where it came from: fetches, what they cost, what they refused, what else is on offer."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from odds.models.keys import append_only


class FeedRun(models.Model):
    """One fetch or one imported file: what it cost, what it brought, what it refused."""

    class Kind(models.TextChoices):
        ODDS = "odds", "Odds"
        SCORES = "scores", "Scores"
        EVENTS = "events", "Events"
        SPORTS = "sports", "Sports"
        EVENT = "event", "Event odds"
        HISTORY = "history", "Backfill"
        FILE = "file", "File"

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=255, help_text="competition key or file name")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    error = models.TextField(blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_repeated = models.PositiveIntegerField(default=0)
    rows_quarantined = models.PositiveIntegerField(default=0)
    credits_cost = models.IntegerField(null=True, blank=True)
    credits_remaining = models.IntegerField(null=True, blank=True)
    credits_used = models.IntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["provider", "kind", "-started_at"], name="feed_run_latest")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.subject} {self.started_at:%Y-%m-%d %H:%M}"


class QuarantinedRow(models.Model):
    """A row we refused, with the reason, kept until mended. The same row is kept once."""

    feed_run = models.ForeignKey(FeedRun, on_delete=models.PROTECT, related_name="quarantined_rows")
    source = models.CharField(max_length=255, help_text="provider or file it came from")
    row_number = models.PositiveIntegerField(null=True)
    field = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)
    raw = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-seen_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "fingerprint"], name="quarantined_row_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.field}: {self.reason}"


class CreditHold(models.Model):
    """Credits set aside for a call that is under way, so that calls at once keep to the budget.

    It goes when the call's CreditEntry is written; one that stays belongs to a process that died.
    """

    provider = models.CharField(max_length=32)
    planned = models.PositiveIntegerField()
    held_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["provider"], name="credit_hold_provider")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.planned} held at {self.held_at:%Y-%m-%d %H:%M}"


class CreditEntry(models.Model):
    """One call to a provider: what it was to cost and what its headers said. Never changed.

    `charged`, `remaining` and `used` are null where the answer did not say; remaining may be
    negative. `expected` is the cost by the provider's rules, null where they do not tell.
    """

    provider = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=16)
    subject = models.CharField(max_length=128, blank=True, help_text="competition, event")
    job = models.CharField(max_length=64, blank=True, help_text="what it was for")
    asked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="null: no answer came")
    error = models.CharField(max_length=64, blank=True)
    planned = models.PositiveIntegerField()
    expected = models.PositiveIntegerField(null=True)
    charged = models.IntegerField(null=True)
    remaining = models.IntegerField(null=True)
    used = models.IntegerField(null=True)
    feed_run = models.ForeignKey(
        FeedRun, on_delete=models.PROTECT, related_name="credit_entries", null=True
    )

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        verbose_name_plural = "credit entries"
        indexes: ClassVar = [
            models.Index(fields=["provider", "-asked_at", "-id"], name="credit_entry_latest")
        ]
        triggers: ClassVar = [append_only("credit_entries_are_append_only")]

    def __str__(self) -> str:
        cost = "?" if self.charged is None else self.charged
        return f"{self.provider} {self.endpoint} {self.subject}: {cost}"


class SchemaDrift(models.Model):
    """Something in a provider's answers that is not as its guide says, and how often it was met."""

    class Kind(models.TextChoices):
        UNKNOWN_KEY = "unknown_key", "Unknown key"
        MISSING_KEY = "missing_key", "Missing key"
        CHANGED_TYPE = "changed_type", "Changed type"
        UNKNOWN_MARKET = "unknown_market", "Unknown market"
        UNKEPT_MARKET = "unkept_market", "Market we cannot keep"
        UNKNOWN_BOOK = "unknown_book", "New bookmaker"

    provider = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    path = models.CharField(max_length=128, help_text="where, or which market or bookmaker")
    example = models.CharField(max_length=255, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-last_seen_at", "-pk"]
        verbose_name_plural = "schema drift"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "endpoint", "kind", "path"], name="drift_noted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.endpoint}: {self.get_kind_display()} {self.path}"


class ProviderSport(models.Model):
    """A competition as a provider offers it: in season or not."""

    provider = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    title = models.CharField(max_length=96)
    group = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField()
    has_outrights = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["provider", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "key"], name="provider_sport_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.key}"


class FileFeed(models.Model):
    """A file fetched again and again from an address or a folder: results, fixtures, prices."""

    class Format(models.TextChoices):
        FOOTBALL_DATA = "football_data", "football-data.co.uk"
        CSV = "csv", "CSV with named columns"

    name = models.SlugField(max_length=32, unique=True, help_text="the source's name in our tables")
    address = models.CharField(
        max_length=500, help_text="https://... or file:... inside the folder that is allowed"
    )
    format = models.CharField(max_length=16, choices=Format.choices)
    columns = models.JSONField(
        default=dict, blank=True, help_text="our column: theirs; see the guide on adding a feed"
    )
    every_minutes = models.PositiveIntegerField(default=60)
    is_enabled = models.BooleanField(default=True)
    names_teams = models.BooleanField(
        default=False, help_text="Whether a team nobody knows is a new team, not an error."
    )
    etag = models.CharField(max_length=255, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what came last")
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(every_minutes__gte=1), name="file_feed_rests")
        ]

    def __str__(self) -> str:
        return self.name
