"""Settlements put right: reversed transfer by transfer, applied anew, and told to the bettor."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from betting.domain.settlement import DeadHeat
from betting.models import Bet, BetStatus, Result, Settlement
from betting.services.alerting import tell_of_correction
from betting.services.payouts import Ruling, apply, audit_ruling, reverse
from betting.services.pots import staked_from
from betting.services.settlement import BetNotOpen, Sweep, locked, result_of, stands

logger = logging.getLogger(__name__)

# How long after a result was corrected its bets are looked for.
CORRECTED_FOR = timedelta(days=7)


class CorrectionNotCovered(Exception):
    """Taking back what was paid would leave less than nothing."""


@transaction.atomic
def correct_settlement(
    *,
    bet_id: int,
    result: Result,
    reason: str,
    now: datetime,
    dead_heat: DeadHeat | None = None,
    by_id: int | None = None,
) -> Bet:
    """Reverse a settlement's transfers one by one, apply another result, and leave a notice.

    The result it already has returns the bet and moves nothing.

    Raises:
        BetNotOpen: if it was never settled.
        CannotSettle: for a dead heat without how many tied.
        CorrectionNotCovered: if the pot it was paid into does not cover what must be taken back.
        ValueError: without a reason.
    """
    if not reason.strip():
        raise ValueError("reason: say why the settlement is corrected.")
    bet, pots = locked(bet_id)
    if bet.status != BetStatus.SETTLED:
        raise BetNotOpen(f"Bet {bet.pk} is not settled; settle it instead.")
    if stands(bet, Result(result), dead_heat):
        return bet
    sequence = bet.settlements.count()
    ruling = Ruling(Result(result), dead_heat, sequence + 1, reason, by_id)
    before, returned = bet.result, bet.returned or Decimal("0.00")
    pot = staked_from(pots, bet.pk)
    if pot.amount < returned:
        where = "is free" if pot is pots.free else f"lies at {bet.bookmaker}"
        raise CorrectionNotCovered(
            f"{returned} must be taken back before anything is returned, but only {pot.amount} "
            f"{where}; pay in the difference first."
        )
    reverse(bet, sequence, now=now)
    apply([(bet, ruling)], {bet.bankroll_id: pots}, now=now)
    tell_of_correction(bet, before=before, returned=returned, reason=reason, now=now)
    audit_ruling("corrected settlement", bet, ruling, at=now)
    return bet


def correct_changed_results(
    now: datetime, *, limit: int = 500, event_id: int | None = None
) -> Sweep:
    """Correct every bet that settled before its event's result was corrected, lately.

    A bet whose settlement a person decided is left as it is. One whose winnings were spent is
    reported, and tried again.
    """
    latest = Settlement.objects.filter(bet=OuterRef("pk")).order_by("-sequence")
    changed = (
        Bet.objects.filter(
            status=BetStatus.SETTLED,
            settled_at__lt=F("selection__market__event__result_seen_at"),
            selection__market__event__result_seen_at__range=(now - CORRECTED_FOR, now),
        )
        .annotate(decided_by=Subquery(latest.values("by_id")[:1]))
        .filter(decided_by__isnull=True)
        .order_by("pk")
        .values_list("pk", "result")
    )
    if event_id is not None:
        changed = changed.filter(selection__market__event_id=event_id)
    corrected, parked = 0, []
    for bet_id, standing in list(changed[:limit]):
        try:
            result = result_of(bet_id)
            if result == standing:
                continue
            correct_settlement(
                bet_id=bet_id, result=result, reason="The event's result was corrected.", now=now
            )
            corrected += 1
        except Exception as error:
            # One bad bet must not keep the others waiting.
            logger.exception("Could not correct bet %s", bet_id)
            parked.append(f"bet {bet_id}: {error}")
    return Sweep(corrected, tuple(parked))
