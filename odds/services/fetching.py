"""Fetch odds and scores from the provider, and record what it cost."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from odds.feeds.parsed import BadPayload
from odds.feeds.the_odds_api import (
    PROVIDER,
    Answered,
    Client,
    Credits,
    InvalidMarkets,
    OutOfUsageCredits,
    ProviderError,
)
from odds.models import Event, EventStatus, FeedRun
from odds.services.counts import Counts
from odds.services.results import record_results
from odds.services.runs import begin_run, end_run
from odds.services.sweeps import record_sweep

logger = logging.getLogger(__name__)

# The provider tells results for three days.
RESULTS_FOR = timedelta(days=3)
# With no credits left, ask this often (for nothing) whether there are new ones.
_ASK_AGAIN = timedelta(minutes=30)


class FetchFailed(Exception):
    """The provider could not be used; the feed run holds the reason."""


class PaidCallsPaused(FetchFailed):
    """No credits are left, so calls that cost any are not made."""


def fetch_odds(
    *,
    competition_key: str,
    now: datetime,
    client: Client,
    regions: Iterable[str] = ("us", "eu"),
    bookmakers: Iterable[str] = (),
    markets: Sequence[str] = ("h2h", "spreads", "totals"),
) -> Counts:
    """Fetch one competition's prices and record them, with the run and its credits.

    Markets that the provider does not offer are dropped and the rest asked for once more.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """
    regions, bookmakers = list(regions), list(bookmakers)

    def ask(wanted: Sequence[str]) -> Answered[Counts]:
        answered = client.odds(
            competition_key, regions=regions, bookmakers=bookmakers, markets=wanted, now=now
        )
        return Answered(record_sweep(answered.value, feed_run=run), answered.credits)

    def ask_for_what_is_offered() -> Answered[Counts]:
        try:
            return ask(markets)
        except InvalidMarkets as refusal:
            left = [market for market in markets if market not in refusal.markets]
            if not left or len(left) == len(markets):
                raise
            logger.warning("%s does not offer %s", competition_key, sorted(refusal.markets))
            return ask(left)

    _check_credits(client, now)
    run = _begin(FeedRun.Kind.ODDS, competition_key, now)
    return _finish(run, now, ask_for_what_is_offered)


def fetch_scores(
    *, competition_key: str, now: datetime, client: Client, days_from: int = 3
) -> Counts:
    """Fetch results of events we know, and record them; ask only where one is waited for.

    Raises:
        FetchFailed: where nothing was recorded; the run holds the reason.
    """
    waiting = Event.objects.filter(
        competition__key=competition_key,
        status=EventStatus.SCHEDULED,
        starts_at__gte=now - RESULTS_FOR,
        starts_at__lt=now,
        references__source=PROVIDER,
    )
    if not waiting.exists():
        return Counts()
    _check_credits(client, now)
    run = _begin(FeedRun.Kind.SCORES, competition_key, now)

    def ask() -> Answered[Counts]:
        answered = client.scores(competition_key, days_from=days_from, now=now)
        return Answered(record_results(answered.value, feed_run=run), answered.credits)

    return _finish(run, now, ask)


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


def _begin(kind: FeedRun.Kind, competition_key: str, now: datetime) -> FeedRun:
    return begin_run(provider=PROVIDER, kind=kind, subject=competition_key, now=now)


def _finish(run: FeedRun, now: datetime, ask: Callable[[], Answered[Counts]]) -> Counts:
    try:
        answered = ask()
    except ProviderError as refusal:
        _note(run, refusal.credits)
        end_run(run, Counts(), now=now, error=str(refusal))
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


def _note(run: FeedRun, account: Credits) -> None:
    run.credits_cost = account.cost
    run.credits_remaining = account.remaining
    run.credits_used = account.used


def _check_credits(client: Client, now: datetime) -> None:
    """Stop a paid call where the last one found no credits; ask for nothing whether that holds."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    runs = FeedRun.objects.filter(provider=PROVIDER, started_at__gte=first, started_at__lte=now)
    paid = runs.filter(kind__in=[FeedRun.Kind.ODDS, FeedRun.Kind.SCORES])
    last = paid.order_by("-started_at", "-pk").first()
    if last is None or not last.error.startswith("OUT_OF_USAGE_CREDITS"):
        return
    asked = runs.filter(kind=FeedRun.Kind.SPORTS).order_by("-started_at", "-pk").first()
    newest = max(last.started_at, asked.started_at if asked else last.started_at)
    if now - newest >= _ASK_AGAIN and _has_credits(client, now):
        return
    raise PaidCallsPaused(
        "no usage credits are left; paid calls start again when the provider renews them "
        "(on the first of the month) or the plan is raised"
    )


def _has_credits(client: Client, now: datetime) -> bool:
    run = begin_run(provider=PROVIDER, kind=FeedRun.Kind.SPORTS, subject="credits", now=now)
    try:
        account = client.sports().credits
    except OutOfUsageCredits as refusal:
        account = refusal.credits
    except (ProviderError, BadPayload) as error:
        end_run(run, Counts(), now=now, error=str(error))
        return False
    _note(run, account)
    end_run(run, Counts(), now=now)
    return account.remaining is not None and account.remaining > 0
