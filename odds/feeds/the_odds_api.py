"""The Odds API v4: its ten endpoints, what each call costs, and what may go wrong.

Guide: https://the-odds-api.com/liveapi/guides/v4/
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from odds.domain.credits import Endpoint, cost_of, regions_charged
from odds.feeds import the_odds_api_queries as queries
from odds.feeds.asking import Asker
from odds.feeds.gate import Gate
from odds.feeds.http import Transport
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedResult, ParsedSweep
from odds.feeds.provider import (
    Answered,
    Ask,
    BreakerOpen,
    BudgetSpent,
    Credits,
    EventNotFound,
    FreePurse,
    HistoricalUnavailable,
    InvalidMarkets,
    InvalidRequest,
    KeyRefused,
    NoSlot,
    OutOfUsageCredits,
    Patience,
    ProviderError,
    ProviderFailed,
    Purse,
    TooFrequent,
    UnknownSport,
)
from odds.feeds.the_odds_api_payloads import (
    SOURCE,
    as_moment,
    read_events,
    read_scores,
    read_sports,
)
from odds.feeds.the_odds_api_sweeps import sweep_of

__all__ = [
    "PROVIDER",
    "Answered",
    "BreakerOpen",
    "BudgetSpent",
    "Client",
    "Credits",
    "EventNotFound",
    "HistoricalUnavailable",
    "InvalidMarkets",
    "InvalidRequest",
    "KeyRefused",
    "NoSlot",
    "OutOfUsageCredits",
    "ProviderError",
    "ProviderFailed",
    "Snapshot",
    "TooFrequent",
    "UnknownSport",
]

PROVIDER = SOURCE
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """What the provider showed at `at`, the newest it has up to the moment asked for."""

    at: datetime
    previous: datetime | None
    next: datetime | None
    value: T


class Client:
    """Asks the provider. Timeouts, failures and "too often" are tried again, nothing else is.

    Every method raises `ProviderError` or a kind of it where the provider refuses or fails (a
    parameter that it would refuse is refused here, for nothing), and `BadPayload` naming the first
    field at fault where its answer cannot be read. Bookmakers win over regions.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        gate: Gate | None = None,
        purse: Purse | None = None,
        patience: Patience | None = None,
    ) -> None:
        patience = patience or Patience()
        self._transport = Transport(
            url, read_seconds=patience.read_seconds, total_seconds=patience.total_seconds
        )
        self._asker = Asker(self._transport, key, gate, purse or FreePurse(), patience)

    def __repr__(self) -> str:
        return "Client(The Odds API)"

    def charged_to(self, purse: Purse) -> "Client":
        """Return this client with another purse, over the same connection."""
        other = object.__new__(Client)
        other._transport = self._transport
        other._asker = self._asker.charged_to(purse)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    # --- the present

    def sports(self, *, with_inactive: bool = False) -> Answered[list[dict[str, Any]]]:
        """Return the sports in season, or all of them. Free."""
        asked = {"all": "true"} if with_inactive else {}
        payload, credits = self._asker.ask(Ask(Endpoint.SPORTS), "/v4/sports", asked)
        return Answered(read_sports(payload), credits)

    def events(
        self,
        key: str,
        *,
        event_ids: Iterable[str] = (),
        starts_from: datetime | None = None,
        starts_to: datetime | None = None,
    ) -> Answered[list[ParsedEvent]]:
        """Return a sport's events that are on or to come. Free."""
        asked = queries.of_events(event_ids, starts_from, starts_to)
        path = f"/v4/sports/{queries.sport(key)}/events"
        payload, credits = self._asker.ask(Ask(Endpoint.EVENTS, key), path, asked)
        return Answered(read_events(payload), credits)

    def odds(
        self,
        key: str,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
        markets: Sequence[str] = ("h2h",),
        starts_from: datetime | None = None,
        starts_to: datetime | None = None,
        now: datetime,
    ) -> Answered[ParsedSweep]:
        """Return a sport's prices in the featured markets as a sweep seen at `now`.

        Costs as many credits as markets times regions; every ten bookmakers count as a region;
        nothing where there are no events.
        """
        regions, books = list(regions), list(bookmakers)
        asked = queries.of_odds(regions, books, markets, only_featured=True)
        asked |= queries.of_events((), starts_from, starts_to)
        ask = _ask(Endpoint.ODDS, key, regions, books, markets)
        payload, credits = self._asker.ask(ask, f"/v4/sports/{queries.sport(key)}/odds", asked)
        return Answered(sweep_of(payload, key, markets=markets, books=books, now=now), credits)

    def scores(
        self, key: str, *, days_from: int | None = None, now: datetime
    ) -> Answered[list[ParsedResult]]:
        """Return the results of a sport's completed events, known from `now` on.

        Without `days_from` (1 to 3) the provider leaves out completed events. Costs 2 with it, 1
        without.
        """
        asked = queries.of_scores(days_from)
        cost = cost_of(Endpoint.SCORES, has_days_from=days_from is not None)
        path = f"/v4/sports/{queries.sport(key)}/scores"
        payload, credits = self._asker.ask(Ask(Endpoint.SCORES, key, cost), path, asked)
        return Answered(read_scores(payload, seen_at=now), credits)

    def event_odds(
        self,
        key: str,
        event_id: str,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
        markets: Sequence[str],
        now: datetime,
    ) -> Answered[ParsedSweep]:
        """Return one event's prices in any markets as a sweep seen at `now`.

        Costs as many credits as markets that come back times regions.
        """
        regions, books = list(regions), list(bookmakers)
        asked = queries.of_odds(regions, books, markets, only_featured=False)
        path = f"/v4/sports/{queries.sport(key)}/events/{queries.event(event_id)}/odds"
        ask = _ask(Endpoint.EVENT_ODDS, f"{key}/{event_id}", regions, books, markets)
        payload, credits = self._asker.ask(ask, path, asked)
        return Answered(sweep_of([payload], key, markets=markets, books=books, now=now), credits)

    def event_markets(
        self,
        key: str,
        event_id: str,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
    ) -> Answered[dict[str, list[str]]]:
        """Return the markets that each bookmaker offered lately in an event. Costs 1."""
        asked = queries.of_books(list(regions), list(bookmakers))
        path = f"/v4/sports/{queries.sport(key)}/events/{queries.event(event_id)}/markets"
        ask = Ask(Endpoint.EVENT_MARKETS, f"{key}/{event_id}", cost_of(Endpoint.EVENT_MARKETS))
        payload, credits = self._asker.ask(ask, path, asked)
        return Answered(queries.read_event_markets(payload), credits)

    def participants(self, key: str) -> Answered[dict[str, str]]:
        """Return a sport's participants, also inactive ones: id by full name. Costs 1."""
        ask = Ask(Endpoint.PARTICIPANTS, key, cost_of(Endpoint.PARTICIPANTS))
        path = f"/v4/sports/{queries.sport(key)}/participants"
        payload, credits = self._asker.ask(ask, path, {})
        return Answered(queries.read_participants(payload), credits)

    # --- the past

    def past_odds(
        self,
        key: str,
        at: datetime,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
        markets: Sequence[str] = ("h2h",),
    ) -> Answered[Snapshot[ParsedSweep]]:
        """Return the prices of the newest snapshot up to `at`. Costs ten times what odds do."""
        regions, books = list(regions), list(bookmakers)
        asked = queries.of_odds(regions, books, markets, only_featured=True)
        asked |= queries.at_moment(at)
        ask = _ask(Endpoint.PAST_ODDS, key, regions, books, markets)
        path = f"/v4/historical/sports/{queries.sport(key)}/odds"
        payload, credits = self._asker.ask(ask, path, asked)
        found = _snapshot(payload)
        sweep = sweep_of(found.value, key, markets=markets, books=books, now=found.at)
        return Answered(Snapshot(found.at, found.previous, found.next, sweep), credits)

    def past_events(self, key: str, at: datetime) -> Answered[Snapshot[list[ParsedEvent]]]:
        """Return the events of the newest snapshot up to `at`. Costs 1, nothing without events."""
        ask = Ask(Endpoint.PAST_EVENTS, key, cost_of(Endpoint.PAST_EVENTS))
        path = f"/v4/historical/sports/{queries.sport(key)}/events"
        payload, credits = self._asker.ask(ask, path, queries.at_moment(at))
        found = _snapshot(payload)
        events = read_events(found.value)
        return Answered(Snapshot(found.at, found.previous, found.next, events), credits)

    def past_event_odds(
        self,
        key: str,
        event_id: str,
        at: datetime,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
        markets: Sequence[str],
    ) -> Answered[Snapshot[ParsedSweep]]:
        """Return one event's prices of the newest snapshot up to `at`; ten times event odds."""
        regions, books = list(regions), list(bookmakers)
        asked = queries.of_odds(regions, books, markets, only_featured=False)
        asked |= queries.at_moment(at)
        ask = _ask(Endpoint.PAST_EVENT_ODDS, f"{key}/{event_id}", regions, books, markets)
        path = f"/v4/historical/sports/{queries.sport(key)}/events/{queries.event(event_id)}/odds"
        payload, credits = self._asker.ask(ask, path, asked)
        found = _snapshot(payload)
        sweep = sweep_of([found.value], key, markets=markets, books=books, now=found.at)
        return Answered(Snapshot(found.at, found.previous, found.next, sweep), credits)


def _ask(
    endpoint: Endpoint,
    subject: str,
    regions: Collection[str],
    books: Collection[str],
    markets: Collection[str],
) -> Ask:
    cost = cost_of(endpoint, markets=markets, regions=regions, bookmakers=books)
    count = regions_charged(regions, books)
    return Ask(endpoint, subject, cost, count, frozenset(markets))


def _snapshot(payload: object) -> Snapshot[object]:
    if not isinstance(payload, dict):
        raise BadPayload("answer", f"an object was expected, not {type(payload).__name__}")

    def neighbour(name: str) -> datetime | None:
        value = payload.get(name)
        return None if value is None else as_moment(value, name)

    return Snapshot(
        as_moment(payload.get("timestamp"), "timestamp"),
        neighbour("previous_timestamp"),
        neighbour("next_timestamp"),
        payload.get("data"),
    )
