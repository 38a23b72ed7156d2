"""What may go wrong with a provider, fault by fault: in what it says, and on the way.

A fault that rewrites an answer takes its payload and a `Touch` and returns the payload as it goes
out. Which events, books and variants it touches follows from the scenario's seed and their names,
never from the number of calls, so that two answers of one moment tell the same story.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from odds.simulator.noise import uniform
from odds.simulator.render import american

Payload = Any
UNKNOWN_MARKET, UNKNOWN_BOOK = "h2h_moon_phase", "moon_book"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a fault may touch: by seed and name, a share of the events; `amount` is its size.

    `earlier` gives the same answer as it was so many minutes before.
    """

    seed: int
    events: float
    amount: float
    variant: str
    earlier: Callable[[timedelta], Payload]

    def touches(self, name: str) -> bool:
        return float(uniform(self.seed, crc32(name.encode()))) < self.events

    def pick(self, name: str, count: int) -> int:
        return int(float(uniform(self.seed, 1, crc32(name.encode()))) * count)


Rewrite = Callable[[Payload, Touch], Payload]


def entries(payload: Payload) -> list[dict[str, Any]]:
    """Return the events in an answer, whether it is a list, one event, or a snapshot of either."""
    if isinstance(payload, dict) and "data" in payload:
        payload = payload["data"]
    found = payload if isinstance(payload, list) else [payload]
    return [each for each in found if isinstance(each, dict) and "commence_time" in each]


def _touched(payload: Payload, touch: Touch) -> Iterator[dict[str, Any]]:
    return (each for each in entries(payload) if touch.touches(str(each["id"])))


def _markets(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for book in entry.get("bookmakers") or []:
        yield from book.get("markets") or []


def _unknown_market(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        for book in entry.get("bookmakers", []):
            if moneyline := next((m for m in book["markets"] if m.get("key") == "h2h"), None):
                book["markets"].append(copy.deepcopy(moneyline) | {"key": UNKNOWN_MARKET})
    return payload


def _unknown_book(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        if books := entry.get("bookmakers"):
            books.append(copy.deepcopy(books[0]) | {"key": UNKNOWN_BOOK, "title": "Moon Book"})
    return payload


def _null_teams(payload: Payload, touch: Touch) -> Payload:
    """Add an outright event, which has no teams, as the provider lists them among others."""
    found = entries(payload)
    if isinstance(payload, list) and found and "bookmakers" in found[0]:
        outright = copy.deepcopy(found[0]) | {"home_team": None, "away_team": None}
        outright["id"] = f"{crc32(str(found[0]['id']).encode()):032x}"
        for book in outright["bookmakers"]:
            names = [
                outcome["name"] for market in book["markets"] for outcome in market["outcomes"]
            ]
            outcomes = [{"name": name, "price": 4.5} for name in dict.fromkeys(names)]
            book["markets"] = [book["markets"][0] | {"key": "outrights", "outcomes": outcomes}]
        payload.append(outright)
    return payload


def _placeholder_price(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        for market in _markets(entry):
            market["outcomes"][0]["price"] = touch.amount
    return payload


def _stale_update(payload: Payload, touch: Touch) -> Payload:
    """Freeze books: price and time stay what they were some minutes ago."""
    before = {
        (entry["id"], book["key"]): book
        for entry in entries(touch.earlier(timedelta(minutes=touch.amount)))
        for book in entry.get("bookmakers", [])
    }
    for entry in entries(payload):
        entry["bookmakers"] = [
            before.get((entry["id"], book["key"]), book) if touch.touches(book["key"]) else book
            for book in entry.get("bookmakers", [])
        ]
    return payload


def _rescheduled(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        told = entry["commence_time"]
        moved = as_moment(told) + timedelta(hours=touch.amount)
        is_number = isinstance(told, int)
        entry["commence_time"] = int(moved.timestamp()) if is_number else f"{moved:%FT%TZ}"
    return payload


def _swapped_outcomes(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        for market in _markets(entry):
            market["outcomes"].reverse()
        for name in ("bookmakers", "scores"):
            if isinstance(entry.get(name), list):
                entry[name].reverse()
    return payload


def _renamed_team(payload: Payload, touch: Touch) -> Payload:
    for entry in _touched(payload, touch):
        old = entry["home_team"]
        entry["home_team"] = new = f"{old} Athletic"
        named = [o for market in _markets(entry) for o in market["outcomes"]]
        for one in named + (entry.get("scores") or []):
            if one["name"] == old:
                one["name"] = new
    return payload


def _duplicate_events(payload: Payload, touch: Touch) -> Payload:
    if isinstance(payload, list):
        payload += [copy.deepcopy(each) for each in _touched(payload, touch)]
    return payload


def _vanished_events(payload: Payload, touch: Touch) -> Payload:
    if isinstance(payload, list):
        return [each for each in payload if not touch.touches(str(each.get("id")))]
    return payload


def as_moment(told: str | int) -> datetime:
    """Return a time as the provider writes it."""
    return datetime.fromtimestamp(told, UTC) if isinstance(told, int) else (
        datetime.fromisoformat(told)
    )  # fmt: skip


# --- drift: what the vendor might change without a word


def _each(payload: Payload, touch: Touch, kind: str) -> Iterator[dict[str, Any]]:
    """Return the objects of a kind in the events touched."""
    for entry in _touched(payload, touch):
        if kind == "event":
            yield entry
        elif kind == "book":
            yield from entry.get("bookmakers") or []
        elif kind == "market":
            yield from _markets(entry)
        else:
            for market in _markets(entry):
                outcomes = market.get("outcomes")
                yield from outcomes if isinstance(outcomes, list) else []


def _rename(thing: dict[str, Any], old: str, new: str) -> None:
    if old in thing:
        thing[new] = thing.pop(old)


# What drifts: the kind of object, and what happens to it.
DRIFTS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "price_renamed": ("outcome", lambda o: _rename(o, "price", "odds")),
    "price_as_text": ("outcome", lambda o: o.update(price=str(o["price"]))),
    "price_american": ("outcome", lambda o: o.update(price=american(o["price"]))),
    "price_null": ("outcome", lambda o: o.update(price=None)),
    "price_nested": ("outcome", lambda o: o.update(price={"decimal": o["price"]})),
    "point_as_text": ("outcome", lambda o: o.update(point=str(o.get("point", "")))),
    "point_missing": ("outcome", lambda o: o.pop("point", None)),
    "name_in_capitals": ("outcome", lambda o: o.update(name=o["name"].upper())),
    "name_by_side": ("outcome", lambda o: o.update(name="Home")),
    "outcomes_as_object": ("market", lambda m: m.update(outcomes={"0": m["outcomes"][0]})),
    "outcomes_missing": ("market", lambda m: m.pop("outcomes", None)),
    "market_key_as_number": ("market", lambda m: m.update(key=7)),
    "update_in_milliseconds": ("market", lambda m: m.update(last_update=1_768_478_580_000)),
    "update_missing": ("market", lambda m: m.pop("last_update", None)),
    "books_null": ("event", lambda e: e.update(bookmakers=None)),
    "book_key_missing": ("book", lambda b: b.pop("key", None)),
    "markets_renamed": ("book", lambda b: _rename(b, "markets", "lines")),
    "start_renamed": ("event", lambda e: _rename(e, "commence_time", "starts_at")),
    "start_without_zone": ("event", lambda e: e.update(commence_time="2026-01-15T12:00:00")),
    "team_as_object": ("event", lambda e: e.update(home_team={"name": e["home_team"]})),
    "one_team_null": ("event", lambda e: e.update(away_team=None)),
    "id_as_number": ("event", lambda e: e.update(id=12345)),
    "new_fields": ("outcome", lambda o: o.update(probability=0.5, tags=["new"], price_2=1.5)),
    "score_null": ("event", lambda e: e.update(scores=[{"name": e["home_team"], "score": None}])),
}
_WRAPPED = "wrapped_in_data"


def drift_names() -> tuple[str, ...]:
    """Return every drift there is."""
    return (*DRIFTS, _WRAPPED)


def _drifted_schema(payload: Payload, touch: Touch) -> Payload:
    names = drift_names()
    name = touch.variant or names[touch.pick("drift", len(names))]
    if name == _WRAPPED:
        return {"success": True, "data": payload}
    kind, change = DRIFTS[name]
    for thing in list(_each(payload, touch, kind)):
        # What another drift took away or made something else of drifts no further.
        with suppress(KeyError, TypeError, AttributeError):
            change(thing)
    return payload


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault, what `amount` is called and how large it is by default."""

    meaning: str
    rewrite: Rewrite | None = None
    amount_name: str = ""
    amount: float = 0.0
    largest: float = 0.0
    smallest: float = 0.0


KINDS: dict[str, Kind] = {
    # Refused before anything is done: nothing is charged.
    "too_frequent": Kind("429 EXCEEDED_FREQ_LIMIT"),
    "server_error": Kind("500 with a JSON body"),
    "html_page": Kind("502 with a gateway's HTML page"),
    "out_of_credits": Kind("401 OUT_OF_USAGE_CREDITS"),
    # Something is wrong with what is said.
    "unknown_market": Kind("a market key nobody knows, in every book", _unknown_market),
    "unknown_book": Kind("a bookmaker key nobody knows", _unknown_book),
    "null_teams": Kind("an outright event, whose teams are null", _null_teams),
    "placeholder_price": Kind(
        "a price that offers nothing", _placeholder_price, "price", 1.0, 1.01
    ),
    "stale_update": Kind(
        "books frozen at their prices and times of earlier", _stale_update, "minutes", 90, 1440
    ),
    "rescheduled": Kind("another start, the same id", _rescheduled, "hours", 5, 96, -96),
    "swapped_outcomes": Kind("outcomes, books and scores in another order", _swapped_outcomes),
    "renamed_team": Kind("the home team under a new name", _renamed_team),
    "duplicate_events": Kind("events listed twice", _duplicate_events),
    "vanished_events": Kind("events not listed", _vanished_events),
    "drifted_schema": Kind("fields renamed, retyped or gone", _drifted_schema),
    # Something happens to what was said, and charged, on its way.
    "timeout": Kind("no answer for so long, then none at all", None, "seconds", 20, 120),
    "dropped": Kind("the connection breaks half way"),
    "truncated_gzip": Kind("compressed data end half way"),
    "missing_headers": Kind("no x-requests headers"),
    "negative_remaining": Kind("x-requests-remaining below zero", None, "credits", 772, 1e9),
}
REFUSALS = ("too_frequent", "server_error", "html_page", "out_of_credits")
