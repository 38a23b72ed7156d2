"""Results that never came: an operator says what became of an event, and its bets follow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from betting.domain.settlement import CannotSettle, DeadHeat
from betting.models import Bet, BetStatus, Result
from betting.services.correcting import (
    CorrectionNotCovered,
    correct_changed_results,
    correct_settlement,
)
from betting.services.settlement import settle_bet, settle_due_bets
from odds.models import Event, EventStatus
from odds.services.rulings import RulingRefused, call_off, enter_result, reschedule

__all__ = ["NoSuchEvent", "Ruled", "RulingRefused", "Said", "rule_on_event"]

NoSuchEvent = Event.DoesNotExist
# Of what became of an event beside its status: it is played at another time, or a selection tied.
RESCHEDULED, DEAD_HEAT = "rescheduled", "dead_heat"


@dataclass(frozen=True, slots=True)
class Ruled:
    """An event that was ruled on, and what it did to its bets at once."""

    event: Event
    settled: int
    corrected: int
    parked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an operator says became of an event; which of the rest is needed goes by the status."""

    status: str
    home_score: int | None = None
    away_score: int | None = None
    starts_at: datetime | None = None
    selection: int | None = None
    tied: int | None = None
    places: int = 1


def rule_on_event(
    *, event_id: int, said: Said, reason: str, now: datetime, by_id: int | None
) -> Ruled:
    """Record what became of an event, then settle or correct its bets.

    Repeating it changes nothing more. What cannot be settled now is tried again by the sweep. With
    a new start, stakes stand if it comes as soon as stakes on a postponed event stand for; else
    they come back. A dead heat is of all bets on one selection.

    Raises:
        NoSuchEvent: if there is none of that number.
        RulingRefused: naming what cannot be.
    """
    if said.status == RESCHEDULED:
        return _reschedule(event_id, said.starts_at, reason=reason, now=now, by_id=by_id)
    if said.status == DEAD_HEAT:
        if said.tied is None:
            raise RulingRefused("tied", "tied: say how many tied.")
        try:
            heat = DeadHeat(tied=said.tied, places=said.places)
        except CannotSettle as reason_why:
            raise RulingRefused("tied", f"tied: {reason_why}") from None
        return _tie(event_id, said.selection, heat, reason=reason, now=now, by_id=by_id)
    if said.status == EventStatus.FINISHED:
        if said.home_score is None or said.away_score is None:
            missing = "home_score" if said.home_score is None else "away_score"
            raise RulingRefused(missing, f"{missing}: a finished event has a score; send it.")
        event = enter_result(
            event_id=event_id,
            home_score=said.home_score,
            away_score=said.away_score,
            reason=reason,
            now=now,
            by_id=by_id,
        )
    else:
        event = call_off(event_id=event_id, status=said.status, reason=reason, now=now, by_id=by_id)
    settled = settle_due_bets(now, event_id=event_id)
    corrected = correct_changed_results(now, event_id=event_id)
    return Ruled(event, settled.settled, corrected.settled, settled.parked + corrected.parked)


def _reschedule(
    event_id: int, starts_at: datetime | None, *, reason: str, now: datetime, by_id: int | None
) -> Ruled:
    if starts_at is None:
        raise RulingRefused("starts_at", "starts_at: say when it is played, in UTC.")
    was = Event.objects.values_list("starts_at", flat=True).get(pk=event_id)
    event = reschedule(event_id=event_id, starts_at=starts_at, reason=reason, now=now, by_id=by_id)
    settled = 0
    if starts_at > was + settings.POSTPONED_STAKES_STAND:
        too_late = Bet.objects.filter(
            selection__market__event=event, status=BetStatus.OPEN, placed_at__lte=now
        )
        for bet_id in list(too_late.order_by("pk").values_list("pk", flat=True)):
            settle_bet(bet_id=bet_id, result=Result.VOID, now=now, by_id=by_id, reason=reason)
            settled += 1
    return Ruled(event, settled, 0, ())


def _tie(
    event_id: int,
    selection: int | None,
    heat: DeadHeat,
    *,
    reason: str,
    now: datetime,
    by_id: int | None,
) -> Ruled:
    event = Event.objects.get(pk=event_id)
    if not reason.strip():
        raise RulingRefused("reason", "reason: say where the result is from.")
    if event.starts_at > now:
        raise RulingRefused("status", f"status: {event} has not started; wait until it has.")
    bets = Bet.objects.filter(
        selection=selection,
        selection__market__event=event,
        status__in=(BetStatus.OPEN, BetStatus.SETTLED),
    )
    settled, corrected, parked = 0, 0, list[str]()
    found = list(bets.order_by("pk").values_list("pk", "status"))
    if not found:
        raise RulingRefused("selection", f"selection: no bet of {event} is on {selection}.")
    ruling: dict[str, Any] = {
        "result": Result.DEAD_HEAT,
        "dead_heat": heat,
        "reason": reason,
        "by_id": by_id,
    }
    for bet_id, status in found:
        if status == BetStatus.OPEN:
            settle_bet(bet_id=bet_id, now=now, **ruling)
            settled += 1
            continue
        try:
            corrected += correct_settlement(bet_id=bet_id, now=now, **ruling).settled_at == now
        except CorrectionNotCovered as refused:
            parked.append(f"bet {bet_id}: {refused}")
    return Ruled(event, settled, corrected, tuple(parked))
