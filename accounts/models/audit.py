"""Who did what, chained so that nothing can be changed afterwards without it being seen."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


def link(row: str, number: str, previous: str) -> str:
    """Return the SQL of an entry's hash: SHA-256 over the hash before it and all it says.

    Said as one JSON array in the database's own spelling, which sorts the keys of objects.
    """
    moment = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    said = (
        number,
        f"{row}.id",
        moment.format(f"{row}.at"),
        moment.format(f"{row}.written_at"),
        f"{row}.actor_id",
        f"{row}.action",
        f"{row}.subject",
        f"{row}.detail",
        f"{row}.before",
        f"{row}.after",
        f"{row}.address",
        f"{row}.via",
        f"{row}.request_id",
    )
    return (
        f"encode(sha256(convert_to({previous} || jsonb_build_array({', '.join(said)})::text, "
        "'UTF8')), 'hex')"
    )


def untruncated(table: str) -> pgtrigger.Trigger:
    """Return the trigger that keeps a table from being emptied."""
    return pgtrigger.Trigger(
        name=f"{table.removeprefix('accounts_')}_is_not_truncated",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION 'pgtrigger: Cannot truncate {table} rows';",
    )


class AuditEntry(models.Model):
    """One thing somebody, or a job, did that an operator may have to explain. Never changed.

    The database itself gives the number and the hash, as the very last of the transaction: who
    writes an entry early holds up nobody, and the numbers are in the order of the commits.
    """

    at = models.DateTimeField(help_text="in the world's time, which a simulation may run ahead")
    written_at = models.DateTimeField(db_default=Now(), help_text="by the database's own clock")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="audit_entries"
    )
    action = models.CharField(max_length=64, help_text="verb phrase, e.g. 'promoted version'")
    subject = models.CharField(max_length=128, help_text="what it was done to, e.g. 'nba-h2h v3'")
    detail = models.JSONField(default=dict)
    before = models.JSONField(null=True, help_text="what changed, as it was")
    after = models.JSONField(null=True, help_text="what changed, as it is now")
    address = models.CharField(max_length=45, blank=True, help_text="the IP address asked from")
    via = models.CharField(
        max_length=96, blank=True, help_text="session and its print, key, job or command"
    )
    request_id = models.CharField(max_length=64, blank=True)
    number = models.PositiveBigIntegerField(
        null=True, unique=True, help_text="in the chain, from 1, without a gap"
    )
    hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 over the hash before and this entry"
    )

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_latest"),
            models.Index(fields=["actor", "-at"], name="audit_of_a_person"),
            models.Index(fields=["action", "-at"], name="audit_of_an_action"),
        ]
        verbose_name_plural = "audit entries"
        triggers: ClassVar = [
            # The one change there is: the seal, which runs one level down.
            pgtrigger.Trigger(
                name="audit_is_append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND OLD.number IS NULL
                       AND to_jsonb(NEW) - 'number' - 'hash' = to_jsonb(OLD) - 'number' - 'hash'
                    THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table',
                        TG_TABLE_NAME;
                """,
            ),
            untruncated("accounts_auditentry"),
            pgtrigger.Trigger(
                name="audit_begins_unsealed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    NEW.written_at := clock_timestamp();
                    NEW.number := NULL;
                    NEW.hash := '';
                    RETURN NEW;
                """,
            ),
            # Deferred: the head is held from here to the end of the commit, and no longer.
            pgtrigger.Trigger(
                name="audit_is_sealed",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("head", "record")],
                func=f"""
                    INSERT INTO accounts_audithead (id, number, hash) VALUES (1, 0, '')
                    ON CONFLICT (id) DO NOTHING;
                    SELECT number + 1 AS next, hash INTO head FROM accounts_audithead
                    WHERE id = 1 FOR UPDATE;
                    UPDATE accounts_auditentry e
                    SET number = head.next, hash = {link("e", "head.next", "head.hash")}
                    WHERE e.id = NEW.id;
                    UPDATE accounts_audithead h SET number = e.number, hash = e.hash
                    FROM accounts_auditentry e WHERE h.id = 1 AND e.id = NEW.id;
                    RETURN NULL;
                """,  # noqa: S608 - names of ours alone
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor or 'system'}: {self.action} {self.subject}"


class AuditHead(models.Model):
    """Where the chain of audit entries stands: one row, which whoever seals an entry holds."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "head of the audit chain"
        verbose_name_plural = "head of the audit chain"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="one_head_of_the_audit_chain")
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="the_head_follows_entries_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR pg_trigger_depth() < 2 THEN
                        RAISE EXCEPTION 'pgtrigger: The head follows the audit entries only';
                    END IF;
                    RETURN NEW;
                """,
            ),
            untruncated("accounts_audithead"),
        ]

    def __str__(self) -> str:
        return f"entry {self.number}, {self.hash[:16]}"
