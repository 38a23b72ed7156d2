"""From what was listed, moment by moment, to the changes worth keeping.

One market of one event at a time. A key is (side, point in hundredths or None, bookmaker id);
prices are whole thousandths, so that equal means equal. A price of None means withdrawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Key = tuple[str, int | None, int]


@dataclass(slots=True)
class Listing:
    """All that one source listed in one market of one event at one moment.

    `books` are the bookmakers looked at; None means any.
    """

    seen_at: datetime
    books: frozenset[int] | None
    prices: dict[Key, tuple[int, datetime | None]]


@dataclass(slots=True)
class State:
    """The latest about one key: `price` since `seen_at`, last confirmed at `confirmed_at`."""

    price: int | None
    last_update: datetime | None
    seen_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """From `seen_at` on, the key had this price."""

    key: Key
    price: int | None
    last_update: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """A second price for a key that already had another one at the same moment."""

    key: Key
    price: int
    kept: int | None
    seen_at: datetime


def follow(
    states: dict[Key, State], listings: Iterable[Listing]
) -> tuple[list[Change], list[Conflict]]:
    """Bring the states up to date with later listings, and return what changed.

    The listings must be in order of time and none earlier than the states. `states` is updated in
    place. A key that a listing looked at and does not hold is withdrawn; one it did not look at
    stays as it was. Of two prices at one moment the first stays, the second is a conflict.

    >>> from datetime import UTC
    >>> noon, one = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)
    >>> home = ("home", None, 7)
    >>> changes, _ = follow({}, [Listing(noon, None, {home: (1900, None)}), Listing(one, None, {})])
    >>> [(change.price, change.seen_at.hour) for change in changes]
    [(1900, 12), (None, 13)]
    """
    changes: list[Change] = []
    conflicts: list[Conflict] = []
    for listing in listings:
        at, prices = listing.seen_at, listing.prices
        for key, (price, last_update) in prices.items():
            state = states.get(key)
            if state is None:
                states[key] = State(price, last_update, at, at)
                changes.append(Change(key, price, last_update, at))
            elif state.price == price:
                state.confirmed_at = at
                state.last_update = _newest(state.last_update, last_update)
            elif state.confirmed_at == at:
                conflicts.append(Conflict(key, price, state.price, at))
            else:
                states[key] = State(price, last_update, at, at)
                changes.append(Change(key, price, last_update, at))
        for key in _missing(states, listing):
            states[key] = State(None, None, at, at)
            changes.append(Change(key, None, None, at))
    return changes, conflicts


def fill_in(
    history: Mapping[Key, list[Change]],
    seen_before: Iterable[tuple[datetime, frozenset[int] | None]],
    listings: Iterable[Listing],
) -> tuple[dict[Key, State], list[Change], list[Conflict]]:
    """Work listings into a history that reaches beyond them: states, changes to add, conflicts.

    `history` holds each key's changes in order of time, `seen_before` the moments (and bookmakers)
    at which this market was already looked at. What those looks saw follows from the history, so
    every price is again in force exactly from where it was seen to where it was seen no more.
    Changes that are already there are never taken back; one may become superfluous (the same
    price as before it), which no answer depends on.
    """
    old = [Listing(at, books, _in_force(history, at, books)) for at, books in seen_before]
    order = sorted([*old, *listings], key=lambda listing: listing.seen_at)
    states: dict[Key, State] = {}
    changes, conflicts = follow(states, order)
    there = {(change.key, change.seen_at) for of_key in history.values() for change in of_key}
    added = [change for change in changes if (change.key, change.seen_at) not in there]
    newest: dict[Key, datetime] = {}
    for change in [*(c for of_key in history.values() for c in of_key), *added]:
        newest[change.key] = max(newest.get(change.key, change.seen_at), change.seen_at)
    for key, state in states.items():
        state.seen_at = newest[key]
        state.confirmed_at = max(state.confirmed_at, state.seen_at)
    return states, added, conflicts


def _missing(states: Mapping[Key, State], listing: Listing) -> list[Key]:
    books, prices, at = listing.books, listing.prices, listing.seen_at
    return [
        key
        for key, state in states.items()
        if key not in prices
        and state.price is not None
        and state.confirmed_at < at
        and (books is None or key[2] in books)
    ]


def _in_force(
    history: Mapping[Key, list[Change]], at: datetime, books: frozenset[int] | None
) -> dict[Key, tuple[int, datetime | None]]:
    found: dict[Key, tuple[int, datetime | None]] = {}
    for key, changes in history.items():
        if books is not None and key[2] not in books:
            continue
        last = None
        for change in changes:
            if change.seen_at > at:
                break
            last = change
        if last is not None and last.price is not None:
            found[key] = (last.price, last.last_update)
    return found


def _newest(first: datetime | None, second: datetime | None) -> datetime | None:
    if first is None or second is None:
        return first or second
    return max(first, second)
