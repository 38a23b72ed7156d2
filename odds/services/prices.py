"""Prices as seen: sweeps in, changes and latest quotes out."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from odds.domain.bookmakers import bookmaker_info
from odds.domain.competitions import outcome_count
from odds.domain.sanity import book_fault
from odds.domain.sightings import Change, Conflict, Key, Listing, State, fill_in, follow
from odds.feeds.columns import NO_POINT, SIDES, EventKey, Fault, moment_of
from odds.feeds.parsed import ParsedSweep, RejectedRow
from odds.models import Bookmaker
from odds.services import price_store as store
from odds.services.counts import Counts

_NO_OFFER = frozenset({"h2h_lay", "outrights_lay"})
Unit = tuple[int, str]


@dataclass(slots=True)
class _Outcome:
    """What to write of one market of one event."""

    states: dict[Key, State]
    changes: list[Change]
    conflicts: list[Conflict] = field(default_factory=list)


def record_prices(
    sweeps: Sequence[ParsedSweep], event_ids: Mapping[EventKey, int]
) -> tuple[Counts, list[RejectedRow]]:
    """Write what the sweeps saw of events that are already recorded.

    Within the caller's transaction, which must hold the competition's lock. A quote of an event
    without an id is left out uncounted: the caller knows why it has none. Sweeps may come in any
    order and any number of times; what was already worked in is skipped by its fingerprint.
    """
    counts = Counts()
    rejected: list[RejectedRow] = []
    books = _bookmaker_ids(sweeps)
    listings: dict[Unit, list[Listing]] = defaultdict(list)
    for sweep in sweeps:
        _collect(sweep, event_ids, books, listings, counts, rejected)
    prints = _without_known(listings, counts)
    if prints:
        outcomes, existing = _work_in(listings)
        _count(outcomes, listings, counts, rejected, {pk: key for key, pk in books.items()})
        store.write(outcomes, existing)
        store.write_sightings(prints)
    return counts, rejected


def _bookmaker_ids(sweeps: Sequence[ParsedSweep]) -> dict[str, int]:
    titles: dict[str, str] = {}
    for sweep in sweeps:
        names = list(sweep.quotes.names.bookmakers)
        keys = {names[place] for place in np.unique(sweep.quotes.bookmaker).tolist()}
        for key in keys | (sweep.books_asked or set()):
            titles[key] = sweep.bookmaker_titles.get(key) or titles.get(key, key)
    known = dict(Bookmaker.objects.filter(key__in=titles).values_list("key", "pk"))
    if missing := sorted(titles.keys() - known.keys()):
        Bookmaker.objects.bulk_create(
            [
                Bookmaker(key=key[:64], title=titles[key][:64], **asdict(bookmaker_info(key)))
                for key in missing
            ],
            ignore_conflicts=True,
        )
        known = dict(Bookmaker.objects.filter(key__in=titles).values_list("key", "pk"))
    return known


def _collect(
    sweep: ParsedSweep,
    event_ids: Mapping[EventKey, int],
    books: Mapping[str, int],
    listings: dict[Unit, list[Listing]],
    counts: Counts,
    rejected: list[RejectedRow],
) -> None:
    at = sweep.seen_at
    # One event may be listed under two keys; the first price stands.
    units: dict[Unit, dict[Key, tuple[int, datetime | None]]] = defaultdict(dict)
    quotes = sweep.quotes
    events = list(quotes.names.events)
    booked, markets = list(quotes.names.bookmakers), list(quotes.names.markets)
    for event, book, market, side, point, price, update in quotes.values():
        event_id = event_ids.get(events[event])
        if event_id is None:
            continue
        counts.read += 1
        book_key, market_key = booked[book], markets[market]
        if price < 0:
            counts.quarantined += 1
            fault = quotes.names.faults[-price - 1]
            rejected.append(_reject(fault, events[event], book_key, market_key, at))
            continue
        key = (SIDES[side], None if point == NO_POINT else point, books[book_key])
        prices = units[event_id, market_key]
        kept = prices.get(key)
        if kept is None:
            prices[key] = (price, moment_of(update))
        elif kept[0] == price:
            counts.repeated += 1
        else:
            counts.quarantined += 1
            reason = f"a second price at this moment; kept {kept[0] / 1000}"
            where = None if point == NO_POINT else f"{point / 100:g}"
            fault = Fault("price", reason, SIDES[side], where, f"{price / 1000:g}")
            rejected.append(_reject(fault, events[event], book_key, market_key, at))
    names = {pk: key for key, pk in books.items()}
    for unit, prices in units.items():
        _drop_absurd(unit, prices, sweep, counts, rejected, names)
    _add_listings(sweep, event_ids, books, units, listings)


def _add_listings(
    sweep: ParsedSweep,
    event_ids: Mapping[EventKey, int],
    books: Mapping[str, int],
    units: Mapping[Unit, dict[Key, tuple[int, datetime | None]]],
    listings: dict[Unit, list[Listing]],
) -> None:
    if sweep.is_partial:
        for unit, prices in units.items():
            looked_at = frozenset(key[2] for key in prices)
            listings[unit].append(Listing(sweep.seen_at, looked_at, prices))
        return
    markets = sweep.markets_asked
    if markets is None:
        markets = frozenset(market_key for _, market_key in units)
    markets = markets | {market_key for _, market_key in units}
    asked = sweep.books_asked
    scope = None if asked is None else frozenset(books[key] for key in asked)
    keys = [(event.source, event.key) for event in sweep.events]
    listed = {event_ids[key] for key in keys if key in event_ids}
    for event_id in sorted(listed | {event_id for event_id, _ in units}):
        for market_key in markets:
            unit = (event_id, market_key)
            listings[unit].append(Listing(sweep.seen_at, scope, units.get(unit, {})))


def _reject(
    fault: Fault, event: EventKey, book_key: str, market_key: str, at: datetime
) -> RejectedRow:
    raw: dict[str, Any] = {
        "source": event[0],
        "event": event[1],
        "bookmaker": book_key,
        "market": market_key,
        "side": fault.side,
        "point": fault.point,
        "price": fault.price,
        "seen_at": at.isoformat(),
    }
    return RejectedRow(fault.field, fault.reason, raw)


def _drop_absurd(
    unit: Unit,
    prices: dict[Key, tuple[int, datetime | None]],
    sweep: ParsedSweep,
    counts: Counts,
    rejected: list[RejectedRow],
    names: Mapping[int, str],
) -> None:
    if unit[1] in _NO_OFFER:
        return
    lines: dict[tuple[int, int | None], list[Key]] = defaultdict(list)
    for key in prices:
        side, point, book = key
        line = -point if point is not None and side == "away" else point
        lines[book, line].append(key)
    whole = outcome_count(sweep.competition_key, unit[1])
    for (book, line), keys in lines.items():
        fault = book_fault([prices[key][0] / 1000 for key in keys], outcome_count=whole)
        if fault is None:
            continue
        for key in keys:
            price, _ = prices.pop(key)
            counts.quarantined += 1
            raw = {
                "event": unit[0],
                "market": unit[1],
                "bookmaker": names[book],
                "side": key[0],
                "line": line,
                "price": price / 1000,
                "seen_at": sweep.seen_at.isoformat(),
            }
            rejected.append(RejectedRow("price", fault, raw))


def _without_known(
    listings: dict[Unit, list[Listing]], counts: Counts
) -> list[tuple[Unit, Listing, int]]:
    """Drop the listings already worked in; return the others with their fingerprints."""
    known = store.known_prints({event_id for event_id, _ in listings}, _span(listings))
    prints = []
    for unit in list(listings):
        fresh = []
        for listing in listings[unit]:
            print_ = _fingerprint(listing)
            if (unit, listing.seen_at, print_) in known:
                counts.repeated += len(listing.prices)
            else:
                known.add((unit, listing.seen_at, print_))
                fresh.append(listing)
                prints.append((unit, listing, print_))
        if fresh:
            listings[unit] = fresh
        else:
            del listings[unit]
    return prints


def _span(listings: Mapping[Unit, Iterable[Listing]]) -> tuple[datetime, datetime] | None:
    moments = [listing.seen_at for of_unit in listings.values() for listing in of_unit]
    return (min(moments), max(moments)) if moments else None


def _fingerprint(listing: Listing) -> int:
    books = None if listing.books is None else sorted(listing.books)
    rows = sorted(
        (side, point is None, point or 0, book, price, update and update.timestamp())
        for (side, point, book), (price, update) in listing.prices.items()
    )
    digest = hashlib.blake2b(repr((books, rows)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _work_in(
    listings: Mapping[Unit, list[Listing]],
) -> tuple[dict[Unit, _Outcome], store.Stored]:
    existing = store.load(listings.keys())
    first = {unit: min(one.seen_at for one in of_unit) for unit, of_unit in listings.items()}
    seen_before = store.sightings_reaching(first)
    # Only where we looked at or after the first of these moments does history have to be reopened.
    history = store.load_history(seen_before, existing)
    outcomes = {}
    for unit, of_unit in listings.items():
        if unit in seen_before:
            states, changes, conflicts = fill_in(history.get(unit, {}), seen_before[unit], of_unit)
        else:
            states = existing.states.get(unit, {})
            in_order = sorted(of_unit, key=lambda listing: listing.seen_at)
            changes, conflicts = follow(states, in_order)
        outcomes[unit] = _Outcome(states, changes, conflicts)
    return outcomes, existing


def _count(
    outcomes: Mapping[Unit, _Outcome],
    listings: Mapping[Unit, list[Listing]],
    counts: Counts,
    rejected: list[RejectedRow],
    names: Mapping[int, str],
) -> None:
    listed = sum(len(one.prices) for of_unit in listings.values() for one in of_unit)
    new = conflicting = 0
    for (event_id, market_key), outcome in outcomes.items():
        for change in outcome.changes:
            if change.price is None:
                counts.withdrawn += 1
            else:
                new += 1
        conflicting += len(outcome.conflicts)
        for conflict in outcome.conflicts:
            side, point, book = conflict.key
            kept = "withdrawn" if conflict.kept is None else conflict.kept / 1000
            raw = {
                "event": event_id,
                "market": market_key,
                "bookmaker": names.get(book, book),
                "side": side,
                "point": None if point is None else point / 100,
                "price": conflict.price / 1000,
                "seen_at": conflict.seen_at.isoformat(),
            }
            rejected.append(
                RejectedRow("price", f"a second price at this moment; kept {kept}", raw)
            )
    counts.new += new
    counts.quarantined += conflicting
    counts.repeated += max(listed - new - conflicting, 0)
