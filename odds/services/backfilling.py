"""Past prices from the provider's snapshots: what they would cost, and fetched within a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from odds.domain.credits import Endpoint, cost_of
from odds.feeds.columns import moment_of
from odds.feeds.parsed import BadPayload, ParsedSweep
from odds.feeds.provider import ProviderError
from odds.feeds.the_odds_api import PROVIDER, Client
from odds.models import FeedRun
from odds.services.counts import Counts
from odds.services.credit_ledger import Ledger
from odds.services.runs import begin_run, end_run
from odds.services.sweeps import record_sweep

# The provider keeps one every five minutes, before September 2022 every ten.
CLOSEST_SNAPSHOTS = timedelta(minutes=5)
Progress = Callable[["Backfill"], None]


class BackfillStopped(Exception):
    """The provider refused or failed on the way; what was fetched is recorded."""


@dataclass(slots=True)
class Backfill:
    """How far a backfill is. `reached`: the newest snapshot that was recorded."""

    counts: Counts
    snapshots: int = 0
    credits: int = 0
    reached: datetime | None = None
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

    def most_snapshots(self, since: datetime | None = None) -> int:
        """Return how many snapshots there are at most, from `since` on or all."""
        begin = self.first if since is None else max(self.first, since)
        return max(int((self.last - begin) / self.every) + 1, 0) if begin <= self.last else 0


def resume_from(plan: BackfillPlan) -> datetime | None:
    """Return the newest snapshot of this stretch and these markets that is already recorded."""
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
    within = [at for at in moments if plan.first <= at <= plan.last]
    return max(within, default=None)


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

    Goes on after the newest that is recorded, so a repeat costs nothing. Stops before a snapshot
    that could cost more than `max_credits` leaves. A price counts as seen at its snapshot, or at
    the newest bookmaker's time in it where that is later.

    Raises:
        BackfillStopped: where the provider refused or failed; what came before is recorded.
    """
    done = Backfill(Counts(), reached=resume_from(plan))
    at = plan.first if done.reached is None else done.reached + plan.every
    while at <= plan.last:
        if done.credits + plan.cost_each > max_credits:
            return done
        found, following = _snapshot(plan, at, now, client, budget, done)
        progress(done)
        # The provider's own steps, where ours are shorter than they are apart; never back.
        following = following or found + CLOSEST_SNAPSHOTS
        at = max(at + plan.every, following) if following > at else at + plan.every
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
        snapshot.value.seen_at = _seen_at(snapshot.value, snapshot.at)
        counts = record_sweep(snapshot.value, feed_run=run)
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
    done.reached = at
    return snapshot.at, snapshot.next


def _seen_at(sweep: ParsedSweep, at: datetime) -> datetime:
    updates: Sequence[int] = sweep.quotes.last_update[
        sweep.quotes.last_update != np.iinfo(np.int64).min
    ].tolist()
    newest = moment_of(max(updates)) if updates else None
    return at if newest is None else max(at, newest)


def _subject(plan: BackfillPlan, at: datetime | None) -> str:
    books = ",".join(plan.bookmakers or plan.regions)
    where = f"{plan.competition_key} {','.join(plan.markets)} {books} "
    return where if at is None else f"{where}{at.isoformat()}"
