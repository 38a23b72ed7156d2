"""When a venue that stakes real money may be asked for bets."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import User


def _by() -> "models.ForeignKey[User | None, User | None]":
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )


class Arming(models.Model):
    """An operator's leave for a venue to stake real money: asked for, then confirmed, till a time.

    One that was not confirmed, has expired, or was ended allows nothing; nor does one that a halt
    of everybody came after, also once that halt is lifted.
    """

    venue = models.CharField(max_length=16)
    reason = models.TextField()
    hours = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()
    asked_by = _by()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = _by()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = _by()
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["venue"], condition=Q(ended_at__isnull=True), name="one_arming_of_a_venue"
            ),
            models.CheckConstraint(
                condition=Q(hours__gte=1, hours__lte=24), name="armed_for_a_day_at_most"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, expires_at__isnull=True)
                | Q(confirmed_at__isnull=False, expires_at__gt=F("confirmed_at")),
                name="confirmed_arming_expires",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="armings_are_kept", operation=pgtrigger.Delete),
            # What was asked, and once confirmed or ended that too, is evidence.
            pgtrigger.Trigger(
                name="armings_move_forward_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.venue, NEW.reason, NEW.hours, NEW.asked_at, NEW.asked_by_id)
                       IS DISTINCT FROM
                       (OLD.venue, OLD.reason, OLD.hours, OLD.asked_at, OLD.asked_by_id)
                       OR OLD.ended_at IS NOT NULL
                       OR (OLD.confirmed_at IS NOT NULL
                           AND (NEW.confirmed_at, NEW.confirmed_by_id, NEW.expires_at)
                           IS DISTINCT FROM
                           (OLD.confirmed_at, OLD.confirmed_by_id, OLD.expires_at)) THEN
                        RAISE EXCEPTION 'pgtrigger: An arming only moves forward';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.venue}, asked {self.asked_at:%Y-%m-%d %H:%M}"
