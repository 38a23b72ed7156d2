"""What sweeps listed, as arrays of ids: rows of prices, and the listings they belong to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from odds.domain.competitions import outcome_count
from odds.domain.sanity import HIGHEST_SUM, LOWEST_SUM, book_fault
from odds.domain.table import BoolArray, IntArray
from odds.feeds.columns import NO_POINT, SIDES, EventKey, Fault, joined, micros, moment_of
from odds.feeds.parsed import ParsedSweep, RejectedRow
from odds.services.counts import Counts

_NO_OFFER = ("h2h_lay", "outrights_lay")
_Bits = NDArray[np.uint64]
_AWAY = SIDES.index("away")
_ANY, _LISTED = -1, -2
_WHOEVER, _LISTED_ONES = 1, 2


@dataclass(slots=True)
class Units:
    """The markets that were looked at, each by its event's id and its key."""

    event: IntArray
    market: IntArray
    market_keys: list[str]

    def __len__(self) -> int:
        return len(self.event)


@dataclass(slots=True)
class Listings:
    """Listings, in order of their sweeps, and the prices they list.

    A listing is all that one sweep listed in one unit at a moment. `scope` is the place in `scopes`
    of the bookmakers it looked at, _ANY where it looked at any, _LISTED where only at those listed.
    """

    units: Units
    scopes: list[frozenset[int]]
    unit: IntArray
    at: IntArray
    scope: IntArray
    fingerprint: IntArray
    # One value a price.
    listing: IntArray
    side: IntArray
    point: IntArray
    book: IntArray
    price: IntArray
    last_update: IntArray

    def where(self, which: BoolArray) -> "Listings":
        """Return some of the listings with their prices."""
        place = np.cumsum(which) - 1
        rows = which[self.listing]
        return replace(
            self,
            unit=self.unit[which],
            at=self.at[which],
            scope=self.scope[which],
            fingerprint=self.fingerprint[which],
            listing=place[self.listing[rows]],
            side=self.side[rows],
            point=self.point[rows],
            book=self.book[rows],
            price=self.price[rows],
            last_update=self.last_update[rows],
        )

    def looks_at_any(self) -> BoolArray:
        """Return which listings looked at any bookmaker."""
        found: BoolArray = self.scope == _ANY
        return found

    def looks_by_book(self) -> tuple[IntArray, IntArray]:
        """Return listing and bookmaker of every look at a bookmaker that is named."""
        width = int(self.book.max(initial=0)) + 1
        rows = self.scope[self.listing] == _LISTED
        pairs = np.unique(self.listing[rows] * width + self.book[rows])
        found = [(pairs // width, pairs % width)]
        for place, books in enumerate(self.scopes):
            which = np.flatnonzero(self.scope == place)
            ids = np.array(sorted(books), np.int64)
            found.append((np.repeat(which, len(ids)), np.tile(ids, len(which))))
        listing, book = (np.concatenate(part) for part in zip(*found, strict=True))
        return listing, book


@dataclass(slots=True)
class _Rows:
    sweep: IntArray
    event: IntArray
    market: IntArray
    side: IntArray
    point: IntArray
    book: IntArray
    price: IntArray
    last_update: IntArray

    def where(self, which: BoolArray | IntArray) -> "_Rows":
        return _Rows(*(getattr(self, name)[which] for name in self.__slots__))


class Collector:
    """Turns sweeps of one competition into listings, and says what it had to refuse."""

    def __init__(
        self,
        sweeps: Sequence[ParsedSweep],
        event_ids: Mapping[EventKey, int],
        books: Mapping[str, int],
        counts: Counts,
        rejected: list[RejectedRow],
    ) -> None:
        self.sweeps, self.event_ids, self.books = sweeps, event_ids, books
        self.counts, self.rejected = counts, rejected
        self.names = {pk: key for key, pk in books.items()}
        self.quotes = joined([sweep.quotes for sweep in sweeps])
        self.markets: dict[str, int] = dict(self.quotes.names.markets)
        for sweep in sweeps:
            for key in sorted(sweep.markets_asked or ()):
                self.markets.setdefault(key, len(self.markets))
        self.market_keys = list(self.markets)

    def listings(self) -> Listings:
        """Return what was listed and can be used; count what was read and refuse the rest."""
        rows = self._sound_rows()
        listed = self._listed(rows)
        events = np.unique(np.concatenate([rows.event, *(ids for ids, _ in listed.values())]))
        width = max(len(self.markets), 1)
        per_sweep = max(len(events), 1) * width
        code = rows.sweep * per_sweep + np.searchsorted(events, rows.event) * width + rows.market
        codes = [code]
        for place, (ids, markets) in listed.items():
            cells = np.searchsorted(events, ids)[:, None] * width + markets
            codes.append(place * per_sweep + cells.ravel())
        whole = np.unique(np.concatenate(codes))
        unit_codes, unit = np.unique(whole % per_sweep, return_inverse=True)
        sweep = whole // per_sweep
        units = Units(events[unit_codes // width], unit_codes % width, self.market_keys)
        listing = np.searchsorted(whole, code)
        once = self._first_of_each(rows, listing)
        rows, listing = rows.where(once), listing[once]
        sane = self._sane(rows, listing, units, unit)
        rows, listing = rows.where(sane), listing[sane]
        scopes, scope = self._scopes(rows, listing, sweep)
        at = np.array([micros(sweep.seen_at) for sweep in self.sweeps], np.int64)[sweep]
        found = Listings(
            units, scopes, unit, at, scope, np.zeros(0, np.int64), listing, rows.side,
            rows.point, rows.book, rows.price, rows.last_update,
        )  # fmt: skip
        found.fingerprint = _fingerprints(found)
        return found

    def _sound_rows(self) -> _Rows:
        """Return the prices of events we know, without those that have a fault."""
        quotes, names = self.quotes, self.quotes.names
        ids = np.fromiter(
            (self.event_ids.get(key, 0) for key in names.events), np.int64, len(names.events)
        )
        books = np.fromiter(
            (self.books.get(key, 0) for key in names.bookmakers), np.int64, len(names.bookmakers)
        )
        sizes = [len(sweep.quotes) for sweep in self.sweeps]
        rows = _Rows(
            np.repeat(np.arange(len(sizes)), sizes),
            ids[quotes.event],
            quotes.market,
            quotes.side,
            quotes.point,
            books[quotes.bookmaker],
            quotes.price,
            quotes.last_update,
        )
        known = rows.event > 0
        self.counts.read += int(known.sum())
        sound = rows.price >= 0
        faulty = np.flatnonzero(known & ~sound).tolist()
        self.counts.quarantined += len(faulty)
        events = list(names.events) if faulty else []
        for row in faulty:
            fault = names.faults[-int(rows.price[row]) - 1]
            self._refuse(fault, rows, row, events[int(quotes.event[row])])
        return rows.where(known & sound)

    def _listed(self, rows: _Rows) -> dict[int, tuple[IntArray, IntArray]]:
        """Return the events and the markets looked at by each sweep that is not partial."""
        starts = np.searchsorted(rows.sweep, np.arange(len(self.sweeps) + 1))
        found = {}
        for place, sweep in enumerate(self.sweeps):
            if sweep.is_partial:
                continue
            own = slice(starts[place], starts[place + 1])
            keys = ((event.source, event.key) for event in sweep.events)
            ids = [self.event_ids[key] for key in keys if key in self.event_ids]
            asked = [self.markets[key] for key in sweep.markets_asked or ()]
            found[place] = (
                np.union1d(np.array(ids, np.int64), rows.event[own]),
                np.union1d(np.array(asked, np.int64), rows.market[own]),
            )
        return found

    def _first_of_each(self, rows: _Rows, listing: IntArray) -> IntArray:
        """Return the first price of each selection and bookmaker in a listing, in order."""
        # One event may be listed under two keys; the first price stands.
        key = codes(listing, rows.side, rows.point, rows.book)
        in_order = np.sort(key)
        if not np.any(in_order[1:] == in_order[:-1]):
            return np.arange(len(key))
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        stands = first[inverse]
        for row in np.flatnonzero(stands != np.arange(len(key))).tolist():
            kept = int(rows.price[stands[row]])
            price, point = int(rows.price[row]), int(rows.point[row])
            if price == kept:
                self.counts.repeated += 1
                continue
            self.counts.quarantined += 1
            reason = f"a second price at this moment; kept {kept / 1000}"
            where = None if point == NO_POINT else f"{point / 100:g}"
            fault = Fault("price", reason, SIDES[rows.side[row]], where, f"{price / 1000:g}")
            self._refuse(fault, rows, row, ("event", str(rows.event[row])))
        return np.sort(first)

    def _sane(self, rows: _Rows, listing: IntArray, units: Units, unit: IntArray) -> BoolArray:
        """Return which rows belong to books that can be meant."""
        sane = np.ones(len(listing), bool)
        offers = np.array([key not in _NO_OFFER for key in self.market_keys] or [True])
        whole = np.array(
            [outcome_count(self.sweeps[0].competition_key, key) for key in self.market_keys] or [2]
        )
        mirrored = (rows.side == _AWAY) & (rows.point != NO_POINT)
        line = np.where(mirrored, -rows.point, rows.point)
        group = np.unique(codes(listing, rows.book, line), return_inverse=True)[1]
        with np.errstate(divide="ignore"):
            implied = np.bincount(group, 1000 / rows.price)
        count = np.bincount(group)
        low = (implied < LOWEST_SUM)[group] & (count[group] >= whole[rows.market])
        absurd = (low | (implied > HIGHEST_SUM)[group]) & offers[rows.market]
        of_group: dict[int, list[int]] = defaultdict(list)
        for row in np.flatnonzero(absurd).tolist():
            of_group[int(group[row])].append(row)
        for members in of_group.values():
            prices = [int(rows.price[row]) / 1000 for row in members]
            fault = book_fault(prices, outcome_count=int(whole[rows.market[members[0]]]))
            if fault is not None:
                sane[members] = False
                self._refuse_book(rows, members, line, fault)
        return sane

    def _scopes(
        self, rows: _Rows, listing: IntArray, sweep: IntArray
    ) -> tuple[list[frozenset[int]], IntArray]:
        places: dict[frozenset[int], int] = {}
        of_sweep = np.full(len(self.sweeps), _ANY)
        for place, each in enumerate(self.sweeps):
            if each.is_partial:
                of_sweep[place] = _LISTED
            elif each.books_asked is not None:
                asked = frozenset(self.books[key] for key in each.books_asked)
                of_sweep[place] = places.setdefault(asked, len(places))
        scope = of_sweep[sweep]
        # A bookmaker that was not asked for and is listed all the same was looked at there.
        unasked: dict[int, set[int]] = defaultdict(set)
        for books, place in list(places.items()):
            own = scope[listing] == place
            for row in np.flatnonzero(own & ~np.isin(rows.book, sorted(books))).tolist():
                unasked[int(listing[row])].add(int(rows.book[row]))
        asked_for = list(places)
        for one, books_ in unasked.items():
            wider = asked_for[scope[one]] | books_
            scope[one] = places.setdefault(wider, len(places))
        return list(places), scope

    def _refuse(self, fault: Fault, rows: _Rows, row: int, event: EventKey) -> None:
        raw: dict[str, Any] = {
            "source": event[0],
            "event": event[1],
            "bookmaker": self.names[int(rows.book[row])],
            "market": self.market_keys[int(rows.market[row])],
            "side": fault.side,
            "point": fault.point,
            "price": fault.price,
            "seen_at": self._seen_at(rows, row).isoformat(),
        }
        self.rejected.append(RejectedRow(fault.field, fault.reason, raw))

    def _refuse_book(self, rows: _Rows, members: list[int], line: IntArray, fault: str) -> None:
        self.counts.quarantined += len(members)
        for row in members:
            raw = {
                "event": int(rows.event[row]),
                "market": self.market_keys[int(rows.market[row])],
                "bookmaker": self.names[int(rows.book[row])],
                "side": SIDES[rows.side[row]],
                "line": None if line[row] == NO_POINT else int(line[row]),
                "price": int(rows.price[row]) / 1000,
                "seen_at": self._seen_at(rows, row).isoformat(),
            }
            self.rejected.append(RejectedRow("price", fault, raw))

    def _seen_at(self, rows: _Rows, row: int) -> datetime:
        return self.sweeps[int(rows.sweep[row])].seen_at


def conflict_row(listings: Listings, row: int, kept: int, names: Mapping[int, str]) -> RejectedRow:
    """Return what to quarantine of a price that has another one at the same moment."""
    listing = int(listings.listing[row])
    unit, point = int(listings.unit[listing]), int(listings.point[row])
    book = int(listings.book[row])
    at = moment_of(int(listings.at[listing]))
    raw = {
        "event": int(listings.units.event[unit]),
        "market": listings.units.market_keys[int(listings.units.market[unit])],
        "bookmaker": names.get(book, book),
        "side": SIDES[listings.side[row]],
        "point": None if point == NO_POINT else point / 100,
        "price": int(listings.price[row]) / 1000,
        "seen_at": None if at is None else at.isoformat(),
    }
    told = kept / 1000 if kept else "withdrawn"
    return RejectedRow("price", f"a second price at this moment; kept {told}", raw)


def codes(*columns: IntArray) -> IntArray:
    """Return one number a row, equal where all columns are."""
    code, width = np.zeros(len(columns[0]), np.int64), 1
    if not len(code):
        return code
    for column in columns:
        if column.min() == NO_POINT:
            # Nothing stands just below all points there are: small numbers stay small.
            points = column[column != NO_POINT]
            column = np.where(column == NO_POINT, points.min(initial=0) - 1, column)
        least = column.min()
        size = int(column.max() - least) + 1
        if width > 2**62 // size:
            code = np.unique(code, return_inverse=True)[1]
            width = int(code.max()) + 1
        code, width = code * size + (column - least), width * size
    return code


def _fingerprints(listings: Listings) -> IntArray:
    """Return a number a listing that tells whether two listed the same, in whatever order."""
    rows = np.zeros(len(listings.listing), np.uint64)
    for column in (
        listings.side, listings.point, listings.book, listings.price, listings.last_update
    ):  # fmt: skip
        rows = _mixed(rows ^ column.astype(np.int64).view(np.uint64))
    total = np.zeros(len(listings.unit), np.uint64)
    np.add.at(total, listings.listing, rows)
    of_scope = np.array(
        [_of_books(books) for books in listings.scopes] + [_LISTED_ONES, _WHOEVER], np.uint64
    )
    # _ANY and _LISTED count from the end.
    return _mixed(total ^ of_scope[listings.scope]).view(np.int64)


def _of_books(books: Sequence[int] | frozenset[int]) -> int:
    ids = np.array(sorted(books), np.int64).view(np.uint64)
    return int(_mixed(ids).sum(dtype=np.uint64)) ^ len(books)


def _mixed(values: _Bits) -> _Bits:
    """Spread every bit of a number over all of it (SplitMix64; Steele, Lea, Flood 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
