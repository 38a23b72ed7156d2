"""Bets placed elsewhere, told by the bettor. They never touch the ledger."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from betting.domain.tags import LONGEST_NOTE, LONGEST_TAG
from betting.models.bets import Result


class BetImport(models.Model):
    """One file: as it came, which column is what, and what became of its rows."""

    class Status(models.TextChoices):
        PREVIEW = "preview", "Preview"
        IMPORTED = "imported", "Imported"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bet_imports"
    )
    name = models.CharField(max_length=128)
    content = models.TextField(help_text="the CSV; emptied once it is imported")
    mapping = models.JSONField(default=dict)
    dates = models.CharField(max_length=12, default="iso")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PREVIEW)
    uploaded_at = models.DateTimeField()
    imported_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict, help_text="rows new, there before, settled, wrong")

    class Meta:
        ordering: ClassVar = ["-uploaded_at", "-pk"]

    def __str__(self) -> str:
        return self.name


class ImportedBet(models.Model):
    """A bet placed elsewhere, as its owner told it: no proof, and no money of ours."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="imported_bets"
    )
    source = models.ForeignKey(BetImport, on_delete=models.PROTECT, related_name="bets")
    row_number = models.PositiveIntegerField()
    row_key = models.CharField(max_length=64, help_text="SHA-256 of what names the bet")
    placed_at = models.DateTimeField()
    event = models.CharField(max_length=200)
    selection = models.CharField(max_length=200)
    bookmaker = models.CharField(max_length=200)
    market = models.CharField(max_length=200, blank=True)
    competition = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    price = models.DecimalField(max_digits=9, decimal_places=3)
    stake = models.DecimalField(max_digits=12, decimal_places=2)
    result = models.CharField(max_length=9, choices=Result.choices, blank=True)
    returned = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), default=list, db_default=[])
    note = models.TextField(blank=True, default="", db_default="", max_length=LONGEST_NOTE)

    class Meta:
        ordering: ClassVar = ["-placed_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "row_key"], name="imported_bet_once"),
            models.CheckConstraint(condition=Q(stake__gt=0), name="imported_stake_positive"),
            models.CheckConstraint(condition=Q(price__gt=1), name="imported_price_above_one"),
            models.CheckConstraint(
                condition=Q(result="", returned__isnull=True)
                | (~Q(result="") & Q(returned__isnull=False)),
                name="imported_result_has_a_return",
            ),
        ]
        triggers: ClassVar = [
            # A result may come with a later file; what was told once stays.
            pgtrigger.Trigger(
                name="imported_bets_stay_as_told",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'UPDATE' AND OLD.result = ''
                       AND (to_jsonb(NEW) - 'result' - 'returned')
                         = (to_jsonb(OLD) - 'result' - 'returned') THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: An imported bet stays as it was told';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.selection} at {self.price}, imported"


class QuarantinedBet(models.Model):
    """A row that is no bet, with everything that is wrong with it."""

    source = models.ForeignKey(BetImport, on_delete=models.PROTECT, related_name="quarantined")
    row_number = models.PositiveIntegerField()
    raw = models.JSONField()
    faults = models.JSONField(help_text="field, value, remedy")

    class Meta:
        ordering: ClassVar = ["source", "row_number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "row_number"], name="one_quarantine_a_row"),
        ]

    def __str__(self) -> str:
        return f"row {self.row_number} of {self.source}"
