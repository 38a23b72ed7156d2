"""A public record of bets, committed before their events start, each chained to the one before."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from accounts.models.kept import untruncated
from betting.models.bets import Bet

WRITTEN = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


class TrackRecord(models.Model):
    """Somebody's record, shown to whoever has its address while it is public."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="track_record"
    )
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9-]{2,39}$",
                "Address: use 3 to 40 small letters, digits and dashes, such as my-record.",
            )
        ],
    )
    title = models.CharField(max_length=64)
    is_public = models.BooleanField(default=False)
    opened_at = models.DateTimeField(help_text="bets accepted from then on are committed")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class Commitment(models.Model):
    """A bet committed to before its event starts. The database numbers, dates and chains it."""

    record = models.ForeignKey(TrackRecord, on_delete=models.PROTECT, related_name="commitments")
    bet = models.OneToOneField(Bet, on_delete=models.PROTECT, related_name="commitment")
    number = models.PositiveIntegerField()
    content = models.TextField(help_text="JSON of what was bet; shown once the event starts")
    salt = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    starts_at = models.DateTimeField(help_text="of the event, as it was known then")
    written_at = models.DateTimeField(help_text="by the clock of the database")
    commitment = models.CharField(max_length=64, help_text="SHA-256 of salt and content")
    chain = models.CharField(max_length=64, help_text="SHA-256 with the one before")

    class Meta:
        ordering: ClassVar = ["record", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "number"], name="one_commitment_a_number"),
            models.CheckConstraint(
                condition=models.Q(committed_at__lt=models.F("starts_at")),
                name="committed_before_the_start",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="commitments_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            untruncated("betting_commitment"),
            # The record's row is held, so whoever comes second finds this one and follows it.
            pgtrigger.Trigger(
                name="commitments_are_chained",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last", "record"), ("begins", "timestamptz")],
                func=f"""
                    SELECT e.starts_at INTO begins FROM betting_bet b
                    JOIN odds_selection s ON s.id = b.selection_id
                    JOIN odds_market m ON m.id = s.market_id
                    JOIN odds_event e ON e.id = m.event_id
                    JOIN betting_trackrecord r ON r.owner_id = b.owner_id
                    WHERE b.id = NEW.bet_id AND r.id = NEW.record_id;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'pgtrigger: A record takes its owner''s bets only';
                    END IF;
                    IF NEW.starts_at <> begins THEN
                        RAISE EXCEPTION 'pgtrigger: The start is the event''s, %', begins;
                    END IF;
                    PERFORM 1 FROM betting_trackrecord WHERE id = NEW.record_id FOR NO KEY UPDATE;
                    SELECT number, chain, committed_at INTO last FROM betting_commitment
                    WHERE record_id = NEW.record_id ORDER BY number DESC LIMIT 1;
                    IF NEW.committed_at < last.committed_at THEN
                        RAISE EXCEPTION 'pgtrigger: A commitment is not made before the last one';
                    END IF;
                    NEW.number := coalesce(last.number, 0) + 1;
                    NEW.written_at := clock_timestamp();
                    NEW.commitment := encode(sha256(convert_to(
                        NEW.salt || NEW.content, 'UTF8')), 'hex');
                    NEW.chain := encode(sha256(convert_to(concat_ws('|',
                        coalesce(last.chain, ''), NEW.number, NEW.commitment,
                        {WRITTEN.format("NEW.committed_at")},
                        {WRITTEN.format("NEW.starts_at")},
                        {WRITTEN.format("NEW.written_at")}), 'UTF8')), 'hex');
                    RETURN NEW;
                """,  # noqa: S608 - names of ours alone
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record} number {self.number}"
