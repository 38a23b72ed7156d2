"""The same bets cut by book, market, edge, price, lead time and whatever else names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from betting.domain.luck import Interval, mean_of, yield_of
from betting.domain.record import Record
from odds.domain.table import FloatArray, TextArray

UNKNOWN = "not known"
HOUR = np.timedelta64(3_600_000_000, "us")
# Upper bounds, each exclusive, with the name of what lies below; the last name is the rest.
EDGES = ((0.02, "under 2 %"), (0.04, "2 % to 4 %"), (0.07, "4 % to 7 %"))
PRICES = ((1.5, "under 1.50"), (2.0, "1.50 to 2.00"), (3.0, "2.00 to 3.00"), (5.0, "3.00 to 5.00"))
LEADS = ((1.0, "under an hour"), (6.0, "1 to 6 hours"), (24.0, "6 to 24 hours"))
# By what any record can be cut: the upper bounds with their names, and the name of what is above.
SIZES = {
    "edge": (EDGES, "7 % or more"),
    "price": (PRICES, "5.00 or more"),
    "lead": (LEADS, "a day or more"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """What some of the bets come to. `clv_count` of them have a close."""

    name: str
    bets: int
    staked: float
    profit: float
    yield_: Interval | None
    expected: float | None
    clv: float | None
    clv_count: int

    @property
    def earned(self) -> Interval | None:
        """Return the yield: templates cannot read a name that ends in an underscore."""
        return self.yield_


def buckets(values: FloatArray, bounds: Sequence[tuple[float, str]], rest: str) -> TextArray:
    """Return the name of each value's bucket, `UNKNOWN` for NaN. Shape (n,).

    >>> buckets(np.array([0.01, 0.02, np.nan]), EDGES, "7 % or more").tolist()
    ['under 2 %', '2 % to 4 %', 'not known']
    """
    names = np.array([*(name for _, name in bounds), rest])
    place = np.searchsorted([bound for bound, _ in bounds], values, side="right")
    return np.where(np.isnan(values), UNKNOWN, names[place])


def sizes_of(record: Record) -> dict[str, TextArray]:
    """Return the buckets that any record can be cut by: edge, price and lead time."""
    lead = (record.starts_at - record.placed_at) / HOUR
    return {
        "edge": buckets(record.edge, *SIZES["edge"]),
        "price": buckets(record.price, *SIZES["price"]),
        "lead": buckets(lead, *SIZES["lead"]),
    }


def by_size(key: str, groups: Sequence[Group]) -> list[Group]:
    """Return groups of edge, price or lead time in the order of their sizes, not known last."""
    bounds, rest = SIZES[key]
    names = [*(name for _, name in bounds), rest, UNKNOWN]
    return sorted(groups, key=lambda group: names.index(group.name))


def groups_of(record: Record, names: TextArray | Sequence[str]) -> list[Group]:
    """Return the bets added up by name, the most bets first; `names` (n,)."""
    every, place = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
    found = [_group(str(name), record.where(place == at)) for at, name in enumerate(every)]
    return sorted(found, key=lambda group: (-group.bets, group.name))


def cut(record: Record, labels: Mapping[str, TextArray | Sequence[str]]) -> dict[str, list[Group]]:
    """Return the groups by each of the labels, and by the sizes that any record has."""
    return {key: groups_of(record, names) for key, names in {**labels, **sizes_of(record)}.items()}


def _group(name: str, record: Record) -> Group:
    valued = ~np.isnan(record.clv)
    clv = mean_of(record.clv[valued], record.event[valued])
    known = ~np.isnan(record.probability)
    expected = float((record.stake * record.edge)[known].sum()) if known.any() else None
    return Group(
        name=name,
        bets=len(record),
        staked=float(record.stake.sum()),
        profit=float(record.profit.sum()),
        yield_=yield_of(record),
        expected=expected,
        clv=clv.value if clv else None,
        clv_count=int(valued.sum()),
    )
