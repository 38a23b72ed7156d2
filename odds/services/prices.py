"""Prices as seen: sweeps in, changes and latest quotes out, whole sweeps at once on arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from odds.domain.bookmakers import bookmaker_info, bookmaker_title
from odds.domain.changes import WITHDRAWN, Changes, Listed, Looks, follow, in_force
from odds.domain.table import BoolArray, IntArray
from odds.feeds.columns import NO_TIME, EventKey
from odds.feeds.parsed import ParsedSweep, RejectedRow
from odds.models import Bookmaker
from odds.services import price_store as store
from odds.services.bulk import EMPTY, NOTHING, as_arrays, chosen
from odds.services.counts import Counts
from odds.services.listings import Collector, Listings, Units, codes, conflict_row
from odds.services.price_keys import each_pair, keys_of, places_of

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed: events, markets, and what is now the price of quotes that were there before.

    By selection and bookmaker; None where it was withdrawn. Without those of what came late: the
    quote may stand elsewhere by now.
    """

    events: set[int] = field(default_factory=set)
    markets: set[int] = field(default_factory=set)
    quotes: dict[tuple[int, int], float | None] = field(default_factory=dict)


def record_prices(
    sweeps: Sequence[ParsedSweep], event_ids: Mapping[EventKey, int]
) -> tuple[Counts, list[RejectedRow], Changed]:
    """Write what the sweeps saw of events that are already recorded.

    Returns what was counted, what was refused, and what changed.

    Within the caller's transaction, which must hold the competition's lock. A quote of an event
    without an id is left out uncounted: the caller knows why it has none. Sweeps may come in any
    order and any number of times; what was already worked in is skipped by its fingerprint.
    """
    counts = Counts()
    rejected: list[RejectedRow] = []
    books = _bookmaker_ids(sweeps)
    listings = Collector(sweeps, event_ids, books, counts, rejected).listings()
    listings, reaches_back = _fresh(listings, counts)
    changed = Changed()
    if len(listings.unit):
        names = {pk: key for key, pk in books.items()}
        changed = _Work(listings, reaches_back).do(counts, rejected, names)
    return counts, rejected, changed


def _bookmaker_ids(sweeps: Sequence[ParsedSweep]) -> dict[str, int]:
    titles: dict[str, str] = {}
    for sweep in sweeps:
        names = list(sweep.quotes.names.bookmakers)
        keys = {names[place] for place in set(sweep.quotes.bookmaker.tolist())}
        for key in keys | (sweep.books_asked or set()):
            told = sweep.bookmaker_titles.get(key, key)
            titles[key] = told if told != key else titles.get(key, bookmaker_title(key))
    kept = list(Bookmaker.objects.filter(key__in=titles).values_list("key", "pk", "title"))
    known = {key: pk for key, pk, _ in kept}
    # One that was met by its key alone.
    for key, pk, title in kept:
        if title == key != titles[key]:
            Bookmaker.objects.filter(pk=pk).update(title=titles[key][:64])
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


def _fresh(listings: Listings, counts: Counts) -> tuple[Listings, BoolArray]:
    """Leave out what was worked in before; also tell which units were looked at since."""
    units = listings.units
    unit, at, fingerprint = store.looks_from(units, _first_looks(listings))
    known = set(zip(unit.tolist(), at.tolist(), fingerprint.tolist(), strict=True))
    ours = zip(
        listings.unit.tolist(), listings.at.tolist(), listings.fingerprint.tolist(), strict=True
    )
    fresh = np.zeros(len(listings.unit), bool)
    for place, print_ in enumerate(ours):
        if print_ not in known:
            known.add(print_)
            fresh[place] = True
    counts.repeated += int((~fresh)[listings.listing].sum())
    listings = listings.where(fresh)
    newest = np.full(len(units), NO_TIME)
    np.maximum.at(newest, unit, at)
    reaches_back = newest >= _first_looks(listings)
    # Units of which nothing is new need no look at what is stored.
    used, listings.unit = np.unique(listings.unit, return_inverse=True)
    listings.units = Units(units.event[used], units.market[used], units.market_keys)
    return listings, reaches_back[used]


def _first_looks(listings: Listings) -> IntArray:
    """Return when each unit was looked at first by these listings."""
    first = np.full(len(listings.units), np.iinfo(np.int64).max)
    np.minimum.at(first, listings.unit, listings.at)
    return first


class _Work:
    """One batch of listings, worked into what is stored."""

    def __init__(self, listings: Listings, reaches_back: BoolArray) -> None:
        self.listings, self.reaches_back = listings, reaches_back
        self.newest = store.newest_looks(listings.units)
        # Looks may have been dropped with their month; when the newest was never is.
        unit, _, at, _ = self.newest
        self.reaches_back[unit[at >= _first_looks(listings)[unit]]] = True
        self.selections = store.selections_of(listings.units)
        self.quotes = store.quotes_of(self.selections)
        self.markets = store.markets_of(listings.units)
        self.keys = keys_of(listings, self.quotes)

    def do(self, counts: Counts, rejected: list[RejectedRow], names: Mapping[int, str]) -> Changed:
        """Find what changed, write it, and count it."""
        listings, keys = self.listings, self.keys
        listed = Listed(
            keys.of_row,
            listings.at[listings.listing],
            listings.listing,
            listings.price,
            listings.last_update,
        )
        looks = self._looks()
        history, old_looks = self._history()
        standing = np.flatnonzero(keys.stored >= 0)
        own = keys.stored[standing]
        standing = standing[
            (self.quotes.price[own] != WITHDRAWN) & ~self.reaches_back[keys.unit[standing]]
        ]
        fresh_from = 0
        if old_looks is not None and history is not None:
            # Ranks of what is stored are ids; what is new comes after all of them.
            before = in_force(history, book_of=keys.pair, looks=old_looks)
            fresh_from = len(before.key)
            later = int(old_looks.rank.max(initial=0)) + 1
            looks, listed = _after(old_looks, looks, later), _listed_after(before, listed, later)
        found = follow(
            book_of=keys.pair,
            looks=looks,
            listed=listed,
            standing_key=standing,
            standing_price=self.quotes.price[keys.stored[standing]],
            no_time=NO_TIME,
        )
        changes = found.changes if history is None else _without(found.changes, history)
        rows = found.conflict - fresh_from
        for row, kept in zip(rows.tolist(), found.kept.tolist(), strict=True):
            rejected.append(conflict_row(listings, row, kept, names))
        new = int((changes.price != WITHDRAWN).sum())
        counts.new += new
        counts.withdrawn += len(changes) - new
        counts.quarantined += len(rows)
        counts.repeated += max(len(listings.listing) - new - len(rows), 0)
        new_quotes, moved = self._write(changes)
        self._write_looks()
        store.count_again(new_quotes)
        units = np.unique(keys.unit[changes.key])
        events, markets = listings.units.event[units], self.markets[units]
        return Changed(set(events.tolist()), set(markets.tolist()), moved)

    def _looks(self) -> Looks:
        """Return the looks at each unit's bookmakers, of those that any price is known of."""
        listings, keys = self.listings, self.keys
        starts = np.searchsorted(keys.pair_unit, np.arange(len(listings.units) + 1))
        whole = np.flatnonzero(listings.looks_at_any())
        pair, of = each_pair(starts, listings.unit[whole])
        listing, book = listings.looks_by_book()
        named, known = places_of(keys, listings.unit[listing], book)
        listing = np.concatenate([whole[of], listing[known]])
        return Looks(np.concatenate([pair, named[known]]), listings.at[listing], listing)

    def _history(self) -> tuple[Changes | None, Looks | None]:
        """Return all changes of, and looks at, the units that were looked at later already."""
        keys = self.keys
        back = np.flatnonzero(self.reaches_back)
        if not len(back):
            return None, None
        all_units = self.listings.units
        units = Units(all_units.event[back], all_units.market[back], all_units.market_keys)
        unit, at, rank, book = store.old_looks(units)
        unit = back[unit]
        starts = np.searchsorted(keys.pair_unit, np.arange(len(all_units) + 1))
        pair, of = each_pair(starts, unit[book < 0])
        named, known = places_of(keys, unit[book >= 0], book[book >= 0])
        looks = Looks(
            np.concatenate([pair, named[known]]),
            np.concatenate([at[book < 0][of], at[book >= 0][known]]),
            np.concatenate([rank[book < 0][of], rank[book >= 0][known]]),
        )
        own = np.flatnonzero((keys.stored >= 0) & self.reaches_back[keys.unit])
        ids = self.quotes.quote_id[keys.stored[own]]
        moments = np.concatenate([at, self.newest[2], self.listings.at])
        span = (int(moments.min()), int(moments.max()))
        quote, seen_at, price, update = store.history_of(ids, span)
        order = np.argsort(ids)
        key = own[order[np.searchsorted(ids[order], quote)]]
        order = np.lexsort((seen_at, key))
        return Changes(key[order], seen_at[order], price[order], update[order]), looks

    def _write(self, changes: Changes) -> tuple[int, dict[tuple[int, int], float | None]]:
        """Write changes and what they are of; return how many quotes are new, and the others."""
        keys = self.keys
        touched = np.unique(changes.key)
        self._add_markets(np.unique(keys.unit[touched]))
        # The newest change of a key is the last of its rows.
        last = np.searchsorted(changes.key, touched, side="right") - 1
        price, update, at = changes.price[last], changes.last_update[last], changes.at[last]
        is_new = keys.stored[touched] < 0
        new = touched[is_new]
        quote = np.zeros(len(keys.unit), np.int64)
        has = keys.stored >= 0
        quote[has] = self.quotes.quote_id[keys.stored[has]]
        quote[new] = store.add_quotes(
            self._selections(new), keys.book[new], price[is_new], update[is_new], at[is_new]
        )
        store.add_changes(quote[changes.key], changes.price, changes.last_update, changes.at)
        old = ~is_new
        store.move_quotes(quote[touched[old]], price[old], update[old], at[old])
        old &= ~self.reaches_back[keys.unit[touched]]
        now = touched[old]
        moved = zip(self._selections(now).tolist(), keys.book[now].tolist(), strict=True)
        prices = [each / 1000 if each != WITHDRAWN else None for each in price[old].tolist()]
        return len(new), dict(zip(moved, prices, strict=True))

    def _add_markets(self, touched: IntArray) -> None:
        new = touched[self.markets[touched] == 0]
        units = self.listings.units
        self.markets[new] = store.add_markets(
            units.event[new], units.market_keys, units.market[new]
        )

    def _selections(self, new: IntArray) -> IntArray:
        """Return the selection of each new key, made where it is missing."""
        keys = self.keys
        if not len(new):
            return np.zeros(0, np.int64)
        there, pk = self.selections, self.selections.pk
        columns = (
            np.concatenate([there.unit, keys.unit[new]]),
            np.concatenate([there.side, keys.side[new]]),
            np.concatenate([there.point, keys.point[new]]),
        )
        _, first, place = np.unique(codes(*columns), return_index=True, return_inverse=True)
        ids = np.zeros(len(first), np.int64)
        ids[place[: len(pk)]] = pk
        missing = np.flatnonzero(ids == 0)
        of_unit, sides, points = (column[first[missing]] for column in columns)
        ids[missing] = store.add_selections(self.markets[of_unit], sides, points)
        found: IntArray = ids[place[len(pk) :]]
        return found

    def _write_looks(self) -> None:
        listings = self.listings
        listing, book = listings.looks_by_book()
        order = np.lexsort((book, listing))
        looked, starts = np.unique(listing[order], return_index=True)
        # Few sets of bookmakers among many listings.
        sets = {NOTHING: 0, EMPTY: 1}
        which = np.where(listings.looks_at_any(), sets[NOTHING], sets[EMPTY])
        which[looked] = [
            sets.setdefault(ids, len(sets)) for ids in as_arrays(book[order], starts, "q")
        ]
        store.add_looks(
            listings.units, listings.unit, listings.at, chosen(list(sets), which),
            listings.fingerprint,
        )  # fmt: skip
        self._write_newest_looks()

    def _write_newest_looks(self) -> None:
        """Keep when each bookmaker of a market was looked at last, and the time it gave then."""
        listings, keys = self.listings, self.keys
        looks = self._looks()
        at = np.full(len(keys.pair_unit), NO_TIME)
        said = np.full(len(keys.pair_unit), _NEVER)
        np.maximum.at(at, looks.book, looks.at)
        pair = keys.pair[keys.of_row]
        told = (listings.at[listings.listing] == at[pair]) & (listings.last_update != NO_TIME)
        # Where a bookmaker gives several in one answer, its prices are as old as the oldest.
        np.minimum.at(said, pair[told], listings.last_update[told])
        said[said == _NEVER] = NO_TIME
        unit, book, before, said_before = self.newest
        place, known = places_of(keys, unit, book)
        # A sweep that comes late tells nothing of now.
        later = known.copy()
        later[known] = before[known] >= at[place[known]]
        at[place[later]], said[place[later]] = before[later], said_before[later]
        looked = (at != NO_TIME) & (self.markets[keys.pair_unit] > 0)
        units = keys.pair_unit[looked]
        # Pairs are in order of their units: each unit's are together.
        of, starts = np.unique(units, return_index=True)
        store.set_newest_looks(
            self.markets[of], starts, keys.pair_book[looked], at[looked], said[looked]
        )


def _after(old: Looks, new: Looks, later: int) -> Looks:
    return Looks(
        np.concatenate([old.book, new.book]),
        np.concatenate([old.at, new.at]),
        np.concatenate([old.rank, new.rank + later]),
    )


def _listed_after(old: Listed, new: Listed, later: int) -> Listed:
    return Listed(
        np.concatenate([old.key, new.key]),
        np.concatenate([old.at, new.at]),
        np.concatenate([old.rank, new.rank + later]),
        np.concatenate([old.price, new.price]),
        np.concatenate([old.last_update, new.last_update]),
    )


def _without(changes: Changes, history: Changes) -> Changes:
    """Leave out the changes that are there already."""
    there = set(zip(history.key.tolist(), history.at.tolist(), strict=True))
    found = zip(changes.key.tolist(), changes.at.tolist(), strict=True)
    return changes.where(np.array([change not in there for change in found], bool))
