"""What a bet's close was, beside its closing line value."""

from typing import ClassVar

import pgtrigger
from django.db import models

from betting.models.bets import Bet


class Closing(models.Model):
    """The close that a bet was measured against: how old, whose, how made, how good. Kept.

    Written once, when the value is; a bet without a value has none.
    """

    class Quality(models.TextChoices):
        GOOD = "good", "Good"
        FAIR = "fair", "Fair"
        POOR = "poor", "Poor"

    bet = models.OneToOneField(Bet, on_delete=models.PROTECT, related_name="closing")
    fair_probability = models.FloatField(help_text="margin-free, of the line taken")
    age = models.DurationField(help_text="event's start minus the newest quote of the close")
    source = models.CharField(max_length=64, help_text="a reference book's key, or consensus")
    method = models.CharField(max_length=120, help_text="how margins were removed")
    book_count = models.PositiveSmallIntegerField()
    quality = models.CharField(max_length=4, choices=Quality.choices)
    raw_price = models.DecimalField(
        max_digits=9, decimal_places=3, null=True, help_text="the same book's last by the start"
    )
    raw_clv = models.FloatField(null=True, help_text="price taken / raw_price - 1")
    measured_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-measured_at", "-pk"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="closings_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.bet}: closed at {self.fair_probability:.4f}"
