"""The close: what the books together said when the event started.

A closing consensus is taken from each book's last quote by the start. An archive's closing prices
(a source of past prices at which nobody can bet) count only on a market and line where no real
bookmaker's quote is left: they are somebody's summary, not quotes that we saw standing.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.consensus import consensus
from odds.domain.table import FloatArray, IntArray, QuoteTable, TimeArray


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
    better = _codes(real.market_id, real.line)
    spare = ~np.isin(_codes(archive.market_id, archive.line), better)
    selection_id = np.concatenate([real.selection_id, archive.selection_id[spare]])
    order = np.argsort(selection_id)
    return Closes(
        selection_id=selection_id[order],
        event_id=np.concatenate([real.event_id, archive.event_id[spare]])[order],
        fair_probability=np.concatenate([real.probability, archive.probability[spare]])[order],
        book_count=np.concatenate([real.book_count, archive.book_count[spare]])[order],
        last_update=np.concatenate([real.newest_update, archive.newest_update[spare]])[order],
    )


def _codes(market_id: IntArray, line: FloatArray) -> IntArray:
    """Return one number a market and line: lines are hundredths, far below 10**6 of them."""
    hundredths = np.where(np.isnan(line), 10**5 + 1, np.rint(np.nan_to_num(line) * 100))
    return (market_id * 10**6 + hundredths).astype(np.int64)
