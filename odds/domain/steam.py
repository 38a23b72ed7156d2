"""Moves of the whole market: the consensus now against a while ago, and books that moved together.

Both compare two slates, as known then and now, quote by quote. Only prices on the same line are
compared: where a line moved, the selection is another one.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from accounts.showing.formats import span_text
from odds.domain.consensus import consensus
from odds.domain.scan import Gates, ages, offered
from odds.domain.table import BoolArray, FloatArray, IntArray, QuoteTable


@dataclass(frozen=True, slots=True)
class Shift:
    """How one selection moved within a window; probabilities are margin-free.

    `shortened` and `drifted` are the books whose price fell and rose, of `books` that priced it at
    both moments. `is_steam`: several moved the same way and hardly any the other.
    """

    event_id: int
    market_id: int
    market_key: str
    selection_id: int
    side: str
    line: float
    before: float
    now: float
    books: int
    shortened: int
    drifted: int
    is_steam: bool
    first_mover: str
    oldest_age: float
    doubts: tuple[str, ...]

    @property
    def change(self) -> float:
        """Return the change of the consensus in probability: 0.02 is two points, up is likelier."""
        return self.now - self.before


def shifts(
    before: QuoteTable,
    now: QuoteTable,
    *,
    at: np.datetime64,
    method: str,
    gates: Gates,
    min_change: float = 0.01,
    min_books: int = 3,
    agreement: float = 0.8,
) -> list[Shift]:
    """Return the selections whose consensus moved by `min_change` or that steam, largest first.

    `before` and `now` are slates as known at the window's two ends. Steam: at least `min_books`
    books moved, at least the share `agreement` of them the same way, and the consensus moved with
    them. A market's outcomes mirror each other, so only those that became likelier are listed.
    """
    before, now = offered(before, at=at), offered(now, at=at)
    was, is_ = consensus(before, method=method), consensus(now, method=method)
    rows = was.rows_of(is_.selection_id)
    known = rows >= 0
    change = np.full(len(is_), np.nan)
    change[known] = is_.probability[known] - was.probability[rows[known]]
    old_price, place = _old_prices(before, now)
    moved = np.sign(now.price - old_price)
    # Books that priced a selection at both moments, by the selection's row.
    of = np.where(place, is_.rows_of(now.selection_id), -1)

    def count(rows: BoolArray) -> IntArray:
        return np.bincount(of[rows & (of >= 0)], minlength=len(is_))

    books, shortened, drifted = count(place), count(moved < 0), count(moved > 0)
    steams = (shortened >= min_books) & (shortened >= agreement * (shortened + drifted))
    oldest = np.zeros(len(is_))
    np.maximum.at(oldest, of[of >= 0], ages(now, at=at)[of >= 0])
    first = _first_movers(now, of, moved < 0)
    found = [
        Shift(
            event_id=int(is_.event_id[row]),
            market_id=int(is_.market_id[row]),
            market_key=str(is_.market_key[row]),
            selection_id=int(is_.selection_id[row]),
            side=str(is_.side[row]),
            line=float(is_.line[row]),
            before=float(is_.probability[row] - change[row]),
            now=float(is_.probability[row]),
            books=int(books[row]),
            shortened=int(shortened[row]),
            drifted=int(drifted[row]),
            is_steam=bool(steams[row]),
            first_mover=first.get(row, ""),
            oldest_age=float(oldest[row]),
            doubts=_doubts(float(oldest[row]), int(books[row]), gates, min_books),
        )
        for row in np.flatnonzero((change > 0.0) & (steams | (change >= min_change))).tolist()
    ]
    return sorted(found, key=lambda each: (-each.change, each.selection_id))


def _first_movers(now: QuoteTable, of: IntArray, shortened: BoolArray) -> dict[int, str]:
    """Return, by row of the consensus, the book whose price shortened first."""
    rows = np.flatnonzero(shortened & (of >= 0))
    rows = rows[np.lexsort((now.seen_at[rows], of[rows]))]
    kinds, first = np.unique(of[rows], return_index=True)
    return dict(zip(kinds.tolist(), now.bookmaker_key[rows[first]].tolist(), strict=True))


def _doubts(oldest: float, books: int, gates: Gates, min_books: int) -> tuple[str, ...]:
    found = []
    if oldest > gates.max_age:
        old, most = (span_text(timedelta(minutes=each)) for each in (oldest, gates.max_age))
        found.append(f"a price is {old} old, over {most}")
    if books < min_books:
        found.append(f"{books} books priced it at both moments, fewer than {min_books}")
    return tuple(found)


def _old_prices(before: QuoteTable, now: QuoteTable) -> tuple[FloatArray, BoolArray]:
    """Return each quote's price before, NaN where it had none, and whether it had one."""
    order = np.argsort(before.quote_id)
    ids = before.quote_id[order]
    if not len(ids):
        return np.full(len(now), np.nan), np.zeros(len(now), dtype=np.bool_)
    spot = np.minimum(np.searchsorted(ids, now.quote_id), len(ids) - 1)
    known = ids[spot] == now.quote_id
    return np.where(known, before.price[order][spot], np.nan), known
