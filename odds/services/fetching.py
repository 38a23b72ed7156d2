"""Fetch from the provider and record what came: prices, results, events, sports; and its cost."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from odds.feeds.gate import Gate, InValkey
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedSweep
from odds.feeds.provider import (
    Answered,
    Credits,
    InvalidMarkets,
    OutOfUsageCredits,
    ProviderError,
    UnknownSport,
)
from odds.feeds.the_odds_api import PROVIDER, Client
from odds.models import Event, EventStatus, FeedRun, ProviderSport
from odds.services.counts import Counts
from odds.services.credit_ledger import Ledger, asked_last, is_out_of_credits
from odds.services.events import record_events
from odds.services.results import record_results
from odds.services.runs import begin_run, end_run, quarantine
from odds.services.sweeps import lock_competition, record_sweep, refused_events

logger = logging.getLogger(__name__)
T = TypeVar("T")

# The provider tells results for three days.
RESULTS_FOR = timedelta(days=3)
# With no credits left, ask this often (for nothing) whether there are new ones.
_ASK_AGAIN = timedelta(minutes=30)


class FetchFailed(Exception):
    """The provider could not be used; the feed run holds the reason."""


class PaidCallsPaused(FetchFailed):
    """No credits are left, so calls that cost any are not made."""


def shared_gate() -> Gate:
    """Return the provider's gate, which all processes share."""
    return Gate(PROVIDER, _store(settings.REDIS_URL))


@cache
def _store(url: str) -> InValkey:
    # One a process: what it counts alone while Valkey is away must outlast the job.
    return InValkey(url)


def open_client() -> Client:
    """Return a client of the provider that the settings name; close it, or use it in a `with`."""
    return Client(settings.THE_ODDS_API_URL, settings.THE_ODDS_API_KEY, gate=shared_gate())


def fetch_odds(
    *,
    competition_key: str,
    now: datetime,
    client: Client,
    regions: Iterable[str] = ("us", "eu"),
    bookmakers: Iterable[str] = (),
    markets: Sequence[str] = ("h2h", "spreads", "totals"),
    regions_left_out: Collection[str] = (),
    budget: int | None = None,
) -> Counts:
    """Fetch one competition's prices and record them, with the run and its credits.

    Markets that the provider does not offer are dropped and the rest asked for once more. Where
    regions that are asked for at other times are left out, a bookmaker that is missing altogether
    is not taken to have withdrawn its prices.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """
    regions, bookmakers = list(regions), list(bookmakers)

    def ask(paid: Client, wanted: Sequence[str]) -> Answered[ParsedSweep]:
        answered = paid.odds(
            competition_key, regions=regions, bookmakers=bookmakers, markets=wanted, now=now
        )
        if not regions_left_out:
            return answered
        return Answered(answered.value.of_listed_books(), answered.credits)

    return _fetch_prices(FeedRun.Kind.ODDS, competition_key, markets, client, now, budget, ask)


def fetch_event_odds(
    *,
    competition_key: str,
    event_key: str,
    now: datetime,
    client: Client,
    regions: Iterable[str] = ("us", "eu"),
    bookmakers: Iterable[str] = (),
    markets: Sequence[str],
    budget: int | None = None,
) -> Counts:
    """Fetch additional markets of one event (by the provider's id) and record them.

    Markets that we cannot keep (of players, yes or no) are quarantined, one row a market.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """
    regions, bookmakers = list(regions), list(bookmakers)

    def ask(paid: Client, wanted: Sequence[str]) -> Answered[ParsedSweep]:
        return paid.event_odds(
            competition_key,
            event_key,
            regions=regions,
            bookmakers=bookmakers,
            markets=wanted,
            now=now,
        )

    subject = f"{competition_key}/{event_key}"
    return _fetch_prices(FeedRun.Kind.EVENT, subject, markets, client, now, budget, ask)


def fetch_scores(
    *,
    competition_key: str,
    now: datetime,
    client: Client,
    days_from: int = 3,
    budget: int | None = None,
) -> Counts:
    """Fetch results of events we know, and record them; ask only where one is waited for.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """
    if not waits_for_results(competition_key, now):
        return Counts()

    def ask(paid: Client, run: FeedRun) -> Answered[Counts]:
        answered = paid.scores(competition_key, days_from=days_from, now=now)
        return Answered(record_results(answered.value, feed_run=run), answered.credits)

    check_credits(client, now)
    return _fetch(FeedRun.Kind.SCORES, competition_key, client, now, budget, ask)


def fetch_events(*, competition_key: str, now: datetime, client: Client) -> Counts:
    """Fetch a competition's events that are on or to come, for nothing, and record them.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """

    def ask(paid: Client, run: FeedRun) -> Answered[Counts]:
        answered = paid.events(competition_key)
        counts = _record_listed(answered.value, competition_key, now, run)
        return Answered(counts, answered.credits)

    return _fetch(FeedRun.Kind.EVENTS, competition_key, client, now, None, ask)


def sync_sports(*, now: datetime, client: Client) -> Counts:
    """Fetch which sports the provider offers, in season or not, for nothing, and record them.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """

    def ask(paid: Client, _run: FeedRun) -> Answered[Counts]:
        answered = paid.sports(with_inactive=True)
        if not answered.value:
            # Taken at its word, nothing would be fetched until the next list, hours later.
            raise BadPayload("answer", "no sport at all")
        rows = [
            ProviderSport(
                provider=PROVIDER,
                key=sport["key"][:64],
                title=sport["title"][:96],
                group=sport["group"][:64],
                is_active=sport["active"],
                has_outrights=sport["has_outrights"],
                seen_at=now,
            )
            for sport in {sport["key"][:64]: sport for sport in answered.value}.values()
        ]
        ProviderSport.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["provider", "key"],
            update_fields=["title", "group", "is_active", "has_outrights", "seen_at"],
        )
        gone = ProviderSport.objects.filter(provider=PROVIDER, seen_at__lt=now)
        gone.update(is_active=False)
        return Answered(Counts(read=len(rows), repeated=len(rows)), answered.credits)

    return _fetch(FeedRun.Kind.SPORTS, "all", client, now, None, ask)


def waits_for_results(
    competition_key: str, now: datetime, *, played_for: timedelta = timedelta(0)
) -> bool:
    """Say whether an event that started lately enough to be told of has no result yet.

    Of those that started at least `played_for` ago.
    """
    return Event.objects.filter(
        competition__key=competition_key,
        status=EventStatus.SCHEDULED,
        starts_at__gte=now - RESULTS_FOR,
        starts_at__lte=now - played_for,
        references__source=PROVIDER,
    ).exists()


def fetch_all(
    fetch: Callable[[str], Counts], competition_keys: Iterable[str]
) -> dict[str, dict[str, int | str]]:
    """Fetch competition by competition; one that fails does not stop the others.

    Raises:
        FetchFailed: after all were tried, naming those that failed and why.
    """
    done: dict[str, dict[str, int | str]] = {}
    failed: list[str] = []
    for key in competition_keys:
        try:
            counts = fetch(key)
        except FetchFailed as failure:
            failed.append(f"{key}: {failure}")
        else:
            done[key] = {"new": counts.new, "quarantined": counts.quarantined}
    if failed:
        raise FetchFailed("; ".join(failed))
    return done


def check_credits(client: Client, now: datetime) -> None:
    """Stop a paid call where the provider has no credits for us; ask it for nothing now and then.

    Raises:
        PaidCallsPaused: until the first of the month, or until a free call tells of new credits.
    """
    if not is_out_of_credits(PROVIDER, now=now):
        return
    asked = asked_last(PROVIDER, now=now)
    if asked is None or now - asked >= _ASK_AGAIN:
        try:
            sync_sports(now=now, client=client)
        except FetchFailed:
            logger.info("The provider refuses free calls too while there are no credits")
        if not is_out_of_credits(PROVIDER, now=now):
            return
    raise PaidCallsPaused(
        "no usage credits are left; paid calls start again when the provider renews them "
        "(on the first of the month) or the plan is raised"
    )


def _fetch_prices(
    kind: FeedRun.Kind,
    subject: str,
    markets: Sequence[str],
    client: Client,
    now: datetime,
    budget: int | None,
    ask: Callable[[Client, Sequence[str]], Answered[ParsedSweep]],
) -> Counts:
    def record(paid: Client, run: FeedRun) -> Answered[Counts]:
        try:
            answered = ask(paid, markets)
        except InvalidMarkets as refusal:
            left = [market for market in markets if market not in refusal.markets]
            if not left or len(left) == len(markets):
                raise
            logger.warning("The provider does not offer %s here", sorted(refusal.markets))
            answered = ask(paid, left)
        return Answered(record_sweep(answered.value, feed_run=run), answered.credits)

    check_credits(client, now)
    return _fetch(kind, subject, client, now, budget, record)


def _fetch(
    kind: FeedRun.Kind,
    subject: str,
    client: Client,
    now: datetime,
    budget: int | None,
    ask: Callable[[Client, FeedRun], Answered[Counts]],
) -> Counts:
    run = begin_run(provider=PROVIDER, kind=kind, subject=subject, now=now)
    ledger = Ledger(provider=PROVIDER, now=now, budget=budget, job=f"{kind}", feed_run=run)
    try:
        answered = ask(client.charged_to(ledger), run)
    except ProviderError as refusal:
        _note(run, refusal.credits)
        end_run(run, Counts(), now=now, error=str(refusal))
        if isinstance(refusal, UnknownSport):
            _look_what_is_offered(client, now)
        if isinstance(refusal, OutOfUsageCredits):
            raise PaidCallsPaused(str(refusal)) from refusal
        raise FetchFailed(str(refusal)) from refusal
    except BadPayload as bad:
        end_run(run, Counts(), now=now, error=f"BAD_PAYLOAD: {bad}")
        raise FetchFailed(str(bad)) from bad
    except Exception as error:
        end_run(run, Counts(), now=now, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    _note(run, answered.credits)
    end_run(run, answered.value, now=now)
    return answered.value


def _record_listed(
    events: Sequence[ParsedEvent], competition_key: str, now: datetime, run: FeedRun
) -> Counts:
    with transaction.atomic():
        competition = lock_competition(competition_key)
        listed_at = {(event.source, event.key): now for event in events}
        recorded = record_events(events, competition, listed_at=listed_at)
        refused = refused_events(events, recorded)
        quarantine(refused, feed_run=run, source=PROVIDER, seen_at=now)
    known = len(events) - recorded.new - len(refused)
    return Counts(len(events), recorded.new, max(known, 0), len(refused))


def _look_what_is_offered(client: Client, now: datetime) -> None:
    try:
        sync_sports(now=now, client=client)
    except FetchFailed as failure:
        logger.warning("The sports on offer could not be fetched: %s", failure)


def _note(run: FeedRun, account: Credits) -> None:
    run.credits_cost = account.cost
    run.credits_remaining = account.remaining
    run.credits_used = account.used
