"""Results that never came: an operator says what became of an event, and its bets follow."""

from dataclasses import dataclass
from datetime import datetime

from betting.services.correcting import correct_changed_results
from betting.services.settlement import settle_due_bets
from odds.models import Event, EventStatus
from odds.services.rulings import RulingRefused, call_off, enter_result

__all__ = ["NoSuchEvent", "Ruled", "RulingRefused", "rule_on_event"]

NoSuchEvent = Event.DoesNotExist


@dataclass(frozen=True, slots=True)
class Ruled:
    """An event that was ruled on, and what it did to its bets at once."""

    event: Event
    settled: int
    corrected: int
    parked: tuple[str, ...]


def rule_on_event(
    *,
    event_id: int,
    status: str,
    reason: str,
    now: datetime,
    by_id: int | None,
    home_score: int | None = None,
    away_score: int | None = None,
) -> Ruled:
    """Record what became of an event, then settle or correct its bets.

    Repeating it changes nothing more. What cannot be settled now is tried again by the sweep.

    Raises:
        NoSuchEvent: if there is none of that number.
        RulingRefused: naming what cannot be.
    """
    if status == EventStatus.FINISHED:
        if home_score is None or away_score is None:
            missing = "home_score" if home_score is None else "away_score"
            raise RulingRefused(missing, f"{missing}: a finished event has a score; send it.")
        event = enter_result(
            event_id=event_id,
            home_score=home_score,
            away_score=away_score,
            reason=reason,
            now=now,
            by_id=by_id,
        )
    else:
        event = call_off(event_id=event_id, status=status, reason=reason, now=now, by_id=by_id)
    settled = settle_due_bets(now, event_id=event_id)
    corrected = correct_changed_results(now, event_id=event_id)
    return Ruled(event, settled.settled, corrected.settled, settled.parked + corrected.parked)
