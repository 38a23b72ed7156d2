"""What a result does to a bet's money: once, and corrected only by reversal."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery

from accounts.live import announce_bet
from betting.domain.settlement import CannotSettle, Outcome, outcome_of, payout
from betting.models import Bet, BetStatus, LedgerAccount, Result, Settlement, Transfer
from betting.selectors.bets import due_bets
from betting.selectors.money import equity_path
from betting.services.ledger import Pots, lock_accounts, pots_of, staked_from
from odds.models import EventStatus, Selection, Side
from risk.services import check_drawdown

logger = logging.getLogger(__name__)

Kind = Transfer.Kind
# How long after a result was corrected its bets are looked for.
CORRECTED_FOR = timedelta(days=7)


class BetAlreadySettled(Exception):
    """Settled before, with another result; `correct_settlement` is the way."""


class BetNotOpen(Exception):
    """The bet was rejected, or nobody knows yet whether the venue has it."""


class CorrectionNotCovered(Exception):
    """Taking back what was paid would leave less than nothing free."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did; `parked` names each bet it could not settle or correct, and why."""

    settled: int
    parked: tuple[str, ...]


@transaction.atomic
def settle_bet(*, bet_id: int, result: Result, now: datetime, by_id: int | None = None) -> Bet:
    """Settle an open bet: move its stake and winnings, and write the Settlement down.

    The same result again returns the bet and moves nothing.

    Raises:
        BetAlreadySettled: if it was settled with another result.
        BetNotOpen: if it was never accepted by the venue.
    """
    bet, pots = _locked(bet_id)
    if bet.status == BetStatus.SETTLED:
        if bet.result != result:
            raise BetAlreadySettled(
                f"Bet {bet.pk} is {bet.result}, not {result}; correct it with a reason."
            )
        return bet
    if bet.status != BetStatus.OPEN:
        raise BetNotOpen(f"Bet {bet.pk} is {bet.get_status_display().lower()}, not open.")
    _apply(bet, pots, result=result, now=now, sequence=1, reason="", by_id=by_id)
    _read_breaker(bet, now=now)
    return bet


@transaction.atomic
def correct_settlement(
    *, bet_id: int, result: Result, reason: str, now: datetime, by_id: int | None = None
) -> Bet:
    """Reverse a settlement's transfers one by one, then apply another result.

    The result it already has returns the bet and moves nothing.

    Raises:
        BetNotOpen: if it was never settled.
        CorrectionNotCovered: if the free money does not cover what must be taken back.
        ValueError: without a reason.
    """
    if not reason.strip():
        raise ValueError("reason: say why the settlement is corrected.")
    bet, pots = _locked(bet_id)
    if bet.status != BetStatus.SETTLED:
        raise BetNotOpen(f"Bet {bet.pk} is not settled; settle it instead.")
    if bet.result == result:
        return bet
    returned = bet.returned or Decimal("0.00")
    then = payout(
        stake=bet.taken_stake,
        price=bet.taken_price,
        outcome=Outcome(result),
        commission=bet.commission_share,
    )
    pot = staked_from(pots, bet.pk)
    if pot.amount < returned:
        where = "is free" if pot is pots.free else f"lies at {bet.bookmaker}"
        raise CorrectionNotCovered(
            f"{returned} must be taken back before {then.total} is returned, but only "
            f"{pot.amount} {where}; pay in the difference first."
        )
    standing_settlement = bet.settlements.count()
    standing = bet.transfers.filter(
        reference__startswith=f"bet:{bet.pk}:{standing_settlement}:", reversed_by__isnull=True
    ).order_by("pk")
    for transfer in standing:
        Transfer.objects.create(
            reference=f"{transfer.reference}:reversal",
            kind=Kind.REVERSAL,
            source_id=transfer.destination_id,
            destination_id=transfer.source_id,
            amount=transfer.amount,
            bet=bet,
            at=now,
            reverses=transfer,
        )
    _apply(
        bet,
        pots,
        result=result,
        now=now,
        sequence=standing_settlement + 1,
        reason=reason,
        by_id=by_id,
    )
    _read_breaker(bet, now=now)
    return bet


def settle_due_bets(now: datetime, *, limit: int = 500, owner_id: int | None = None) -> Sweep:
    """Settle every open bet whose event's result is known at `now`, each in its own transaction.

    A bet that cannot be settled is reported and never stops the others. A cancelled event voids
    its bets.
    """
    settled, parked = 0, []
    for bet_id in list(due_bets(now, owner_id=owner_id)[:limit]):
        try:
            settle_bet(bet_id=bet_id, result=result_of(bet_id), now=now)
            settled += 1
        except CannotSettle as reason:
            parked.append(f"bet {bet_id}: {reason}")
        except Exception as error:
            # One bad bet must not keep the others waiting.
            logger.exception("Could not settle bet %s", bet_id)
            parked.append(f"bet {bet_id}: {error}")
    return Sweep(settled, tuple(parked))


def correct_changed_results(now: datetime, *, limit: int = 500) -> Sweep:
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


def result_of(bet_id: int) -> Result:
    """Return what the event's result makes of a bet.

    Raises:
        CannotSettle: if its market or line has no rule, or there is no result.
    """
    bet = (
        Bet.objects.select_related("selection__market__event")
        .annotate(
            draw_offered=Exists(
                Selection.objects.filter(market_id=OuterRef("selection__market_id"), side=Side.DRAW)
            )
        )
        .get(pk=bet_id)
    )
    event = bet.selection.market.event
    if event.status == EventStatus.CANCELLED:
        return Result.VOID
    if event.home_score is None or event.away_score is None:
        raise CannotSettle(f"{event} has no result yet.")
    return Result(
        outcome_of(
            market_key=bet.selection.market.key,
            side=bet.selection.side,
            point=bet.selection.point,
            home_score=event.home_score,
            away_score=event.away_score,
            draw_offered=bet.draw_offered,
        ).value
    )


def _read_breaker(bet: Bet, *, now: datetime) -> None:
    check_drawdown(owner_id=bet.owner_id, path=equity_path(bet.bankroll_id), now=now)


def _locked(bet_id: int) -> tuple[Bet, Pots]:
    owner_id, bankroll_id = Bet.objects.values_list("owner_id", "bankroll_id").get(pk=bet_id)
    pots = pots_of(lock_accounts(owner_id), bankroll_id)
    return Bet.objects.get(pk=bet_id), pots


def _apply(
    bet: Bet,
    pots: Pots,
    *,
    result: Result,
    now: datetime,
    sequence: int,
    reason: str,
    by_id: int | None,
) -> None:
    paid = payout(
        stake=bet.taken_stake,
        price=bet.taken_price,
        outcome=Outcome(result),
        commission=bet.commission_share,
    )
    pot = staked_from(pots, bet.pk)
    legs: list[tuple[str, LedgerAccount, LedgerAccount, Decimal]] = [
        (Kind.RETURN, pots.at_risk, pot, paid.returned),
        (Kind.LOSS, pots.at_risk, pots.house, paid.forfeited),
        (Kind.WINNINGS, pots.house, pot, paid.winnings),
    ]
    for kind, source, destination, amount in legs:
        if amount > 0:
            Transfer.objects.create(
                reference=f"bet:{bet.pk}:{sequence}:{kind}",
                kind=kind,
                source=source,
                destination=destination,
                amount=amount,
                bet=bet,
                at=now,
            )
    Settlement.objects.create(
        bet=bet,
        sequence=sequence,
        result=result,
        returned=paid.total,
        at=now,
        reason=reason,
        by_id=by_id,
    )
    bet.status = BetStatus.SETTLED
    bet.result = result
    bet.returned = paid.total
    bet.settled_at = now
    bet.save(update_fields=["status", "result", "returned", "settled_at"])
    announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
