"""Quotes as columns: what selectors hand to consensus and to the decision function."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.str_]
BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.datetime64]

# The place among its sport's references of a book that is none.
NO_REFERENCE = 1_000


@dataclass(frozen=True, slots=True)
class QuoteTable:
    """One row a quote in force, all columns of one length.

    `line` is the market's line from the home (or over) side: home -5.5 and away +5.5 are both
    -5.5; NaN where the market has none. Selections of one market and line at one bookmaker form
    one book to take the margin from. Times are datetime64[us] in UTC.

    `margin_method` and `reference_rank` are what the sport's pricing rule says, None where nobody
    asked: how to remove margins, and a book's place among the references (NO_REFERENCE: none).
    `home_id` and `away_id` are the event's teams, None where nobody asked.
    """

    quote_id: IntArray
    event_id: IntArray
    market_id: IntArray
    market_key: TextArray
    selection_id: IntArray
    side: TextArray
    line: FloatArray
    bookmaker_id: IntArray
    bookmaker_key: TextArray
    weight: FloatArray
    commission: FloatArray
    is_archive: BoolArray
    price: FloatArray
    last_update: TimeArray
    seen_at: TimeArray
    confirmed_at: TimeArray
    starts_at: TimeArray
    margin_method: TextArray | None = None
    reference_rank: IntArray | None = None
    home_id: IntArray | None = None
    away_id: IntArray | None = None

    def __len__(self) -> int:
        return len(self.quote_id)

    def where(self, mask: BoolArray) -> "QuoteTable":
        """Return the rows where the mask holds."""
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen: dict[str, Any] = {
            name: None if each is None else each[mask] for name, each in columns.items()
        }
        return QuoteTable(**chosen)


@dataclass(frozen=True, slots=True)
class PriceMoves:
    """One row a price change, by selection, bookmaker and time; all columns of one length.

    `line` as in QuoteTable; `price` is NaN where the quote was withdrawn. The price of a row stood
    from its `seen_at` to that of the next row of the same selection and bookmaker.
    """

    market_key: TextArray
    selection_id: IntArray
    side: TextArray
    line: FloatArray
    bookmaker_id: IntArray
    bookmaker_key: TextArray
    price: FloatArray
    seen_at: TimeArray

    def __len__(self) -> int:
        return len(self.price)


def joined(tables: Sequence[QuoteTable]) -> QuoteTable:
    """Return the rows of tables with the same columns, one after the other."""
    names = [each.name for each in fields(QuoteTable)]
    columns: dict[str, Any] = {name: [getattr(table, name) for table in tables] for name in names}
    whole: dict[str, Any] = {
        name: None if parts[0] is None else np.concatenate(parts) for name, parts in columns.items()
    }
    return QuoteTable(**whole)


def begins(key: NDArray[Any]) -> BoolArray:
    """Return where a run of equal values begins.

    >>> begins(np.array([3, 3, 5])).tolist()
    [True, False, True]
    """
    changes = np.ones(len(key), dtype=np.bool_)
    changes[1:] = key[1:] != key[:-1]
    return changes


def line_codes(line: FloatArray) -> IntArray:
    """Return lines as whole hundredths, and a number no line has where there is none.

    >>> line_codes(np.array([-5.25, np.nan])).tolist()
    [-525, 1000000000]
    """
    whole = np.rint(np.nan_to_num(line) * 100)
    return np.asarray(np.where(np.isnan(line), 10**9, whole), dtype=np.int64)


def pair_codes(first: IntArray, second: IntArray) -> IntArray:
    """Return one number, from 0 up, a distinct pair.

    >>> pair_codes(np.array([7, 7, 9]), np.array([1, 1, 1])).tolist()
    [0, 0, 1]
    """
    _, left = np.unique(first, return_inverse=True)
    kinds, right = np.unique(second, return_inverse=True)
    _, codes = np.unique(left * len(kinds) + right, return_inverse=True)
    return np.asarray(codes, dtype=np.int64)
