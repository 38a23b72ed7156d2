"""Money: pots and the transfers between them, each chained to the one before."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models.kept import untruncated
from odds.models import Bookmaker


def link(row: str, previous: str) -> str:
    """Return the SQL of a transfer's hash: SHA-256 over the hash before it and all it says.

    The reference comes last, since it alone may hold the separator.
    """
    said = (
        f"{row}.bankroll_id",
        f"{row}.number",
        f"{row}.kind",
        f"{row}.source_id",
        f"{row}.destination_id",
        f"{row}.amount",
        f"coalesce({row}.bet_id::text, '')",
        f"""to_char({row}.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        f"coalesce({row}.reverses_id::text, '')",
        f"{row}.reference",
    )
    return (
        f"encode(sha256(convert_to(concat_ws('|', coalesce({previous}, ''), {', '.join(said)}), "
        "'UTF8')), 'hex')"
    )


class Bankroll(models.Model):
    """Money set aside for betting, in one currency."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bankrolls"
    )
    name = models.CharField(max_length=48, default="Main")
    currency = models.CharField(max_length=3, default="EUR")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, help_text="empty then; nothing moves into it")

    class Meta:
        ordering: ClassVar = ["owner", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="bankroll_named_once")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="a_bankroll_keeps_owner_and_currency",
                operation=pgtrigger.UpdateOf("owner_id", "currency", "opened_at")  # type: ignore[no-untyped-call]
                | pgtrigger.Delete,
            ),
            untruncated("betting_bankroll"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class LedgerAccount(models.Model):
    """A pot of a bankroll. Its amount is kept by a trigger on Transfer, never by Python.

    Four of them come with the bankroll. One more a bookmaker holds what lies there, where the
    bettor keeps account of it; stakes at all other bookmakers are out of the free pot.
    """

    class Kind(models.TextChoices):
        FREE = "free", "Free"
        BOOK = "book", "At a bookmaker"
        AT_RISK = "at_risk", "At risk"
        HOUSE = "house", "House (the bookmakers)"
        WORLD = "world", "World (deposits and withdrawals)"

    bankroll = models.ForeignKey(Bankroll, on_delete=models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    bookmaker = models.ForeignKey(
        Bookmaker, on_delete=models.PROTECT, null=True, related_name="pots"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    closed_at = models.DateTimeField(
        null=True, help_text="of a pot at a bookmaker: stakes there are out of the free pot again"
    )

    class Meta:
        ordering: ClassVar = ["bankroll", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bankroll", "kind", "bookmaker"],
                name="one_pot_a_kind_and_bookmaker",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["house", "world"]) | Q(amount__gte=0),
                name="own_money_never_negative",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["free", "book", "at_risk", "house", "world"]),
                name="pot_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="book", bookmaker__isnull=False)
                | ~Q(kind="book") & Q(bookmaker__isnull=True, closed_at__isnull=True),
                name="only_a_pot_at_a_bookmaker_names_one",
            ),
            # numeric accepts NaN, which sorts above everything.
            models.CheckConstraint(
                condition=Q(amount__lt=10**12, amount__gt=-(10**12)), name="amount_is_finite"
            ),
        ]
        triggers: ClassVar = [
            # Only the trigger on Transfer may move a pot: it runs one level down.
            pgtrigger.Trigger(
                name="pots_follow_transfers_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE'
                       OR (NEW.amount <> OLD.amount AND pg_trigger_depth() < 2)
                       OR (NEW.id, NEW.kind, NEW.bankroll_id, NEW.bookmaker_id)
                          IS DISTINCT FROM
                          (OLD.id, OLD.kind, OLD.bankroll_id, OLD.bookmaker_id) THEN
                        RAISE EXCEPTION 'pgtrigger: Pots change by transfers only';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="pots_start_empty",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.amount <> 0"),
                func="RAISE EXCEPTION 'pgtrigger: A pot starts empty';",
            ),
            untruncated("betting_ledgeraccount"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.bankroll}"


class Transfer(models.Model):
    """Money moved from one pot to another of the same bankroll. Never changed.

    The database itself writes down the bankroll, the number in it and the hash, so that no writer
    can leave one out or begin a second chain.
    """

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        WITHDRAWAL = "withdrawal", "Withdrawal"
        TO_BOOK = "to_book", "To a bookmaker"
        FROM_BOOK = "from_book", "From a bookmaker"
        STAKE = "stake", "Stake"
        RETURN = "return", "Stake returned"
        WINNINGS = "winnings", "Winnings"
        LOSS = "loss", "Stake lost"
        REVERSAL = "reversal", "Reversal"

    reference = models.CharField(max_length=96, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="transfers_out"
    )
    destination = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="transfers_in"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    bet = models.ForeignKey(
        "betting.Bet", on_delete=models.PROTECT, null=True, related_name="transfers"
    )
    at = models.DateTimeField()
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )

    bankroll = models.ForeignKey(Bankroll, on_delete=models.PROTECT, related_name="transfers")
    number = models.PositiveIntegerField(help_text="in its bankroll, from 1, without a gap")
    hash = models.CharField(max_length=64, help_text="SHA-256 over the hash before and this row")

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        indexes: ClassVar = [models.Index(fields=["bankroll", "at"], name="transfer_of_a_period")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bankroll", "number"], name="one_chain_a_bankroll"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lt=10**12), name="transfer_amount_positive"
            ),
            models.CheckConstraint(
                condition=~Q(source=F("destination")), name="transfer_moves_money"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="transfers_are_immutable", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            untruncated("betting_transfer"),
            # The bankroll's row is held, so whoever comes second finds this one and follows it.
            pgtrigger.Trigger(
                name="transfers_are_chained",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last", "record")],
                func=f"""
                    SELECT s.bankroll_id INTO NEW.bankroll_id
                    FROM betting_ledgeraccount s
                    JOIN betting_ledgeraccount d ON d.bankroll_id = s.bankroll_id
                    WHERE s.id = NEW.source_id AND d.id = NEW.destination_id;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'pgtrigger: A transfer stays in its bankroll';
                    END IF;
                    PERFORM 1 FROM betting_bankroll WHERE id = NEW.bankroll_id FOR NO KEY UPDATE;
                    SELECT number, hash INTO last FROM betting_transfer
                    WHERE bankroll_id = NEW.bankroll_id ORDER BY number DESC LIMIT 1;
                    NEW.number := coalesce(last.number, 0) + 1;
                    NEW.hash := {link("NEW", "last.hash")};
                    RETURN NEW;
                """,  # noqa: S608 - names of ours alone
            ),
            # The pots follow the transfers, whoever writes them; each once a statement.
            pgtrigger.Trigger(
                name="transfers_move_the_pots",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="moved"),  # type: ignore[no-untyped-call]
                func="""
                    UPDATE betting_ledgeraccount pot SET amount = pot.amount + change.amount
                    FROM (SELECT account, sum(amount) AS amount FROM (
                              SELECT destination_id AS account, amount FROM moved
                              UNION ALL SELECT source_id, -amount FROM moved) both_sides
                          GROUP BY account) change
                    WHERE pot.id = change.account;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount}"
