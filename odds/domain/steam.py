"""Moves of the whole market: the consensus now against a while ago, and books that moved together.

Both compare two slates, as known then and now, quote by quote. Only prices on the same line are
compared: where a line moved, the selection is another one.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.consensus import consensus
from odds.domain.scan import Gates, offered
from odds.domain.table import BoolArray, FloatArray, QuoteTable

MINUTE = np.timedelta64(1, "m")


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
    found = []
    for index in np.flatnonzero(change > 0.0):
        same = (now.selection_id == is_.selection_id[index]) & place
        shortened, drifted = int((moved[same] < 0).sum()), int((moved[same] > 0).sum())
        steams = shortened >= min_books and shortened >= agreement * (shortened + drifted)
        if not steams and change[index] < min_change:
            continue
        oldest = float(np.max((at - now.confirmed_at[same]) / MINUTE)) if same.any() else 0.0
        movers = np.flatnonzero(same & (moved < 0))
        first = movers[np.argmin(now.seen_at[movers])] if len(movers) else None
        found.append(
            Shift(
                event_id=int(is_.event_id[index]),
                market_id=int(is_.market_id[index]),
                market_key=str(is_.market_key[index]),
                selection_id=int(is_.selection_id[index]),
                side=str(is_.side[index]),
                line=float(is_.line[index]),
                before=float(is_.probability[index] - change[index]),
                now=float(is_.probability[index]),
                books=int(same.sum()),
                shortened=shortened,
                drifted=drifted,
                is_steam=steams,
                first_mover="" if first is None else str(now.bookmaker_key[first]),
                oldest_age=max(oldest, 0.0),
                doubts=_doubts(oldest, int(same.sum()), gates, min_books),
            )
        )
    return sorted(found, key=lambda each: (-each.change, each.selection_id))


def _doubts(oldest: float, books: int, gates: Gates, min_books: int) -> tuple[str, ...]:
    found = []
    if oldest > gates.max_age:
        found.append(f"a price was last seen {oldest:.0f} minutes ago, over {gates.max_age:g}")
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
