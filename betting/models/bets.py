"""Stakes taken, and what became of them."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models.kept import untruncated
from betting.domain.tags import LONGEST_NOTE, LONGEST_TAG
from betting.models.ledger import Bankroll
from betting.models.strategies import Opportunity
from odds.models import Bookmaker, Selection
from risk.domain.kelly import net_price
from risk.models import Assessment


class BetStatus(models.TextChoices):
    PLACING = "placing", "Placing"  # committed before the venue is called
    PENDING = "pending", "Pending"  # the venue has it and has not decided
    OPEN = "open", "Open"
    REJECTED = "rejected", "Rejected by the venue"
    CANCELLED = "cancelled", "Cancelled"  # nothing of it was matched
    SETTLED = "settled", "Settled"


# A bet's request key begins so where a strategy placed it for who follows it.
FOLLOWING = "follow:"
# Whose stakes are at risk, and whose were given back whole.
AT_RISK = (BetStatus.PLACING, BetStatus.PENDING, BetStatus.OPEN)
UNANSWERED = (BetStatus.PLACING, BetStatus.PENDING)
NOT_TAKEN = (BetStatus.REJECTED, BetStatus.CANCELLED)
MATCHED = (BetStatus.OPEN, BetStatus.SETTLED)


class Result(models.TextChoices):
    WON = "won", "Won"
    HALF_WON = "half_won", "Half won"
    PUSH = "push", "Push"
    VOID = "void", "Void"
    HALF_LOST = "half_lost", "Half lost"
    LOST = "lost", "Lost"
    DEAD_HEAT = "dead_heat", "Dead heat"


class Bet(models.Model):
    """A stake taken at a venue. What it paid is in Settlement and the ledger.

    `stake` and `price` are what was asked (the price is the least accepted); what the venue
    matched of it, known once the bet is open, is `matched_stake` at `matched_price`.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bets"
    )
    bankroll = models.ForeignKey(Bankroll, on_delete=models.PROTECT, related_name="bets")
    request_key = models.CharField(max_length=96)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked")
    venue = models.CharField(max_length=16, default="paper")
    venue_reference = models.CharField(max_length=64, blank=True)
    selection = models.ForeignKey(Selection, on_delete=models.PROTECT, related_name="bets")
    bookmaker = models.ForeignKey(Bookmaker, on_delete=models.PROTECT, related_name="bets")
    opportunity = models.ForeignKey(
        Opportunity, on_delete=models.PROTECT, null=True, related_name="bets"
    )
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="bets")
    price = models.DecimalField(max_digits=9, decimal_places=3)
    commission_share = models.DecimalField(
        max_digits=5, decimal_places=4, help_text="of net winnings, as it was when it was placed"
    )
    stake = models.DecimalField(max_digits=12, decimal_places=2)
    fair_probability = models.FloatField(null=True, help_text="believed when it was placed")
    matched_stake = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    # An exchange gives the average of all that was matched.
    matched_price = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    status = models.CharField(max_length=9, choices=BetStatus.choices, default=BetStatus.PLACING)
    placed_at = models.DateTimeField()
    result = models.CharField(max_length=9, choices=Result.choices, blank=True)
    returned = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    settled_at = models.DateTimeField(null=True)
    rejection = models.TextField(blank=True)
    rejection_code = models.CharField(
        max_length=24, blank=True, help_text="why it was rejected or cancelled"
    )
    look_ups = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, help_text="when it is looked up again")
    missing_since = models.DateTimeField(
        null=True, help_text="when its venue first said it never received it"
    )
    cancel_asked_at = models.DateTimeField(null=True)
    clv = models.FloatField(null=True, help_text="price x fair closing probability - 1")
    clv_note = models.CharField(
        max_length=128, blank=True, help_text="why there is no CLV, or from which other line"
    )

    # The database writes it: which transaction did last (betting/selectors/columns.py).
    changed = models.BigIntegerField(null=True, editable=False)

    # What its owner writes on it; left out, the database takes nothing.
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), default=list, db_default=[])
    note = models.TextField(blank=True, default="", db_default="", max_length=LONGEST_NOTE)

    class Meta:
        ordering: ClassVar = ["-placed_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-placed_at"], name="bet_by_owner"),
            models.Index(fields=["owner", "changed"], name="bet_changed"),
            models.Index(fields=["owner", "settled_at"], name="bet_settled"),
            models.Index(fields=["status"], condition=~Q(status="settled"), name="bet_unsettled"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "request_key"], name="bet_request_key_once"),
            models.CheckConstraint(
                condition=Q(stake__gt=0, stake__lt=10**10), name="bet_stake_positive"
            ),
            models.CheckConstraint(
                condition=Q(price__gt=1, price__lte=1001), name="bet_price_above_one"
            ),
            models.CheckConstraint(
                condition=Q(commission_share__gte=0, commission_share__lt=1),
                name="bet_commission_is_a_share",
            ),
            models.CheckConstraint(
                condition=~Q(status="settled")
                | (
                    # A comparison with null is neither true nor false, so a check lets it pass.
                    Q(returned__isnull=False, returned__gte=0, settled_at__isnull=False)
                    & ~Q(result="")
                ),
                name="settled_bet_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(status__in=BetStatus.values), name="bet_status_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=MATCHED,
                    matched_stake__isnull=False,
                    matched_stake__gt=0,
                    matched_stake__lte=F("stake"),
                    matched_price__isnull=False,
                    matched_price__gt=1,
                    matched_price__lte=1001,
                )
                | (
                    ~Q(status__in=MATCHED)
                    & Q(matched_stake__isnull=True, matched_price__isnull=True)
                ),
                name="bet_is_matched_once_open",
            ),
            models.CheckConstraint(
                condition=Q(result__in=["", *Result.values]), name="bet_result_known"
            ),
        ]
        triggers: ClassVar = [
            # What was staked on what, at which price, is evidence; only what became of it moves.
            pgtrigger.Protect(
                name="what_was_staked_never_changes",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]
                    "owner_id",
                    "bankroll_id",
                    "request_key",
                    "fingerprint",
                    "venue",
                    "selection_id",
                    "bookmaker_id",
                    "assessment_id",
                    "price",
                    "commission_share",
                    "stake",
                    "placed_at",
                )
                | pgtrigger.Delete,
            ),
            pgtrigger.Protect(
                name="what_was_matched_never_changes",
                operation=pgtrigger.UpdateOf("matched_stake", "matched_price"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("OLD.matched_stake IS NOT NULL"),
            ),
            pgtrigger.Trigger(
                name="who_changed_it_last",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="NEW.changed := pg_current_xact_id()::text::bigint; RETURN NEW;",
            ),
            untruncated("betting_bet"),
        ]

    def __str__(self) -> str:
        return f"{self.taken_stake} on {self.selection} at {self.taken_price.normalize():f}"

    @property
    def taken_stake(self) -> Decimal:
        """What the venue matched of the stake; until it answers, all that was asked."""
        return self.stake if self.matched_stake is None else self.matched_stake

    @property
    def taken_price(self) -> Decimal:
        """The price matched; until the venue answers, the least accepted."""
        return self.price if self.matched_price is None else self.matched_price

    @property
    def is_followed(self) -> bool:
        """Whether a strategy placed it for its owner, who follows it."""
        return self.request_key.startswith(FOLLOWING)

    @property
    def net_price(self) -> float:
        """The price taken, after the commission it was taken at."""
        return net_price(self.taken_price, self.commission_share)


class Settlement(models.Model):
    """A result applied to a bet. A correction is a row with the next sequence. Never changed.

    In a dead heat `tied` shared fewer `places`.
    """

    bet = models.ForeignKey(Bet, on_delete=models.PROTECT, related_name="settlements")
    sequence = models.PositiveSmallIntegerField()
    result = models.CharField(max_length=9, choices=Result.choices)
    tied = models.PositiveSmallIntegerField(null=True)
    places = models.PositiveSmallIntegerField(null=True)
    returned = models.DecimalField(max_digits=14, decimal_places=2)
    at = models.DateTimeField()
    reason = models.TextField(blank=True, help_text="for a correction: why")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["bet", "sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bet", "sequence"], name="one_settlement_at_a_time"),
            models.CheckConstraint(
                condition=Q(result__in=Result.values), name="settlement_result_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    result="dead_heat",
                    tied__isnull=False,
                    places__isnull=False,
                    places__gte=1,
                    tied__gt=F("places"),
                )
                | ~Q(result="dead_heat") & Q(tied__isnull=True, places__isnull=True),
                name="a_dead_heat_says_how_many_tied",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="settlements_are_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            untruncated("betting_settlement"),
        ]

    def __str__(self) -> str:
        return f"{self.bet}: {self.result}"
