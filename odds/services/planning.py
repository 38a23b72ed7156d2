"""Ask the plan what is worth fetching now, and fetch it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from odds.domain import budget
from odds.domain.budget import Action, Kind
from odds.domain.credits import BOOKS_A_REGION, month_of, regions_charged
from odds.domain.demand import Coming, League, Rung, Terms
from odds.feeds.the_odds_api import PROVIDER, Client
from odds.models import Event, EventReference, EventStatus, FeedRun, ProviderSport
from odds.services.counts import Counts
from odds.services.credit_ledger import account_of
from odds.services.fetching import (
    FetchFailed,
    PaidCallsPaused,
    fetch_event_odds,
    fetch_events,
    fetch_odds,
    fetch_scores,
    sync_sports,
    waits_for_results,
)

logger = logging.getLogger(__name__)

# Before so long after its start an event has no result.
_PLAYED_AFTER = timedelta(hours=2)
_LEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of the provider. `tick`: how far apart we ask the plan.

    `budget` None: what the provider says the plan has, or no limit where `is_simulated`.
    """

    competitions: tuple[str, ...]
    markets: tuple[str, ...]
    regions: tuple[str, ...] = ()
    bookmakers: tuple[str, ...] = ()
    event_markets: tuple[str, ...] = ()
    budget: int | None = None
    base: timedelta = timedelta(minutes=15)
    tick: timedelta = timedelta(minutes=1)
    is_simulated: bool = False

    @property
    def terms(self) -> Terms:
        """Return the same as the plan wants it."""
        return Terms(
            market_count=len(self.markets),
            region_count=regions_charged(self.regions, self.bookmakers),
            base=self.base,
            lead=max(_LEAD, 2 * self.tick),
            extra_market_count=len(self.event_markets),
        )

    def on(self, rung: Rung) -> dict[str, Sequence[str]]:
        """Return what to ask for on a rung: all, or the first market, region, ten bookmakers."""
        regions, books = self.regions, self.bookmakers
        if not rung.has_all_regions:
            regions, books = regions[:1], books[:BOOKS_A_REGION]
        markets = self.markets if rung.has_all_markets else self.markets[:1]
        return {"regions": regions, "bookmakers": books, "markets": markets}


def fetch_what_is_due(*, now: datetime, client: Client, wishes: Wishes) -> dict[str, Any]:
    """Fetch what the plan says is worth it now, and return what came of it.

    Free calls come first: they find events, and tell how many credits are left. What fails does
    not stop the rest; without credits all that costs any is left out.

    Raises:
        FetchFailed: after all were tried, naming those that failed and why.
    """
    done: dict[str, Any] = {}
    failed: list[str] = []
    leagues, sports_at = _leagues(wishes, now)
    if free := budget.free_actions(leagues, now=now, sports_at=sports_at):
        for action in free:
            _do(action, now, client, wishes, done, failed)
        leagues, _ = _leagues(wishes, now)
    left = credits_left(now=now, wishes=wishes)
    made = budget.plan(leagues, wishes.terms, now=now, left=left)
    try:
        for action in made.actions:
            _do(action, now, client, wishes, done, failed)
    except PaidCallsPaused as paused:
        failed.append(str(paused))
    if left is not None:
        done |= {"rung": made.rung.name, "credits_left": left, "kept_back": made.kept_back}
    if failed:
        raise FetchFailed("; ".join(failed))
    return done


def credits_left(*, now: datetime, wishes: Wishes) -> int | None:
    """Return what the plan may spend this month; None: nothing limits it."""
    account = account_of(PROVIDER, now=now, budget=wishes.budget)
    if wishes.budget is None and wishes.is_simulated:
        return None
    return account.left


def _do(
    action: Action,
    now: datetime,
    client: Client,
    wishes: Wishes,
    done: dict[str, Any],
    failed: list[str],
) -> None:
    try:
        counts = _fetched(action, now, client, wishes)
    except PaidCallsPaused:
        raise
    except FetchFailed as failure:
        failed.append(f"{action.league or action.kind}: {failure}")
        return
    if action.kind not in (Kind.SPORTS, Kind.EVENTS) or counts.new or counts.quarantined:
        of_league = done.setdefault(action.league or "sports", {})
        of_league[f"{action.kind}"] = of_league.get(f"{action.kind}", 0) + counts.new
        of_league["quarantined"] = of_league.get("quarantined", 0) + counts.quarantined


def _fetched(action: Action, now: datetime, client: Client, wishes: Wishes) -> Counts:
    key, on = action.league, wishes.on(action.rung)
    match action.kind:
        case Kind.SPORTS:
            return sync_sports(now=now, client=client)
        case Kind.EVENTS:
            return fetch_events(competition_key=key, now=now, client=client)
        case Kind.SCORES:
            return fetch_scores(competition_key=key, now=now, client=client, budget=wishes.budget)
        case Kind.EXTRAS:
            return fetch_event_odds(
                competition_key=key,
                event_key=action.event,
                now=now,
                client=client,
                regions=on["regions"],
                bookmakers=on["bookmakers"],
                markets=wishes.event_markets,
                budget=wishes.budget,
            )
        case _:
            return fetch_odds(
                competition_key=key,
                now=now,
                client=client,
                regions=on["regions"],
                bookmakers=on["bookmakers"],
                markets=on["markets"],
                regions_left_out=set(wishes.regions).difference(on["regions"]),
                budget=wishes.budget,
            )


def _leagues(wishes: Wishes, now: datetime) -> tuple[list[League], datetime | None]:
    latest = _latest_runs(now)
    inactive = set(
        ProviderSport.objects.filter(provider=PROVIDER, is_active=False).values_list(
            "key", flat=True
        )
    )
    leagues = [
        League(
            key,
            _starts(key, now),
            swept_at=latest.get((FeedRun.Kind.ODDS, key)),
            listed_at=latest.get((FeedRun.Kind.EVENTS, key)),
            scored_at=latest.get((FeedRun.Kind.SCORES, key)),
            waits_for_results=waits_for_results(key, now, played_for=_PLAYED_AFTER),
            coming=_coming(key, now, latest) if wishes.event_markets else (),
        )
        for key in wishes.competitions
        # Out of season: the free list of sports says when it is back.
        if key not in inactive
    ]
    return leagues, latest.get((FeedRun.Kind.SPORTS, "all"))


def _latest_runs(now: datetime) -> dict[tuple[str, str], datetime]:
    since, _ = month_of(now - timedelta(days=3))
    rows = (
        FeedRun.objects.filter(
            provider=PROVIDER,
            outcome=FeedRun.Outcome.SUCCEEDED,
            started_at__gte=since,
            started_at__lte=now,
        )
        .order_by()
        .values_list("kind", "subject")
        .annotate(latest=Max("started_at"))
    )
    return {(kind, subject): latest for kind, subject, latest in rows}


def _starts(key: str, now: datetime) -> tuple[datetime, ...]:
    found = Event.objects.filter(
        competition__key=key,
        status=EventStatus.SCHEDULED,
        starts_at__gt=now,
        references__source=PROVIDER,
    )
    return tuple(found.order_by("starts_at").values_list("starts_at", flat=True).distinct())


def _coming(key: str, now: datetime, latest: dict[tuple[str, str], datetime]) -> tuple[Coming, ...]:
    rows = EventReference.objects.filter(
        source=PROVIDER,
        event__competition__key=key,
        event__status=EventStatus.SCHEDULED,
        event__starts_at__gt=now,
        event__starts_at__lt=month_of(now)[1],
    ).order_by("event__starts_at")
    return tuple(
        Coming(event, starts_at, latest.get((FeedRun.Kind.EVENT, f"{key}/{event}")))
        for event, starts_at in rows.values_list("key", "event__starts_at")
    )
