"""What an operator says became of an event, where no source does."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts import audit
from odds.models import Event, EventStatus

MOST_POINTS = 999
# What an event may be called off as; each says of its bets what settlement makes of it.
CALLED_OFF = (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.ABANDONED)


class RulingRefused(Exception):
    """What was said of an event cannot be; names the field, the value and the remedy."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@transaction.atomic
def enter_result(
    *,
    event_id: int,
    home_score: int,
    away_score: int,
    reason: str,
    now: datetime,
    by_id: int | None,
) -> Event:
    """Record a final score by hand, also in place of another; it counts as seen now.

    The score that is recorded changes nothing.

    Raises:
        RulingRefused: if the event has not started, for a score that cannot be, or without a
            reason.
    """
    event = _started(event_id, now=now)
    for field, score in (("home_score", home_score), ("away_score", away_score)):
        if not 0 <= score <= MOST_POINTS:
            raise RulingRefused(field, f"{field}: {score} is no score from 0 to {MOST_POINTS}.")
    said = (EventStatus.FINISHED, home_score, away_score)
    return _rule(event, said, reason=reason, now=now, by_id=by_id)


@transaction.atomic
def call_off(*, event_id: int, status: str, reason: str, now: datetime, by_id: int | None) -> Event:
    """Say that an event was cancelled, postponed or abandoned; one that is so stays as it is.

    The score of an abandoned event is kept, if one is known.

    Raises:
        RulingRefused: for another status, an event abandoned before it started, or no reason.
    """
    if status not in CALLED_OFF:
        known = ", ".join(CALLED_OFF)
        raise RulingRefused("status", f"status: {status!r} is none of {known}.")
    event = Event.objects.select_for_update(of=("self",)).get(pk=event_id)
    if status == EventStatus.ABANDONED:
        event = _started(event_id, now=now)
    kept = status == EventStatus.ABANDONED
    said = (
        EventStatus(status),
        event.home_score if kept else None,
        event.away_score if kept else None,
    )
    return _rule(event, said, reason=reason, now=now, by_id=by_id)


@transaction.atomic
def reschedule(
    *, event_id: int, starts_at: datetime, reason: str, now: datetime, by_id: int | None
) -> Event:
    """Say when an event that was put off, or is still to come, is played; repeats change nothing.

    Raises:
        RulingRefused: for a start that has passed, an event that was played or called off, another
            of the same teams on that day, or no reason.
    """
    event = Event.objects.select_for_update(of=("self",)).get(pk=event_id)
    if not reason.strip():
        raise RulingRefused("reason", "reason: say where the new start is from.")
    if event.starts_at == starts_at and event.status == EventStatus.SCHEDULED:
        return event
    if event.status not in (EventStatus.SCHEDULED, EventStatus.POSTPONED):
        raise RulingRefused("status", f"status: {event} is {event.status}; it has no new start.")
    if starts_at <= now:
        raise RulingRefused(
            "starts_at",
            f"starts_at: {starts_at:%Y-%m-%d %H:%M} UTC has passed; give the new start.",
        )
    day = starts_at.astimezone(ZoneInfo(event.competition.time_zone)).date()
    same = Event.objects.filter(
        competition=event.competition_id, day=day, home=event.home_id, away=event.away_id
    ).exclude(pk=event_id)
    if (other := same.first()) is not None:
        raise RulingRefused("starts_at", f"starts_at: on {day} that is event {other.pk} already.")
    before, event.starts_at, event.day = event.starts_at, starts_at, day
    event.status, event.start_is_exact = EventStatus.SCHEDULED, True
    event.home_score = event.away_score = event.result_seen_at = None
    event.save()
    audit.record(
        action="ruled on an event",
        subject=str(event),
        actor_id=by_id,
        at=now,
        detail={
            "from": f"start {before:%Y-%m-%d %H:%M} UTC",
            "to": f"start {starts_at:%Y-%m-%d %H:%M} UTC",
            "reason": reason,
        },
    )
    return event


def _started(event_id: int, *, now: datetime) -> Event:
    event = Event.objects.select_for_update(of=("self",)).get(pk=event_id)
    if event.starts_at > now:
        raise RulingRefused(
            "event",
            f"event: {event} starts at {event.starts_at:%Y-%m-%d %H:%M} UTC; wait until it has.",
        )
    return event


def _rule(
    event: Event,
    said: tuple[EventStatus, int | None, int | None],
    *,
    reason: str,
    now: datetime,
    by_id: int | None,
) -> Event:
    if not reason.strip():
        raise RulingRefused("reason", "reason: say where the result is from, or why.")
    before = (event.status, event.home_score, event.away_score)
    if before == said:
        return event
    event.status, event.home_score, event.away_score = said
    # Nobody knew it before now; bets that settled on something else are corrected by it.
    event.result_seen_at = now
    event.save(update_fields=["status", "home_score", "away_score", "result_seen_at"])
    audit.record(
        action="ruled on an event",
        subject=str(event),
        actor_id=by_id,
        at=now,
        detail={"from": _words(*before), "to": _words(*said), "reason": reason},
    )
    return event


def _words(status: str, home_score: int | None, away_score: int | None) -> str:
    return f"{status}" if home_score is None else f"{status} {home_score}:{away_score}"
