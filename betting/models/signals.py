"""What bots said, as it was said."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from accounts.models import SignalSource
from odds.models import Selection, Side


class Signal(models.Model):
    """A bot's probability of one selection, from when we heard it until it expires.

    Never changed. One that names nothing we know has no selection, and `problem` says why.
    """

    source = models.ForeignKey(SignalSource, on_delete=models.PROTECT, related_name="signals")
    reference = models.CharField(max_length=72, help_text="the sender's id: its Idempotency-Key")
    event = models.CharField(max_length=96, help_text="our number of it or a feed's key, as sent")
    market = models.CharField(max_length=48)
    side = models.CharField(max_length=8, choices=Side.choices)
    point = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    minutes = models.PositiveSmallIntegerField(help_text="it was to count for so long")
    selection = models.ForeignKey(
        Selection, on_delete=models.PROTECT, null=True, related_name="signals"
    )
    probability = models.FloatField()
    received_at = models.DateTimeField(help_text="in the world's time; it counts from here on")
    expires_at = models.DateTimeField()
    problem = models.CharField(max_length=200, blank=True, help_text="why it names nothing we know")

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "reference"], name="signal_heard_once"),
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lt=1), name="signal_is_a_probability"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("received_at")), name="signal_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(selection__isnull=True) ^ Q(problem=""),
                name="signal_means_something_or_says_why_not",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["source", "-received_at"], name="signals_latest"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="signals_never_change", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} of {self.source}"
