"""The close: what the books together said when the event started.

A closing consensus is taken from each book's last quote by the start. An archive's closing prices
(a source of past prices at which nobody can bet) are somebody's summary, not quotes that we saw
standing, so they count only where the books' own are missing or were last seen over an hour
earlier: history often has one sweep a day, and prices of noon are no close of an evening's event.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from odds.domain.consensus import Consensus, consensus
from odds.domain.table import (
    BoolArray,
    FloatArray,
    IntArray,
    QuoteTable,
    TimeArray,
    line_codes,
    pair_codes,
)

ARCHIVE_IS_FRESHER = np.timedelta64(1, "h")


@dataclass(frozen=True, slots=True)
class Closes:
    """One row a selection that has a close, in order of selection_id."""

    selection_id: IntArray
    event_id: IntArray
    fair_probability: FloatArray
    book_count: IntArray
    last_update: TimeArray

    def __len__(self) -> int:
        return len(self.selection_id)


def closes(last_quotes: QuoteTable, *, method: str) -> Closes:
    """Return the closing consensus of each book's last quote by the start.

    `last_quotes` may hold archive rows; they count where nothing better exists, as said above.
    """
    real = consensus(last_quotes.where(~last_quotes.is_archive), method=method)
    archive = consensus(last_quotes.where(last_quotes.is_archive), method=method)
    keep, spare = _which(real, archive)
    selection_id = np.concatenate([real.selection_id[keep], archive.selection_id[spare]])
    order = np.argsort(selection_id)

    def merged(of_real: Any, of_archive: Any) -> Any:  # noqa: ANN401 - arrays of any one type
        return np.concatenate([of_real[keep], of_archive[spare]])[order]

    return Closes(
        selection_id=selection_id[order],
        event_id=merged(real.event_id, archive.event_id),
        fair_probability=merged(real.probability, archive.probability),
        book_count=merged(real.book_count, archive.book_count),
        last_update=merged(real.newest_update, archive.newest_update),
    )


def _which(real: Consensus, archive: Consensus) -> tuple[BoolArray, BoolArray]:
    """Return which rows of each stand: of one market and line only the one or the other."""
    place = pair_codes(
        np.concatenate([real.market_id, archive.market_id]),
        line_codes(np.concatenate([real.line, archive.line])),
    )
    ours, theirs = place[: len(real)], place[len(real) :]
    seen_by_us = _newest(ours, real.newest_update, len(place))
    seen_by_them = _newest(theirs, archive.newest_update, len(place))
    # A line that one of them never quoted was seen long before all others.
    archive_counts = seen_by_them > seen_by_us + ARCHIVE_IS_FRESHER
    return ~archive_counts[ours], archive_counts[theirs]


def _newest(rows: IntArray, moments: TimeArray, count: int) -> TimeArray:
    """Return the newest moment of each of `count` lines, 1970 where there is none."""
    newest = np.zeros(count, dtype="datetime64[us]")
    np.maximum.at(newest, rows, moments.astype("datetime64[us]"))
    return newest
