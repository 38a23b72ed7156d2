"""Money: pots and the transfers between them."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Bankroll(models.Model):
    """Money set aside for betting, in one currency."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bankrolls"
    )
    name = models.CharField(max_length=48, default="Main")
    currency = models.CharField(max_length=3, default="EUR")
    opened_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["owner", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="bankroll_named_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class LedgerAccount(models.Model):
    """A pot of a bankroll. Its amount is kept by a trigger on Transfer, never by Python."""

    class Kind(models.TextChoices):
        FREE = "free", "Free"
        AT_RISK = "at_risk", "At risk"
        HOUSE = "house", "House (the bookmakers)"
        WORLD = "world", "World (deposits and withdrawals)"

    bankroll = models.ForeignKey(Bankroll, on_delete=models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        ordering: ClassVar = ["bankroll", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bankroll", "kind"], name="one_pot_a_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=["house", "world"]) | Q(amount__gte=0),
                name="own_money_never_negative",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["free", "at_risk", "house", "world"]), name="pot_kind_known"
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
                    IF TG_OP = 'DELETE' OR pg_trigger_depth() < 2 OR NEW.kind <> OLD.kind
                       OR NEW.bankroll_id <> OLD.bankroll_id THEN
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
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.bankroll}"


class Transfer(models.Model):
    """Money moved from one pot to another of the same bankroll. Never changed."""

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", "Deposit"
        WITHDRAWAL = "withdrawal", "Withdrawal"
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

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
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
            pgtrigger.Trigger(
                name="transfers_are_not_truncated",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'pgtrigger: Cannot truncate betting_transfer rows';",
            ),
            # The pots follow the transfers, whoever writes them.
            pgtrigger.Trigger(
                name="transfers_move_the_pots",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    IF (SELECT bankroll_id FROM betting_ledgeraccount WHERE id = NEW.source_id)
                       <> (SELECT bankroll_id FROM betting_ledgeraccount
                           WHERE id = NEW.destination_id) THEN
                        RAISE EXCEPTION 'pgtrigger: A transfer stays in its bankroll';
                    END IF;
                    UPDATE betting_ledgeraccount SET amount = amount - NEW.amount
                    WHERE id = NEW.source_id;
                    UPDATE betting_ledgeraccount SET amount = amount + NEW.amount
                    WHERE id = NEW.destination_id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount}"
