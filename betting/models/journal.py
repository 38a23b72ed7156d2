"""What decisions saw and said, kept as it was."""

from typing import ClassVar

import pgtrigger
from django.db import models

from betting.models.strategies import Opportunity


class DecisionInputs(models.Model):
    """A market at a moment, as the decision saw it. One row, however many found something in it."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the content")
    content = models.BinaryField(help_text="as betting.domain.journal packs it")
    as_of = models.DateTimeField()

    class Meta:
        verbose_name_plural = "decision inputs"
        triggers: ClassVar = [
            pgtrigger.Protect(name="inputs_never_change", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]} at {self.as_of:%Y-%m-%d %H:%M}"


class JournalEntry(models.Model):
    """What was decided of one opportunity, in full."""

    opportunity = models.OneToOneField(
        Opportunity, on_delete=models.PROTECT, related_name="journal", primary_key=True
    )
    inputs = models.ForeignKey(DecisionInputs, on_delete=models.PROTECT, related_name="entries")
    beside = models.ManyToManyField(
        DecisionInputs,
        related_name="beside_of",
        help_text="markets of what else was recommended then: stakes are made over all of it",
    )
    max_quote_age = models.FloatField(help_text="minutes, as it was under the clock of then")
    said = models.JSONField(help_text="fair, edge, low end, share, gates failed")
    fair_by_method = models.JSONField(help_text="the books' mean by margin method")

    class Meta:
        verbose_name_plural = "journal entries"
        triggers: ClassVar = [
            pgtrigger.Protect(name="entries_never_change", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"journal of opportunity {self.opportunity_id}"
