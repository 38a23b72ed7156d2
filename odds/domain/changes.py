"""From what was listed, look by look, to the changes worth keeping; sweeps at once, on arrays.

A key is one selection at one bookmaker. A bookmaker's prices of a market are looked at together:
what it listed then stands, what it had in force and did not list is withdrawn. Times are whole
microseconds, prices whole thousandths; 0 is no price.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import BoolArray, IntArray, begins

WITHDRAWN = 0


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks at one bookmaker's prices of one market, which is `book`; any order, repeats allowed.

    Of several at one moment, the one with the lowest `rank` came first.
    """

    book: IntArray
    at: IntArray
    rank: IntArray


@dataclass(frozen=True, slots=True)
class Listed:
    """Prices as listed at a look: `rank` is that of the look."""

    key: IntArray
    at: IntArray
    rank: IntArray
    price: IntArray
    last_update: IntArray


@dataclass(frozen=True, slots=True)
class Changes:
    """From `at` on, the key had this price (or WITHDRAWN); by key and time."""

    key: IntArray
    at: IntArray
    price: IntArray
    last_update: IntArray

    def __len__(self) -> int:
        return len(self.key)

    def where(self, which: BoolArray) -> "Changes":
        """Return the rows where the mask holds."""
        return Changes(self.key[which], self.at[which], self.price[which], self.last_update[which])


@dataclass(frozen=True, slots=True)
class Followed:
    """The changes, and the rows of `listed` that were refused with the price kept for each."""

    changes: Changes
    conflict: IntArray
    kept: IntArray


def follow(
    *,
    book_of: IntArray,
    looks: Looks,
    listed: Listed,
    standing_key: IntArray,
    standing_price: IntArray,
    no_time: int,
) -> Followed:
    """Return what changed from look to look, and the second prices of one moment.

    `book_of` tells each key's book. `standing` are the prices in force before all looks. Every
    listed price's book must have a look at its moment. Of two prices at one moment the first
    stands. A price that another source lists at the very moment at which a first one found it
    gone is a conflict too.

    >>> one, two = np.array([0]), np.array([0, 0])
    >>> found = follow(book_of=one, looks=Looks(two, np.array([5, 9]), two),
    ...     listed=Listed(one, np.array([5]), one, np.array([1900]), np.array([4])),
    ...     standing_key=one[:0], standing_price=one[:0], no_time=-1)
    >>> list(zip(found.changes.at.tolist(), found.changes.price.tolist()))
    [(5, 1900), (9, 0)]
    """
    seen = _Seen.of(looks, book_of)
    place = seen.place(book_of[listed.key], listed.at)
    order, is_later = _firsts(listed, place)
    first = order[~is_later]
    key = np.concatenate([standing_key, listed.key[first]])
    before_all = seen.start[book_of[standing_key]] - 1
    at_look = np.concatenate([before_all, place[first]])
    price = np.concatenate([standing_price, listed.price[first]])
    row = np.concatenate([np.full(len(standing_key), -1), first])
    # One number a row sorts in half the time of two.
    sort = np.argsort(key * (len(seen.at) + 1) + at_look + 1)
    key, at_look, price, row = key[sort], at_look[sort], price[sort], row[sort]
    is_late = np.zeros(len(key), bool)
    known = row >= 0
    is_late[known] = listed.rank[row[known]] > seen.rank[at_look[known]]
    alive = _alive(key, at_look, is_late)
    conflict, kept = _conflicts(listed, order, is_later, row, price, alive)
    key, at_look, price, row = key[alive], at_look[alive], price[alive], row[alive]
    changes = _changes(key, at_look, price, row, seen, book_of, listed, no_time)
    return Followed(changes, conflict, kept)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The looks, once each, by book and time; a book's are those from `start` to before `end`."""

    book: IntArray
    at: IntArray
    rank: IntArray
    start: IntArray
    end: IntArray

    @classmethod
    def of(cls, looks: Looks, book_of: IntArray) -> "_Seen":
        order = np.lexsort((looks.rank, looks.at, looks.book))
        book, at, rank = looks.book[order], looks.at[order], looks.rank[order]
        once = begins(book) | begins(at)
        book, at, rank = book[once], at[once], rank[once]
        books = int(max(book.max(initial=-1), book_of.max(initial=-1))) + 1
        count = np.bincount(book, minlength=books)
        end = np.cumsum(count)
        return cls(book, at, rank, end - count, end)

    def place(self, book: IntArray, at: IntArray) -> IntArray:
        """Return where the look at a book at a moment is."""
        moments = np.unique(self.at)
        if len(moments) == 1:
            return self.start[book]
        width = len(moments) + 1
        code = self.book * width + np.searchsorted(moments, self.at)
        found: IntArray = np.searchsorted(code, book * width + np.searchsorted(moments, at))
        return found


def _firsts(listed: Listed, place: IntArray) -> tuple[IntArray, BoolArray]:
    """Return the listed rows by key, moment and rank; and which are not the first of a moment."""
    code = listed.key * (int(place.max(initial=0)) + 1) + place
    order = np.argsort(code)
    is_later = np.zeros(len(order), bool)
    is_later[1:] = code[order[1:]] == code[order[:-1]]
    if is_later.any():
        order = np.lexsort((listed.rank, code))
    return order, is_later


def _alive(key: IntArray, at_look: IntArray, is_late: BoolArray) -> BoolArray:
    alive = np.ones(len(key), bool)
    # Whether a late row counts depends on the row before it, so these go one by one; few are late.
    for row in np.flatnonzero(is_late).tolist():
        stood = row > 0 and key[row - 1] == key[row] and at_look[row - 1] == at_look[row] - 1
        alive[row] = not (stood and alive[row - 1])
    return alive


def _conflicts(
    listed: Listed,
    order: IntArray,
    is_later: BoolArray,
    row: IntArray,
    price: IntArray,
    alive: BoolArray,
) -> tuple[IntArray, IntArray]:
    dead = row[~alive]
    if not len(dead) and not is_later.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    stands = np.zeros(len(listed.key), np.int64)
    stands[row[alive & (row >= 0)]] = price[alive & (row >= 0)]
    later = np.flatnonzero(is_later)
    # The first of a moment is the nearest earlier row that is not a later one.
    heads = np.maximum.accumulate(np.where(is_later, 0, np.arange(len(order))))
    kept = stands[order[heads[later]]]
    refused = listed.price[order[later]] != kept
    conflict = np.concatenate([dead, order[later][refused]])
    return conflict, np.concatenate([np.full(len(dead), WITHDRAWN), kept[refused]])


def _changes(
    key: IntArray,
    at_look: IntArray,
    price: IntArray,
    row: IntArray,
    seen: _Seen,
    book_of: IntArray,
    listed: Listed,
    no_time: int,
) -> Changes:
    follows = np.zeros(len(key), bool)
    follows[1:] = (key[1:] == key[:-1]) & (at_look[1:] == at_look[:-1] + 1)
    same = np.zeros(len(key), bool)
    same[1:] = follows[1:] & (price[1:] == price[:-1])
    is_new = (row >= 0) & ~same
    # After a row that no other follows at the next look, that look found the price gone.
    has_next = np.zeros(len(key), bool)
    has_next[:-1] = follows[1:]
    gone = ~has_next & (at_look + 1 < seen.end[book_of[key]])
    new_row = row[is_new]
    of_key = np.concatenate([key[is_new], key[gone]])
    at = np.concatenate([listed.at[new_row], seen.at[at_look[gone] + 1]])
    prices = np.concatenate([price[is_new], np.full(int(gone.sum()), WITHDRAWN)])
    update = np.concatenate([listed.last_update[new_row], np.full(int(gone.sum()), no_time)])
    sort = np.lexsort((at, of_key))
    return Changes(of_key[sort], at[sort], prices[sort], update[sort])


def in_force(changes: Changes, *, book_of: IntArray, looks: Looks) -> Listed:
    """Return what stood at each look, by a history of changes: what those looks saw.

    `changes` must be by key and time.
    """
    seen = _Seen.of(looks, book_of)
    if not len(changes):
        empty = np.zeros(0, np.int64)
        return Listed(empty, empty, empty, empty, empty)
    keys = np.unique(changes.key)
    first, last = seen.start[book_of[keys]], seen.end[book_of[keys]]
    counts = last - first
    key = np.repeat(keys, counts)
    # Each key's looks, one after the other: a running number less where its run began.
    run = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    place = np.repeat(first, counts) + run
    at = seen.at[place]
    moments = np.unique(np.concatenate([changes.at, seen.at]))
    width = len(moments)
    code = changes.key * width + np.searchsorted(moments, changes.at)
    found = np.searchsorted(code, key * width + np.searchsorted(moments, at), side="right") - 1
    stood = found >= 0
    stood &= changes.key[found] == key
    stood &= changes.price[found] != WITHDRAWN
    found = found[stood]
    return Listed(
        key[stood],
        at[stood],
        seen.rank[place][stood],
        changes.price[found],
        changes.last_update[found],
    )
