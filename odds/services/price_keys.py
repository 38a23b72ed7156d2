"""What is stored and what is listed, matched: a key is a selection at a bookmaker."""

from dataclasses import dataclass

import numpy as np

from odds.domain.table import BoolArray, IntArray
from odds.services.listings import Listings, codes
from odds.services.price_store import StoredQuotes


@dataclass(slots=True)
class Keys:
    """Every key that is stored or listed: its unit, side, point and bookmaker; its stored quote.

    `pair` is the place of its unit and bookmaker among all of those, in `pair_unit` and
    `pair_book`. `stored` is the place of its quote among the stored ones, -1 where it has none.
    """

    unit: IntArray
    side: IntArray
    point: IntArray
    book: IntArray
    pair: IntArray
    pair_unit: IntArray
    pair_book: IntArray
    stored: IntArray
    of_row: IntArray


def keys_of(listings: Listings, quotes: StoredQuotes) -> Keys:
    """Return the keys of what is stored and of what is listed, each once."""
    of_listed = listings.unit[listings.listing]
    columns = [
        np.concatenate(pair)
        for pair in (
            (quotes.unit, of_listed),
            (quotes.side, listings.side),
            (quotes.point, listings.point),
            (quotes.book, listings.book),
        )
    ]
    _, first, code = np.unique(codes(*columns), return_index=True, return_inverse=True)
    unit, side, point, book = (column[first] for column in columns)
    stored = np.full(len(first), -1)
    stored[code[: len(quotes.unit)]] = np.arange(len(quotes.unit))
    width = int(book.max(initial=0)) + 1
    pairs, pair = np.unique(unit * width + book, return_inverse=True)
    return Keys(
        unit, side, point, book, pair, pairs // width, pairs % width, stored,
        code[len(quotes.unit) :],
    )  # fmt: skip


def each_pair(starts: IntArray, unit: IntArray) -> tuple[IntArray, IntArray]:
    """Return every pair of each given unit, and which of the given it belongs to."""
    counts = starts[unit + 1] - starts[unit]
    of = np.repeat(np.arange(len(unit)), counts)
    run = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return starts[unit][of] + run, of


def places_of(keys: Keys, unit: IntArray, book: IntArray) -> tuple[IntArray, BoolArray]:
    """Return where a unit and bookmaker stand among the pairs, and whether they do at all."""
    width = int(max(keys.pair_book.max(initial=0), book.max(initial=0))) + 1
    codes = keys.pair_unit * width + keys.pair_book
    wanted = unit * width + book
    place = np.minimum(np.searchsorted(codes, wanted), max(len(codes) - 1, 0))
    known = codes[place] == wanted if len(codes) else np.zeros(len(wanted), bool)
    return place, known
