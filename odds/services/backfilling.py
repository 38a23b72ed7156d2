"""Past prices from the provider's snapshots: what they would cost, and fetched within a budget."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odds.domain.credits import Endpoint, cost_of
from odds.feeds.columns import NO_TIME, moment_of
from odds.feeds.parsed import BadPayload, ParsedSweep
from odds.feeds.provider import ProviderError
from odds.feeds.the_odds_api import PROVIDER, Client
from odds.models import FeedRun
from odds.services.counts import Counts
from odds.services.credit_ledger import Ledger
from odds.services.runs import begin_run, end_run
from odds.services.sweeps import record_sweep

# The provider keeps one every five minutes, before September 2022 every ten.
CLOSEST_SNAPSHOTS, WIDEST_SNAPSHOTS = timedelta(minutes=5), timedelta(minutes=10)
# Of what names a stretch, so that a moment fits behind it.
_LONGEST_NAME = 200
Progress = Callable[["Backfill"], None]


class BackfillStopped(Exception):
    """The provider refused or failed on the way; what was fetched is recorded."""


@dataclass(slots=True)
class Backfill:
    """How far a backfill is."""

    counts: Counts
    snapshots: int = 0
    credits: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What to fetch: snapshots `every` so often from `first` to `last`, each of one cost."""

    competition_key: str
    first: datetime
    last: datetime
    every: timedelta
    markets: tuple[str, ...]
    regions: tuple[str, ...] = ()
    bookmakers: tuple[str, ...] = ()

    @property
    def cost_each(self) -> int:
        """Return what a snapshot costs, in credits, where it has events."""
        return cost_of(
            Endpoint.PAST_ODDS,
            markets=self.markets,
            regions=self.regions,
            bookmakers=self.bookmakers,
        )

    def missing(self, recorded: Sequence[datetime]) -> list[datetime]:
        """Return the moments to fetch, in order, without those that were (`recorded`, in order).

        What lies between two recorded ones no further apart than `every`, or than the provider
        keeps them, was left out as a repeat.

        >>> noon = datetime(2026, 1, 1, 12)
        >>> plan = BackfillPlan("x", noon, noon + timedelta(hours=4), timedelta(hours=1), ("h2h",))
        >>> [f"{at:%H:%M}" for at in plan.missing([datetime(2026, 1, 1, 13, 30),
        ...                                        datetime(2026, 1, 1, 14, 30)])]
        ['12:00', '13:00', '15:00', '16:00']
        """
        widest = max(self.every, WIDEST_SNAPSHOTS)
        found, at = [], self.first
        while at <= self.last:
            place = bisect_right(recorded, at)
            before, after = recorded[:place][-1:], recorded[place : place + 1]
            is_there = list(before) == [at]
            if not is_there and not (before and after and after[0] - before[0] <= widest):
                found.append(at)
            at += self.every
        return found


def recorded_moments(plan: BackfillPlan) -> list[datetime]:
    """Return the moments of this stretch and these markets that are recorded, in order."""
    runs = FeedRun.objects.filter(
        provider=PROVIDER,
        kind=FeedRun.Kind.HISTORY,
        outcome=FeedRun.Outcome.SUCCEEDED,
        subject__startswith=_subject(plan, None),
    )
    moments = [
        datetime.fromisoformat(subject.rpartition(" ")[2])
        for subject in runs.values_list("subject", flat=True)
    ]
    return sorted(at for at in moments if plan.first <= at <= plan.last)


def backfill(
    plan: BackfillPlan,
    *,
    now: datetime,
    client: Client,
    max_credits: int,
    progress: Progress,
    budget: int | None = None,
) -> Backfill:
    """Fetch and record the snapshots of a stretch in order of time, a run and a row of cost each.

    What is recorded is not fetched again, so a repeat costs nothing. Stops before a snapshot that
    could cost more than `max_credits` leaves. What bookmakers that a snapshot lacks altogether,
    such as those of other regions, are known to have offered stays as it is. A price counts as seen
    at its snapshot, or at the newest bookmaker's time in it where that is later.

    Raises:
        BackfillStopped: where the provider refused or failed; what came before is recorded.
    """
    done = Backfill(Counts())
    following = plan.first
    for at in plan.missing(recorded_moments(plan)):
        # Where our steps are shorter than the provider's, it would be the same snapshot again.
        if at < following:
            continue
        if done.credits + plan.cost_each > max_credits:
            return done
        found, told = _snapshot(plan, at, now, client, budget, done)
        progress(done)
        following = told or found + CLOSEST_SNAPSHOTS
    done.is_complete = True
    return done


def _snapshot(
    plan: BackfillPlan,
    at: datetime,
    now: datetime,
    client: Client,
    budget: int | None,
    done: Backfill,
) -> tuple[datetime, datetime | None]:
    subject = _subject(plan, at)
    run = begin_run(provider=PROVIDER, kind=FeedRun.Kind.HISTORY, subject=subject, now=now)
    ledger = Ledger(provider=PROVIDER, now=now, budget=budget, job="backfill", feed_run=run)
    try:
        answered = client.charged_to(ledger).past_odds(
            plan.competition_key,
            at,
            regions=plan.regions,
            bookmakers=plan.bookmakers,
            markets=plan.markets,
        )
        snapshot = answered.value
        sweep = snapshot.value.of_listed_books()
        sweep.seen_at = _seen_at(sweep, snapshot.at)
        counts = record_sweep(sweep, feed_run=run)
    except (ProviderError, BadPayload) as refusal:
        end_run(run, Counts(), now=now, error=str(refusal))
        raise BackfillStopped(f"at {at:%Y-%m-%d %H:%M}: {refusal}") from refusal
    cost = answered.credits.cost
    run.credits_cost, run.credits_remaining = cost, answered.credits.remaining
    run.credits_used = answered.credits.used
    end_run(run, counts, now=now)
    done.counts.add(counts)
    done.snapshots += 1
    done.credits += plan.cost_each if cost is None else cost
    return snapshot.at, snapshot.next


def _seen_at(sweep: ParsedSweep, at: datetime) -> datetime:
    updates = sweep.quotes.last_update
    newest = moment_of(int(updates.max(initial=NO_TIME)))
    return at if newest is None else max(at, newest)


def _subject(plan: BackfillPlan, at: datetime | None) -> str:
    books = ",".join(plan.bookmakers or plan.regions)
    where = f"{plan.competition_key} {','.join(plan.markets)} {books} "
    if len(where) > _LONGEST_NAME:
        where = f"{plan.competition_key} {hashlib.sha256(where.encode()).hexdigest()} "
    return where if at is None else f"{where}{at.isoformat()}"
