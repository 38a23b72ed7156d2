"""Who did what, chained so that nothing can be changed afterwards without it being seen."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.kept import untruncated


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
    written_in = models.BigIntegerField(
        null=True, help_text="the database's transaction, whose entries are sealed together"
    )
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
            models.Index(
                fields=["written_in"], name="audit_to_seal", condition=Q(number__isnull=True)
            ),
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
                    NEW.written_in := pg_current_xact_id()::text::bigint;
                    NEW.number := NULL;
                    NEW.hash := '';
                    RETURN NEW;
                """,
            ),
            # Deferred: the head is held from here to the end of the commit, and no longer. The
            # first entry of a transaction seals all of them: a head that one transaction moves n
            # times takes time in n squared. What was written past the chain stays out.
            pgtrigger.Trigger(
                name="audit_is_sealed",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("head", "record"), ("entry", "record")],
                func=f"""
                    SELECT number INTO entry FROM accounts_auditentry WHERE id = NEW.id;
                    IF entry.number IS NOT NULL THEN
                        RETURN NULL;
                    END IF;
                    INSERT INTO accounts_audithead (id, number, hash) VALUES (1, 0, '')
                    ON CONFLICT (id) DO NOTHING;
                    SELECT number, hash INTO head FROM accounts_audithead
                    WHERE id = 1 FOR UPDATE;
                    FOR entry IN
                        SELECT * FROM accounts_auditentry
                        WHERE written_in = NEW.written_in AND number IS NULL ORDER BY id
                    LOOP
                        head.number := head.number + 1;
                        head.hash := {link("entry", "head.number", "head.hash")};
                        UPDATE accounts_auditentry SET number = head.number, hash = head.hash
                        WHERE id = entry.id;
                    END LOOP;
                    UPDATE accounts_audithead SET number = head.number, hash = head.hash
                    WHERE id = 1;
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
