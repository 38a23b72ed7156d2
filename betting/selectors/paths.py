"""A person's equity over time, kept between asks: what came since is read, and no more.

The transfers of a bankroll are numbered without a gap and chained by their hashes. What is kept
ends with one of them; where that one is still there with the same hash, so is all before it. Where
it is not (another history of the database), all is read anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from odds.database import fetch_columns
from odds.domain.table import IntArray
from risk.domain.breakers import EquityPath

# The transfers that one process keeps at most, of 48 bytes each.
MOST_KEPT = 500_000
# What changes equity comes from outside the bankroll, or goes there. `mark` is half the hash. Both
# ends are named, for a range that is open would be planned as a third of all transfers, and so read
# all of them for the few that came since.
_READ = """
WITH mine AS MATERIALIZED (
    SELECT b.id, coalesce(k.number, 1) AS since,
           (SELECT max(number) FROM betting_transfer WHERE bankroll_id = b.id) AS until
    FROM betting_bankroll b
    LEFT JOIN unnest(%(kept)s::bigint[], %(numbers)s::bigint[]) AS k(id, number) ON k.id = b.id
    WHERE b.owner_id = %(owner)s OR b.id = %(bankroll)s
)
SELECT t.bankroll_id, t.number::bigint, ('x' || left(t.hash, 16))::bit(64)::bigint, t.at, t.id,
       (CASE WHEN s.kind IN ('house', 'world') THEN t.amount ELSE -t.amount END)::float8,
       (CASE WHEN s.kind = 'world' THEN t.amount WHEN d.kind = 'world' THEN -t.amount
             ELSE 0 END)::float8
FROM mine
JOIN betting_transfer t ON t.bankroll_id = mine.id AND t.number BETWEEN mine.since AND mine.until
JOIN betting_ledgeraccount s ON s.id = t.source_id
JOIN betting_ledgeraccount d ON d.id = t.destination_id
WHERE s.kind IN ('house', 'world') OR d.kind IN ('house', 'world')
ORDER BY t.bankroll_id, t.number"""
_NUMBER, _MARK, _AT, _ID, _CHANGE, _FLOW = range(6)


@dataclass(frozen=True, slots=True)
class _Moves:
    """What moved one bankroll's equity, by number: columns (6, n)."""

    columns: IntArray

    @property
    def last(self) -> int:
        return int(self.columns[_NUMBER, -1])

    def followed_by(self, later: "_Moves") -> "_Moves | None":
        """Return both, of which the second begins with the last of this; None if it does not."""
        if (self.columns[:, -1] != later.columns[:, 0]).any():
            return None
        return _Moves(np.concatenate([self.columns, later.columns[:, 1:]], axis=1))

    def path(self) -> EquityPath:
        rows = self.columns[:, np.lexsort((self.columns[_ID], self.columns[_AT]))]
        return EquityPath(
            at=rows[_AT].view("datetime64[us]"),
            equity=np.cumsum(rows[_CHANGE].view(np.float64)),
            flow=rows[_FLOW].view(np.float64),
        )


_kept: OrderedDict[int, Mapping[int, _Moves]] = OrderedDict()
_lock = threading.Lock()


def equity_path(bankroll_id: int) -> EquityPath:
    """Return a bankroll's equity after each settlement, deposit and withdrawal, oldest first.

    Read from the database, all of it. One query.
    """
    found = _read({}, bankroll=bankroll_id)
    if bankroll_id in found:
        return found[bankroll_id].path()
    return EquityPath(np.zeros(0, "datetime64[us]"), np.zeros(0), np.zeros(0))


def equity_paths(owner_id: int, *, anew: bool = False) -> list[EquityPath]:
    """Return the same of each bankroll of a person, in the order in which money moved in them.

    One query. With `anew` all of it is read, as whatever decides about money does.
    """
    with _lock:
        kept = {} if anew else _kept.get(owner_id, {})
    read = _read(kept, owner=owner_id)
    found = {pk: kept[pk].followed_by(moves) if pk in kept else moves for pk, moves in read.items()}
    if not kept.keys() <= read.keys() or None in found.values():
        found = {**_read({}, owner=owner_id)}
    moved = {pk: moves for pk, moves in found.items() if moves is not None}
    with _lock:
        _kept[owner_id] = moved
        _kept.move_to_end(owner_id)
        while sum(_size(each) for each in _kept.values()) > MOST_KEPT:
            _kept.popitem(last=False)
    paths = [moves.path() for moves in moved.values()]
    return sorted(paths, key=lambda path: path.at[0])


def _size(moved: Mapping[int, _Moves]) -> int:
    return sum(moves.columns.shape[1] for moves in moved.values())


def _read(kept: Mapping[int, _Moves], **whose: int) -> dict[int, _Moves]:
    """Return what moved each bankroll's equity from the last that is kept on, by bankroll."""
    asked: dict[str, object] = {"owner": None, "bankroll": None, **whose}
    asked["kept"], asked["numbers"] = list(kept), [moves.last for moves in kept.values()]
    of, *columns = fetch_columns(_READ, asked, "qqqtqqq")
    table = np.stack(columns) if len(of) else np.zeros((6, 0), np.int64)
    return {pk: _Moves(table[:, of == pk]) for pk in np.unique(of).tolist()}
