"""What a result does to a bet's money: once, a slate at a time."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from betting.domain.settlement import (
    CannotSettle,
    DeadHeat,
    outcome_abandoned,
    outcome_of,
)
from betting.models import Bet, BetStatus, Result, Transfer
from betting.selectors.bets import due_bets
from betting.selectors.stakes import draw_is_offered
from betting.services.payouts import Ruling, apply, audit_ruling
from betting.services.pots import Pots, lock_accounts, pots_of
from odds.models import EventStatus

logger = logging.getLogger(__name__)

Kind = Transfer.Kind


class BetAlreadySettled(Exception):
    """Settled before, with another result; `correct_settlement` is the way."""


class BetNotOpen(Exception):
    """The bet was rejected, or nobody knows yet whether the venue has it."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did; `parked` names each bet it could not settle or correct, and why."""

    settled: int
    parked: tuple[str, ...]


@transaction.atomic
def settle_bet(
    *,
    bet_id: int,
    result: Result,
    now: datetime,
    dead_heat: DeadHeat | None = None,
    by_id: int | None = None,
    reason: str = "",
) -> Bet:
    """Settle an open bet: move its stake and winnings, and write the Settlement down.

    The same result again returns the bet and moves nothing.

    Raises:
        BetAlreadySettled: if it was settled with another result.
        BetNotOpen: if it was never accepted by the venue.
        CannotSettle: for a dead heat without how many tied.
    """
    bet, pots = locked(bet_id)
    if bet.status == BetStatus.SETTLED:
        if not stands(bet, Result(result), dead_heat):
            raise BetAlreadySettled(
                f"Bet {bet.pk} is {bet.result}, not {result}; correct it with a reason."
            )
        return bet
    if bet.status != BetStatus.OPEN:
        raise BetNotOpen(f"Bet {bet.pk} is {bet.get_status_display().lower()}, not open.")
    ruling = Ruling(Result(result), dead_heat, reason=reason, by_id=by_id)
    apply([(bet, ruling)], {bet.bankroll_id: pots}, now=now)
    if by_id is not None:
        audit_ruling("settled bet by hand", bet, ruling, at=now)
    return bet


def settle_due_bets(
    now: datetime, *, limit: int = 2000, owner_id: int | None = None, event_id: int | None = None
) -> Sweep:
    """Settle every open bet whose event's result is known at `now`, a person's in one transaction.

    What no rule settles is reported and never stops the others; where writing a person's slate
    fails, its bets are settled one by one.
    """
    due = due_bets(now, owner_id=owner_id, event_id=event_id)
    found = sorted(due.values_list("owner_id", "pk")[:limit])
    settled, parked = 0, list[str]()
    for _, of_owner in groupby(found, key=itemgetter(0)):
        bet_ids = [bet_id for _, bet_id in of_owner]
        try:
            sweep = _settle_slate(bet_ids, now=now)
        except Exception:
            logger.exception("Could not settle %s bets at once", len(bet_ids))
            sweep = _settle_each(bet_ids, now=now)
        settled += sweep.settled
        parked += sweep.parked
    return Sweep(settled, tuple(parked))


@transaction.atomic
def _settle_slate(bet_ids: Sequence[int], *, now: datetime) -> Sweep:
    """Settle bets of one person. A fixed number of queries, however many they are."""
    accounts = lock_accounts(Bet.objects.values_list("owner_id", flat=True).get(pk=bet_ids[0]))
    # Read under the lock: another worker may have settled some of them meanwhile.
    still_open = Bet.objects.filter(pk__in=bet_ids, status=BetStatus.OPEN)
    ruled: list[tuple[Bet, Ruling]] = []
    parked: list[str] = []
    for bet, draw_offered in _with_events(still_open):
        try:
            ruled.append((bet, Ruling(_result(bet, draw_offered=draw_offered))))
        except CannotSettle as reason:
            parked.append(f"bet {bet.pk}: {reason}")
    pots = {b: pots_of(accounts, b) for b in {bet.bankroll_id for bet, _ in ruled}}
    apply(ruled, pots, now=now)
    return Sweep(len(ruled), tuple(parked))


def _settle_each(bet_ids: Iterable[int], *, now: datetime) -> Sweep:
    settled, parked = 0, list[str]()
    for bet_id in bet_ids:
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


def result_of(bet_id: int) -> Result:
    """Return what the event's result makes of a bet.

    Raises:
        CannotSettle: if its market or line has no rule, or there is no result.
    """
    [(bet, draw_offered)] = _with_events(Bet.objects.filter(pk=bet_id))
    return _result(bet, draw_offered=draw_offered)


def _with_events(wanted: QuerySet[Bet]) -> list[tuple[Bet, bool]]:
    """Return bets with their events, and whether their market offers the draw."""
    found = wanted.select_related("selection__market__event").annotate(
        draw_offered=draw_is_offered("selection__market_id")
    )
    return [(bet, bet.draw_offered) for bet in found.order_by("pk")]


def _result(bet: Bet, *, draw_offered: bool) -> Result:
    event = bet.selection.market.event
    if event.status in (EventStatus.CANCELLED, EventStatus.POSTPONED):
        return Result.VOID
    if event.home_score is None or event.away_score is None:
        if event.status == EventStatus.ABANDONED:
            return Result.VOID
        raise CannotSettle(f"{event} has no result yet.")
    asked: dict[str, Any] = {
        "market_key": bet.selection.market.key,
        "side": bet.selection.side,
        "point": bet.selection.point,
        "home_score": event.home_score,
        "away_score": event.away_score,
    }
    if event.status == EventStatus.ABANDONED:
        return Result(outcome_abandoned(**asked).value)
    return Result(outcome_of(**asked, draw_offered=draw_offered).value)


def locked(bet_id: int) -> tuple[Bet, Pots]:
    """Return a bet and its bankroll's pots under the owner's lock."""
    owner_id, bankroll_id = Bet.objects.values_list("owner_id", "bankroll_id").get(pk=bet_id)
    pots = pots_of(lock_accounts(owner_id), bankroll_id)
    return Bet.objects.get(pk=bet_id), pots


def stands(bet: Bet, result: Result, dead_heat: DeadHeat | None) -> bool:
    """Return whether a settled bet has exactly this result, of a dead heat the same one."""
    if bet.result != result or result != Result.DEAD_HEAT:
        return bet.result == result
    latest = bet.settlements.latest("sequence")
    return dead_heat == DeadHeat(tied=latest.tied or 0, places=latest.places or 0)
