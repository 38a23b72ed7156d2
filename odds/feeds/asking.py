"""How The Odds API is asked: through the gate, paid for, tried again where that can help.

Errors are told by the provider's own codes. No address and no key is in any of them.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import orjson
import stamina

from odds.domain.credits import charge_of
from odds.feeds.collecting import without_collecting
from odds.feeds.gate import Gate
from odds.feeds.http import Answer, BrokenAnswer, NoAnswer, Transport
from odds.feeds.parsed import BadPayload
from odds.feeds.provider import (
    Ask,
    BudgetSpent,
    Call,
    Credits,
    EventNotFound,
    HistoricalUnavailable,
    InvalidMarkets,
    InvalidRequest,
    KeyRefused,
    OutOfUsageCredits,
    Patience,
    ProviderError,
    ProviderFailed,
    Purse,
    TooFrequent,
    UnknownSport,
)

# A server that asks for more patience than this is left until the next round.
_LONGEST_WAIT = 20.0
# The provider's keys have 32 characters; a made-up short one may be a word of any answer.
_SHORTEST_SECRET = 12

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


class Asker:
    """Asks one provider with one key."""

    def __init__(
        self,
        transport: Transport,
        key: str,
        gate: Gate | None,
        purse: Purse,
        patience: Patience,
    ) -> None:
        self._transport, self._key = transport, key
        self._gate, self._purse, self._patience = gate, purse, patience

    def charged_to(self, purse: Purse) -> "Asker":
        """Return the same asker with another purse."""
        return Asker(self._transport, self._key, self._gate, purse, self._patience)

    def ask(self, ask: Ask, path: str, parameters: Mapping[str, str]) -> tuple[object, Credits]:
        """Return an answer's JSON and its credits.

        Failures that may pass are tried again, each try paid for and written down by itself.

        Raises:
            ProviderError: or a kind of it.
            BadPayload: where the answer is not JSON.
        """
        retries = stamina.retry_context(
            on=partial(_wait_before_next, self._patience),
            attempts=self._patience.attempts,
            timeout=self._patience.in_all,
        )
        for attempt in retries:
            with attempt:
                return self._ask_once(ask, path, parameters)
        raise AssertionError("unreachable")

    def _ask_once(
        self, ask: Ask, path: str, parameters: Mapping[str, str]
    ) -> tuple[object, Credits]:
        if self._gate is None:
            return self._paid(ask, path, parameters)
        with self._gate.passage():
            try:
                answered = self._paid(ask, path, parameters)
            except BudgetSpent:
                # Nobody was asked, so nothing was learned of the provider.
                raise
            except (ProviderFailed, BadPayload):
                self._gate.failed()
                raise
            except ProviderError:
                self._gate.succeeded()
                raise
            self._gate.succeeded()
            return answered

    def _paid(self, ask: Ask, path: str, parameters: Mapping[str, str]) -> tuple[object, Credits]:
        held = self._purse.reserve(ask)
        # What is not written down otherwise: our own fault, or the process was stopped.
        call = Call(ask, None, "STOPPED")
        try:
            answer = self._get(path, parameters)
            credits = credits_in(answer.headers)
            call = Call(ask, answer.status, "", None, credits)
            if answer.status != 200:
                raise self._refusal(answer, credits)
            payload = _json(answer)
            call = replace(call, expected=_expected(ask, payload))
        except ProviderError as error:
            call = replace(call, error=error.code, expected=_expected_of_error(ask, call.status))
            raise
        except BadPayload:
            call = replace(call, error="BAD_PAYLOAD")
            raise
        finally:
            self._purse.settle(held, call)
        self._purse.notice(ask.endpoint, payload)
        return payload, credits

    def _get(self, path: str, parameters: Mapping[str, str]) -> Answer:
        try:
            answer = self._transport.get(path, {**parameters, "apiKey": self._key})
            # A server that repeats our address must not bring the key into a log or a table.
            secret = self._key.encode()
            if len(secret) >= _SHORTEST_SECRET and secret in answer.body:
                answer = replace(answer, body=answer.body.replace(secret, b"***"))
            return answer
        except BrokenAnswer as broken:
            raise ProviderFailed("BROKEN_ANSWER", str(broken)) from None
        except NoAnswer as nothing:
            raise ProviderFailed("NO_ANSWER", str(nothing)) from None

    def _refusal(self, answer: Answer, credits: Credits) -> ProviderError:
        text = answer.body[:4000].decode("utf-8", errors="replace")
        code, message = _code_and_message(text)
        if self._key:
            code, message = code.replace(self._key, "***"), message.replace(self._key, "***")
        if answer.status == 429:
            return _waiting(TooFrequent(code or "EXCEEDED_FREQ_LIMIT", message, credits), answer)
        if answer.status >= 500:
            code = code or f"HTTP_{answer.status}"
            return _waiting(ProviderFailed(code, message, credits), answer)
        if not code and answer.status == 401:
            # Nothing readable: the credits tell whether the key or the quota is at fault.
            spent = credits.remaining is not None and credits.remaining <= 0
            code = "OUT_OF_USAGE_CREDITS" if spent else "INVALID_KEY"
        if kind := _KINDS.get(code):
            return kind(code, message, credits)
        kind = InvalidRequest if answer.status == 422 else ProviderError
        return kind(code or f"HTTP_{answer.status}", message, credits)


def _waiting(error: TooFrequent | ProviderFailed, answer: Answer) -> ProviderError:
    told = answer.headers.get("retry-after", "").strip()
    # The other form, a date, would have to be trusted to have our clock.
    error.wait = float(told) if re.fullmatch(r"\d{1,6}", told) else None
    return error


def _wait_before_next(patience: Patience, error: Exception) -> bool | float:
    """Return how long to wait before another try, or that there is none."""
    if not isinstance(error, TooFrequent | ProviderFailed):
        return False
    is_frequent = isinstance(error, TooFrequent)
    least = patience.wait_frequent if is_frequent else patience.wait_failed
    wait = max(least, error.wait or 0.0)
    if wait > _LONGEST_WAIT:
        return False
    return wait + random.uniform(0.0, patience.jitter)  # noqa: S311 - spreads calls, no secret


def _json(answer: Answer) -> object:
    try:
        with without_collecting():
            return orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        pass
    start = answer.body[:200].lstrip().lower()
    is_html = start.startswith((b"<!doctype", b"<html")) or "html" in answer.headers.get(
        "content-type", ""
    )
    raise BadPayload("answer", "HTML instead of JSON" if is_html else "no JSON")


def _expected(ask: Ask, payload: object) -> int | None:
    body = payload.get("data") if isinstance(payload, dict) and "data" in payload else payload
    books = body.get("bookmakers") if isinstance(body, dict) else None
    markets = [
        market
        for book in _listed(books)
        if isinstance(book, dict)
        for market in _listed(book.get("markets"))
        if isinstance(market, dict)
    ]
    # What exchanges add unasked, and what is no text, is not charged.
    returned = [key for key in ask.markets if any(each.get("key") == key for each in markets)]
    is_empty = not body if isinstance(body, list) else books == []
    return charge_of(
        ask.endpoint,
        status=200,
        is_empty=is_empty,
        planned=ask.planned,
        region_count=ask.region_count,
        returned_markets=returned,
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _expected_of_error(ask: Ask, status: int | None) -> int | None:
    if status is None:
        return None
    return charge_of(
        ask.endpoint, status=status, is_empty=True, planned=ask.planned, region_count=0
    )


def _code_and_message(text: str) -> tuple[str, str]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        message = str(body.get("message", ""))[:300]
        if isinstance(body.get("error_code"), str):
            return str(body["error_code"])[:64], message
    else:
        message = ""
    # Longest first: INVALID_MARKET begins INVALID_MARKET_COMBO.
    found = sorted(_CODE.findall(text), key=len, reverse=True)
    return (found[0][:64] if found else ""), message


def credits_in(headers: Mapping[str, str]) -> Credits:
    """Return what the headers say of credits; what is missing or no number is unknown."""

    def number(name: str) -> int | None:
        text = headers.get(name, "").strip()
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None

    return Credits(
        cost=number("x-requests-last"),
        remaining=number("x-requests-remaining"),
        used=number("x-requests-used"),
    )
