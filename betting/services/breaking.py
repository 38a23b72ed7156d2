"""Read every breaker: each person's from their bets, the operator's from the world."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max

from betting.models import Bet, BetStatus
from betting.selectors.columns import datetime_of, moment_of
from betting.selectors.history import OF_PERSON, past_of
from betting.services.answers import IN_FLIGHT
from betting.services.pots import lock_accounts
from betting.services.prices import quote_age_limit
from models_registry.availability import NothingServes, serving_champion
from models_registry.models import DriftReport, Predictor
from odds.models import Event, EventStatus, FeedRun
from risk.domain.breakers import Level
from risk.models import Halt
from risk.selectors import due_by, world_levels_set
from risk.services import (
    WorldReading,
    check_personal,
    check_world,
    due_at,
    make_due,
    taken_as_due,
)

logger = logging.getLogger(__name__)

# A league that nobody fetched for so long is not watched any more.
WATCHED_FOR = timedelta(days=7)
# Of feeds only those matter whose events start soon.
AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Broken:
    """What one round of breakers read: how many people, and how many breakers trip."""

    people: int
    tripped: int


def read_breakers(now: datetime) -> Broken:
    """Read the breakers of everybody of whom something is new, and of feeds, models and venues.

    New is a bet settled or measured, money paid in or out, another level, and what leaves the last
    day or week: a loss may weigh more once a win is too old to count. Whose breakers are not fine
    is read each round. One person whose history cannot be read stays due and must not keep the
    others waiting.
    """
    tripped = check_world(world_readings(now), now=now)
    people = 0
    for owner_id in list(due_by(now)):
        try:
            # In the order of settling bets: what the person has, then their place in the queue.
            with transaction.atomic():
                lock_accounts(owner_id)
                with taken_as_due(owner_id):
                    tripped += read_breakers_of(owner_id, now=now)
            people += 1
        except Exception:
            logger.exception("Could not read the breakers of user %s", owner_id)
    return Broken(people, tripped)


def read_breakers_of(owner_id: int, *, now: datetime) -> int:
    """Read one person's breakers, under the lock of their pots; return how many trip."""
    past = past_of(owner_id, anew=True)
    readings = check_personal(owner_id=owner_id, history=past.history, now=now, breakers=OF_PERSON)
    for key in past.strategies:
        readings += check_personal(
            owner_id=owner_id,
            history=past.of_strategy(key),
            now=now,
            breakers=("clv_decay",),
            strategy=key,
        )
    if any(reading.figure >= reading.bounds.warn for reading in readings):
        make_due([owner_id])
    elif (later := past.history.changes_after(moment_of(now))) is not None:
        due_at(owner_id, datetime_of(later))
    return sum(reading.tripped for reading in readings)


def stale_minutes() -> float:
    """Return how long a feed may be silent before its breaker trips, in the world's minutes."""
    return quote_age_limit().total_seconds() / 60 * world_levels()["stale_feed"].trip


def world_levels(of_world: Mapping[str, Level] | None = None) -> dict[str, Level]:
    """Return where the operator's breakers warn and trip: as one set it, else as configured.

    That of models is no matter of degree: it drifts, or it does not serve. `of_world` are those
    that one set, where they were read already.
    """
    configured = {
        "stale_feed": settings.BREAKER_STALE_FEED,
        "venue_unknowns": settings.BREAKER_VENUE_UNKNOWNS,
    }
    found = world_levels_set() if of_world is None else of_world
    return {name: found.get(name, level) for name, level in configured.items()}


def world_readings(now: datetime) -> list[WorldReading]:
    """Return what the operator's breakers read now."""
    levels = world_levels()
    return [
        *_feeds(now, levels["stale_feed"]),
        *_models(now),
        *_venues(now, levels["venue_unknowns"]),
    ]


def _feeds(now: datetime, bounds: Level) -> list[WorldReading]:
    limit = quote_age_limit().total_seconds() / 60
    soon = set(
        Event.objects.filter(
            starts_at__gt=now, starts_at__lte=now + AHEAD, status=EventStatus.SCHEDULED
        ).values_list("competition__key", flat=True)
    )
    latest = dict(
        FeedRun.objects.filter(
            kind=FeedRun.Kind.ODDS,
            outcome=FeedRun.Outcome.SUCCEEDED,
            finished_at__gt=now - WATCHED_FOR,
            finished_at__lte=now,
        )
        .order_by()
        .values_list("subject")
        .annotate(latest=Max("finished_at"))
    )
    found = []
    for league, at in sorted(latest.items()):
        # Silence matters only where somebody could bet.
        minutes = (now - at).total_seconds() / 60 if league in soon else 0.0
        found.append(
            WorldReading(
                breaker=Halt.Cause.STALE_FEED,
                scope=Halt.Scope.LEAGUE,
                key=league,
                figure=round(minutes / limit, 1),
                warn=bounds.warn,
                trip=bounds.trip,
                words=f"{league}: the last prices came {minutes:.0f} min ago; "
                f"the breaker trips after {limit * bounds.trip:.0f}.",
            )
        )
    return found


def _models(now: datetime) -> list[WorldReading]:
    found = []
    predictors = Predictor.objects.filter(promotions__isnull=False, market_key="h2h").distinct()
    for predictor in predictors.select_related("competition"):
        figure, words = 0.0, f"{predictor} serves."
        try:
            champion = serving_champion(predictor.competition.key, at=now)
        except NothingServes as reason:
            figure, words = 2.0, f"{reason}."
        else:
            report = DriftReport.objects.filter(version=champion, made_at__lte=now).first()
            if report is not None and report.level != DriftReport.Level.FINE:
                figure, words = 1.0, f"{champion} drifts: read on {report.day}."
        found.append(
            WorldReading(
                breaker=Halt.Cause.UNHEALTHY_MODEL,
                scope=Halt.Scope.MODEL,
                key=predictor.key,
                figure=figure,
                warn=1.0,
                trip=2.0,
                words=words,
            )
        )
    return found


def _venues(now: datetime, bounds: Level) -> list[WorldReading]:
    waiting = dict(
        Bet.objects.filter(status=BetStatus.PLACING, placed_at__lte=now - IN_FLIGHT)
        .order_by()
        .values_list("venue")
        .annotate(Count("pk"))
    )
    known = Halt.objects.filter(cause=Halt.Cause.VENUE_UNKNOWNS, lifted_at__isnull=True)
    return [
        WorldReading(
            breaker=Halt.Cause.VENUE_UNKNOWNS,
            scope=Halt.Scope.VENUE,
            key=venue,
            figure=float(waiting.get(venue, 0)),
            warn=bounds.warn,
            trip=bounds.trip,
            words=f"{venue}: {waiting.get(venue, 0)} bets wait for an answer for over "
            f"{IN_FLIGHT}; the breaker trips at {bounds.trip:g}.",
        )
        for venue in sorted({*waiting, *known.values_list("scope_key", flat=True)})
    ]
