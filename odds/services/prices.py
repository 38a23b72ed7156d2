"""Prices as seen: sweeps in, changes and latest quotes out."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from odds.domain.bookmakers import bookmaker_info
from odds.domain.competitions import outcome_count
from odds.domain.sanity import book_fault, price_fault
from odds.domain.sightings import Change, Conflict, Key, Listing, State, fill_in, follow
from odds.feeds.parsed import ParsedQuote, ParsedSweep, RejectedRow
from odds.models import Bookmaker, Side
from odds.services import price_store as store
from odds.services.counts import Counts
from odds.services.events import EventKey

_SIDES = frozenset(Side.values)
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
        keys = {quote.bookmaker_key for quote in sweep.quotes} | (sweep.books_asked or set())
        titles |= {key: sweep.bookmaker_titles.get(key) or titles.get(key, key) for key in keys}
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
    for quote in sweep.quotes:
        event_id = event_ids.get((quote.source, quote.event_key))
        if event_id is None:
            continue
        counts.read += 1
        fault = _fault(quote)
        if fault is not None:
            counts.quarantined += 1
            rejected.append(_reject(quote, *fault, at))
            continue
        point = None if quote.point is None else int(quote.point * 100)
        key = (quote.side, point, books[quote.bookmaker_key])
        prices = units[event_id, quote.market_key]
        price = round(quote.price * 1000)
        kept = prices.get(key)
        if kept is None:
            prices[key] = (price, quote.last_update)
        elif kept[0] == price:
            counts.repeated += 1
        else:
            counts.quarantined += 1
            reason = f"a second price at this moment; kept {kept[0] / 1000}"
            rejected.append(_reject(quote, "price", reason, at))
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


def _fault(quote: ParsedQuote) -> tuple[str, str] | None:
    if quote.side not in _SIDES:
        return "side", f"unknown side {quote.side!r}"
    if quote.point is not None and (quote.point * 100 % 1 or abs(quote.point) >= 10000):
        return "point", f"point {quote.point} is not of our kind"
    reason = price_fault(float(quote.price))
    return None if reason is None else ("price", reason)


def _reject(quote: ParsedQuote, at_field: str, reason: str, at: datetime) -> RejectedRow:
    raw: dict[str, Any] = {
        "source": quote.source,
        "event": quote.event_key,
        "bookmaker": quote.bookmaker_key,
        "market": quote.market_key,
        "side": quote.side,
        "point": None if quote.point is None else str(quote.point),
        "price": str(quote.price),
        "seen_at": at.isoformat(),
    }
    return RejectedRow(at_field, reason, raw)


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
