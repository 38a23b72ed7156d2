"""The Odds API v4: sports, events, odds, scores, what each call cost, and what may go wrong.

Guide: https://the-odds-api.com/liveapi/guides/v4/
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import stamina

from odds.feeds.columns import joined
from odds.feeds.http import Answer, NoAnswer, Transport
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedResult, ParsedSweep
from odds.feeds.the_odds_api_payloads import (
    SOURCE,
    read_events,
    read_odds,
    read_scores,
    read_sports,
)

PROVIDER = SOURCE
_ATTEMPTS = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credits:
    """What a call cost and what is left, as the answer's headers say; None where they do not.

    `remaining` may be negative.
    """

    cost: int | None = None
    remaining: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """A parsed answer and its credits."""

    value: T
    credits: Credits


class ProviderError(Exception):
    """The provider refused or failed; `code` is its name for it, `credits` what it told of them."""

    def __init__(self, code: str, message: str, account: Credits | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.credits = account or Credits()


class KeyRefused(ProviderError):
    """The key is missing, wrong or switched off: nothing works until someone mends it."""


class OutOfUsageCredits(ProviderError):
    """No credits are left: paid calls make no sense until they are renewed."""


class HistoricalUnavailable(ProviderError):
    """The plan has no historical data."""


class UnknownSport(ProviderError):
    """The sport's key is unknown, or out of season."""


class EventNotFound(ProviderError):
    """The event is not offered any more."""


class InvalidRequest(ProviderError):
    """A parameter is wrong; asking again is of no use."""


class InvalidMarkets(InvalidRequest):
    """Some markets are unknown or not offered here: `markets` names them."""

    def __init__(self, code: str, message: str, account: Credits | None = None) -> None:
        super().__init__(code, message, account)
        self.markets = frozenset(re.findall(r"[a-z0-9_]+", message.partition(":")[2]))


class TooFrequent(ProviderError):
    """Too many calls a second; a little later it works."""


class ProviderFailed(ProviderError):
    """The provider failed, or did not answer; later it may work."""


_KINDS: dict[str, type[ProviderError]] = {
    "MISSING_KEY": KeyRefused,
    "INVALID_KEY": KeyRefused,
    "DEACTIVATED_KEY": KeyRefused,
    "OUT_OF_USAGE_CREDITS": OutOfUsageCredits,
    "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN": HistoricalUnavailable,
    "UNKNOWN_SPORT": UnknownSport,
    "EVENT_NOT_FOUND": EventNotFound,
    "EXCEEDED_FREQ_LIMIT": TooFrequent,
    "INVALID_MARKET_COMBO": InvalidRequest,
    "INVALID_MARKET": InvalidMarkets,
}
_CODE = re.compile(
    r"\b(?:MISSING|INVALID|UNKNOWN|HISTORICAL|EXCEEDED|OUT|DEACTIVATED|EVENT)_[A-Z_]+"
)


class Client:
    """Asks the provider. Timeouts, failures and "too often" are tried again, nothing else is."""

    def __init__(self, url: str, key: str) -> None:
        self._key = key
        self._transport = Transport(url)

    def __repr__(self) -> str:
        return "Client(The Odds API)"

    def sports(self) -> Answered[list[dict[str, Any]]]:
        """Return the sports in season. Free.

        Raises:
            ProviderError: or a kind of it.
            BadPayload: naming the first field at fault.
        """
        payload, account = self._ask("/v4/sports", {})
        return Answered(read_sports(payload), account)

    def events(self, key: str) -> Answered[list[ParsedEvent]]:
        """Return a sport's events that are on or to come. Free.

        Raises:
            ProviderError: or a kind of it.
            BadPayload: naming the first field at fault.
        """
        payload, account = self._ask(f"/v4/sports/{key}/events", {})
        return Answered(read_events(payload), account)

    def odds(
        self,
        key: str,
        *,
        regions: Iterable[str] = (),
        bookmakers: Iterable[str] = (),
        markets: Sequence[str] = ("h2h",),
        now: datetime,
    ) -> Answered[ParsedSweep]:
        """Return a sport's prices as a sweep seen at `now`.

        Costs as many credits as markets times regions; every ten bookmakers count as a region.
        Bookmakers win over regions.

        Raises:
            ProviderError: or a kind of it.
            BadPayload: naming the first field at fault.
        """
        books = list(bookmakers)
        asked = {"bookmakers": ",".join(books)} if books else {"regions": ",".join(regions)}
        asked |= {"markets": ",".join(markets), "oddsFormat": "decimal", "dateFormat": "iso"}
        payload, account = self._ask(f"/v4/sports/{key}/odds", asked)
        listed = read_odds(payload, odds_format="decimal")
        for index, entry in enumerate(listed):
            if entry.event.competition_key != key:
                raise BadPayload(f"[{index}].sport_key", f"{entry.event.competition_key!r:.64}")
        # Exchanges add their lay prices to h2h unasked.
        looked_at = {*markets, "h2h_lay"} if "h2h" in markets else set(markets)
        sweep = ParsedSweep(
            provider=PROVIDER,
            competition_key=key,
            seen_at=now,
            events=[entry.event for entry in listed],
            quotes=joined([entry.quotes for entry in listed]),
            bookmaker_titles={name: t for entry in listed for name, t in entry.titles.items()},
            rejected=[row for entry in listed for row in entry.rejected],
            markets_asked=frozenset(looked_at),
            books_asked=frozenset(books) if books else None,
        )
        return Answered(sweep, account)

    def scores(
        self, key: str, *, days_from: int | None = None, now: datetime
    ) -> Answered[list[ParsedResult]]:
        """Return the results of a sport's completed events, known from `now` on.

        Without `days_from` (1 to 3) the provider leaves out completed events. Costs 2 with it, 1
        without.

        Raises:
            ProviderError: or a kind of it.
            BadPayload: naming the first field at fault.
        """
        asked = {} if days_from is None else {"daysFrom": str(days_from)}
        payload, account = self._ask(f"/v4/sports/{key}/scores", asked)
        return Answered(read_scores(payload, seen_at=now), account)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _ask(self, path: str, parameters: Mapping[str, str]) -> tuple[object, Credits]:
        retries = stamina.retry_context(
            on=(ProviderFailed, TooFrequent),
            attempts=_ATTEMPTS,
            timeout=30.0,
            wait_initial=1.0,
            wait_max=5.0,
            wait_jitter=1.0,
        )
        for attempt in retries:
            with attempt:
                return self._ask_once(path, parameters)
        raise AssertionError("unreachable")

    def _ask_once(self, path: str, parameters: Mapping[str, str]) -> tuple[object, Credits]:
        try:
            answer = self._transport.get(path, {**parameters, "apiKey": self._key})
        except NoAnswer as nothing:
            raise ProviderFailed("NO_ANSWER", str(nothing)) from None
        account = _credits(answer.headers)
        if answer.status != 200:
            raise self._refusal(answer, account)
        try:
            return json.loads(answer.body), account
        except (ValueError, RecursionError):
            raise BadPayload("answer", "no JSON") from None

    def _refusal(self, answer: Answer, account: Credits) -> ProviderError:
        text = answer.body[:4000].decode("utf-8", errors="replace")
        code, message = _code_of(text), ""
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            message = str(body.get("message", ""))[:300]
        # A server that repeats our address must not bring the key into a log.
        message = message.replace(self._key, "***") if self._key else message
        if answer.status == 429:
            return TooFrequent(code or "EXCEEDED_FREQ_LIMIT", message, account)
        if answer.status >= 500:
            return ProviderFailed(code or f"HTTP_{answer.status}", message, account)
        if not code and answer.status == 401:
            # Nothing readable: the credits tell whether the key or the quota is at fault.
            spent = account.remaining is not None and account.remaining <= 0
            code = "OUT_OF_USAGE_CREDITS" if spent else "INVALID_KEY"
        if kind := _KINDS.get(code):
            return kind(code, message, account)
        kind = InvalidRequest if answer.status == 422 else ProviderError
        return kind(code or f"HTTP_{answer.status}", message, account)


def _code_of(text: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict) and isinstance(body.get("error_code"), str):
        return str(body["error_code"])[:64]
    # Longest first: INVALID_MARKET begins INVALID_MARKET_COMBO.
    found = sorted(_CODE.findall(text), key=len, reverse=True)
    return found[0] if found else ""


def _credits(headers: Mapping[str, str]) -> Credits:
    def number(name: str) -> int | None:
        text = headers.get(name, "").strip()
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None

    return Credits(
        cost=number("x-requests-last"),
        remaining=number("x-requests-remaining"),
        used=number("x-requests-used"),
    )
