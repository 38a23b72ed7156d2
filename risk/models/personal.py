"""What people impose on themselves: limits over time, time-outs, self-exclusion."""

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models.kept import untruncated


class Exclusion(models.Model):
    """A person keeps away from betting until a moment, or for good. Nobody ends it early.

    Never changed and never deleted, by anybody: a longer one is a further row. Its times are the
    real ones, whatever the world's clock says.
    """

    class Kind(models.TextChoices):
        TIME_OUT = "time_out", "Time-out"
        SELF_EXCLUSION = "self_exclusion", "Self-exclusion"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exclusions"
    )
    kind = models.CharField(max_length=14, choices=Kind.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="none: for good")

    class Meta:
        ordering: ClassVar = ["-since", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind="time_out",
                    until__isnull=False,
                    until__gte=F("since") + timedelta(hours=24),
                    until__lte=F("since") + timedelta(days=42),
                )
                | Q(kind="self_exclusion", until__isnull=True)
                | Q(kind="self_exclusion", until__gte=F("since") + timedelta(days=183)),
                name="exclusion_is_long_enough",
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="exclusions_end_by_themselves",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            untruncated("risk_exclusion"),
            # Back-dated, it would end before its time.
            pgtrigger.Trigger(
                name="exclusions_begin_now",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF NEW.since < now() - interval '5 minutes' THEN"
                    " RAISE EXCEPTION 'pgtrigger: an exclusion begins now'; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.owner}"


class PlaceSaid(models.Model):
    """Where a person said they are, and an age they said they have reached: the latest row.

    Append-only. No birthday is kept, and no address: of the age no more than any rule asks for.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="places_said"
    )
    place = models.CharField(max_length=6, help_text="such as GB or US-NJ; 'other' is neither")
    reached_age = models.PositiveSmallIntegerField(help_text="0: younger than any rule asks for")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "places said"
        ordering: ClassVar = ["-pk"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="what_was_said_stays",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner} in {self.place}"


class PersonalKind(models.TextChoices):
    DEPOSIT = "deposit", "Deposits"
    STAKE = "stake", "Stakes"
    LOSS = "loss", "Losses"
    TIME = "time", "Time"


class Period(models.TextChoices):
    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"


class PersonalAsked(models.Model):
    """A person asks for more than a limit of theirs allows: it waits, then wants a second yes."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="raises_asked"
    )
    kind = models.CharField(max_length=7, choices=PersonalKind.choices)
    period = models.CharField(max_length=5, choices=Period.choices)
    amount = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, help_text="none: no limit"
    )
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "raise asked for"
        verbose_name_plural = "raises asked for"
        ordering: ClassVar = ["asked_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "kind", "period"],
                condition=Q(confirmed_at__isnull=True, withdrawn_at__isnull=True),
                name="one_raise_asked_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ready_at__gte=F("asked_at") + timedelta(hours=24)),
                name="a_raise_waits_a_day",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="what_was_asked_never_changes",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]
                    "owner_id", "kind", "period", "amount", "asked_at", "ready_at"
                )
                | pgtrigger.Delete,
            ),
            pgtrigger.Trigger(
                name="a_raise_is_asked_now",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF NEW.asked_at < now() - interval '5 minutes' THEN"
                    " RAISE EXCEPTION 'pgtrigger: a raise is asked for now'; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} a {self.period} of {self.owner}: {self.amount}"


class PersonalLimit(models.Model):
    """What a person lets themselves pay in, stake, lose or spend in time: the latest row.

    Append-only. Money of several currencies is added up as if one were worth the other; time is in
    minutes.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="personal_limits"
    )
    kind = models.CharField(max_length=7, choices=PersonalKind.choices)
    period = models.CharField(max_length=5, choices=Period.choices)
    amount = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, help_text="none: no limit"
    )
    since = models.DateTimeField()
    asked = models.ForeignKey(PersonalAsked, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0),
                name="personal_limit_not_negative",
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="personal_limits_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            # Whoever writes it: more is allowed only a day after it was asked for.
            pgtrigger.Trigger(
                name="raising_a_limit_waits",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("held", "risk_personallimit%ROWTYPE")],
                func="""
                    SELECT * INTO held FROM risk_personallimit
                    WHERE owner_id = NEW.owner_id AND kind = NEW.kind AND period = NEW.period
                    ORDER BY id DESC LIMIT 1;
                    IF held.amount IS NOT NULL
                        AND (NEW.amount IS NULL OR NEW.amount > held.amount)
                        AND NOT EXISTS (
                            SELECT FROM risk_personalasked a WHERE a.id = NEW.asked_id
                            AND a.owner_id = NEW.owner_id AND a.kind = NEW.kind
                            AND a.period = NEW.period
                            AND a.amount IS NOT DISTINCT FROM NEW.amount
                            AND a.withdrawn_at IS NULL AND a.asked_at > held.since
                            AND a.asked_at <= now() - interval '24 hours'
                        )
                    THEN
                        RAISE EXCEPTION 'pgtrigger: raising a personal limit waits 24 hours';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} a {self.period} of {self.owner}: {self.amount}"


class Presence(models.Model):
    """Since when a person is here, without a pause, and when they were last told how long.

    Real times. `check_minutes` is how often they want to be told.
    """

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="presence"
    )
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    told_at = models.DateTimeField()
    # What its owner said last of where they are, read where it is noted.
    place: str | None
    check_minutes = models.PositiveIntegerField(default=60)

    class Meta:
        verbose_name_plural = "presence"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(check_minutes__gte=5, check_minutes__lte=240),
                name="reality_check_every_so_often",
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner} since {self.since:%H:%M}"


class TimeSpent(models.Model):
    """How long a person was here on one real UTC day."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="time_spent"
    )
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "time spent"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "day"], name="one_time_spent_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.day}: {self.seconds} s"
