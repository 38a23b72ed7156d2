"""A sweep: what a provider said at one moment, worked into what we know."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from django.db import connection, transaction

from accounts.live import announce_prices
from odds.feeds.columns import EventKey
from odds.feeds.parsed import ParsedEvent, ParsedSweep, RejectedRow
from odds.models import Competition, FeedRun
from odds.services.counts import Counts
from odds.services.events import RecordedEvents, record_events
from odds.services.prices import record_prices
from odds.services.runs import quarantine
from odds.services.teams import ensure_competition
from odds.telling import tell_worth


def record_sweep(sweep: ParsedSweep, *, feed_run: FeedRun) -> Counts:
    """Record the events and quotes a provider listed at one moment, in one transaction.

    A price is appended where it changed, a quote it no longer lists becomes withdrawn, the others
    are confirmed. The same sweep again changes nothing. A sweep older than what we know fills in
    history and moves no quote back. Events not listed are not touched. What cannot be used is
    quarantined with its reason: events of unknown teams, placeholder prices, absurd books.
    """
    with transaction.atomic():
        competition = lock_competition(sweep.competition_key)
        listed_at = {(event.source, event.key): sweep.seen_at for event in sweep.events}
        recorded = record_events(sweep.events, competition, listed_at=listed_at)
        counts, rejected, changed = record_prices([sweep], recorded.ids)
        rejected += sweep.rejected
        rejected += refused_events(sweep.events, recorded)
        _count_refused([sweep], recorded, counts)
        counts.read += len(sweep.rejected)
        counts.quarantined += len(sweep.rejected)
        quarantine(rejected, feed_run=feed_run, source=sweep.provider, seen_at=sweep.seen_at)
        announce_prices(
            competition_key=competition.key, event_ids=changed.events, quotes=changed.quotes
        )
        follow = partial(
            tell_worth, competition_key=competition.key, market_ids=sorted(changed.markets)
        )
        transaction.on_commit(follow, robust=True)
    return counts


def record_sweeps(
    sweeps: Sequence[ParsedSweep], recorded: RecordedEvents, *, feed_run: FeedRun, source: str
) -> Counts:
    """Record the prices of many sweeps of one competition whose events are recorded already."""
    if not sweeps:
        return Counts()
    with transaction.atomic():
        lock_competition(sweeps[0].competition_key)
        counts, rejected, _ = record_prices(sweeps, recorded.ids)
        for sweep in sweeps:
            rejected += sweep.rejected
            counts.read += len(sweep.rejected)
            counts.quarantined += len(sweep.rejected)
        _count_refused(sweeps, recorded, counts)
        newest = max(sweep.seen_at for sweep in sweeps)
        quarantine(rejected, feed_run=feed_run, source=source, seen_at=newest)
    return counts


def lock_competition(key: str, title: str = "") -> Competition:
    """Return the competition, with its lock held until the transaction ends."""
    # One writer a competition: ids are handed out and states compared outside the database.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('odds'), hashtext(%s))", [key])
    return ensure_competition(key, title)


def refused_events(events: Sequence[ParsedEvent], recorded: RecordedEvents) -> list[RejectedRow]:
    """Return, as rows to quarantine, the events that no id could be found for."""
    by_key = {(event.source, event.key): event for event in events}
    faults = {key: ("team", str(name)) for key, name in recorded.unknown.items()}
    faults |= dict.fromkeys(recorded.same_team, ("away", "home and away are the same team"))
    return [
        RejectedRow(fault[0], fault[1], _raw(by_key[key])) for key, fault in sorted(faults.items())
    ]


def _raw(event: ParsedEvent) -> dict[str, str]:
    return {
        "source": event.source,
        "key": event.key,
        "home": event.home,
        "away": event.away,
        "day": event.day.isoformat(),
    }


def _count_refused(sweeps: Sequence[ParsedSweep], recorded: RecordedEvents, counts: Counts) -> None:
    refused: set[EventKey] = set(recorded.unknown) | recorded.same_team
    if not refused:
        return
    for sweep in sweeps:
        names = sweep.quotes.names.events
        places = [place for key, place in names.items() if key in refused]
        rows = int(np.isin(sweep.quotes.event, places).sum())
        counts.read += rows
        counts.quarantined += rows
