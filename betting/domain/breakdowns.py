"""The same bets cut by book, market, edge, price, lead time and whatever else names them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from betting.domain.luck import Interval, yields_of
from betting.domain.record import Record, numbered
from odds.domain.table import BoolArray, FloatArray, IntArray, TextArray

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
class Labels:
    """What each of some bets is called: `names` (g,), no two alike, and its place in them (n,)."""

    names: list[str]
    place: IntArray

    @classmethod
    def of(cls, names: TextArray | Sequence[str]) -> Self:
        """Return them of each bet's name, (n,)."""
        return cls.numbered(*np.unique(np.asarray(names, np.str_), return_inverse=True))

    @classmethod
    def numbered(cls, names: TextArray | Sequence[str], place: IntArray) -> Self:
        """Return them of each bet's place in names, of which some may be alike, some of no bet.

        >>> Labels.numbered(["a", "b", "a", "c"], np.array([0, 2, 1, 0]))
        Labels(names=['a', 'b'], place=array([0, 0, 1, 0]))
        """
        used = np.bincount(place, minlength=len(names)) > 0
        every, same = np.unique(np.asarray(names, np.str_)[used], return_inverse=True)
        of_used = np.zeros(len(used), np.int64)
        of_used[used] = same
        return cls(every.tolist(), of_used[place])

    def renamed(self, say: Callable[[str], str]) -> Self:
        """Return them with each name as `say` has it."""
        return self.numbered([say(name) for name in self.names], self.place)

    def of_each(self) -> TextArray:
        """Return the name of each bet, (n,)."""
        return np.asarray(self.names, np.str_)[self.place]

    def are(self, name: str) -> BoolArray:
        """Return which bets are called so, (n,)."""
        return np.asarray([each == name for each in self.names], np.bool_)[self.place]


@dataclass(frozen=True, slots=True)
class Group:
    """What some of the bets come to. `clv_count` of them have a close."""

    name: str
    bets: int
    staked: float
    profit: float
    yield_: Interval
    expected: float | None
    clv: float | None
    clv_count: int

    @property
    def earned(self) -> Interval:
        """Return the yield: templates cannot read a name that ends in an underscore."""
        return self.yield_


def buckets(values: FloatArray, bounds: Sequence[tuple[float, str]], rest: str) -> Labels:
    """Return which bucket each value falls into, `UNKNOWN` for NaN. Shape (n,).

    >>> buckets(np.array([0.01, 0.02, np.nan]), EDGES, "7 % or more").of_each().tolist()
    ['under 2 %', '2 % to 4 %', 'not known']
    """
    names = [*(name for _, name in bounds), rest, UNKNOWN]
    place = np.searchsorted([bound for bound, _ in bounds], values, side="right")
    return Labels.numbered(names, np.where(np.isnan(values), len(names) - 1, place))


def sizes_of(record: Record) -> dict[str, Labels]:
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


def groups_of(
    record: Record, labels: Labels, *, event: IntArray, whole: Interval | None = None
) -> list[Group]:
    """Return the bets added up by name, the most bets first.

    `event` (n,) is each bet's, numbered from 0; `whole` the yield of all of them, which a group
    that holds them all has too.
    """
    place, count = labels.place, len(labels.names)

    def totals(values: FloatArray | BoolArray) -> list[float]:
        found: list[float] = np.bincount(place, weights=values, minlength=count).tolist()
        return found

    known, valued = ~np.isnan(record.probability), ~np.isnan(record.clv)
    expected = zip(totals(known), totals(np.nan_to_num(record.stake * record.edge)), strict=True)
    clvs = zip(totals(valued), totals(np.nan_to_num(record.clv)), strict=True)
    found = [
        Group(
            name=name,
            bets=earned.count,
            staked=staked,
            profit=profit,
            yield_=whole if whole is not None and count == 1 else earned,
            expected=promised if beliefs else None,
            clv=clv / closes if closes else None,
            clv_count=int(closes),
        )
        for name, staked, profit, earned, (beliefs, promised), (closes, clv) in zip(
            labels.names,
            totals(record.stake),
            totals(record.profit),
            yields_of(record, place, count, event),
            expected,
            clvs,
            strict=True,
        )
    ]
    return sorted(found, key=lambda group: (-group.bets, group.name))


def cut(
    record: Record, labels: Mapping[str, Labels], *, whole: Interval | None = None
) -> dict[str, list[Group]]:
    """Return the groups by each of the labels, and by the sizes that any record has."""
    every = {**labels, **sizes_of(record)}
    _, event = numbered(record.event)
    return {key: groups_of(record, each, event=event, whole=whole) for key, each in every.items()}
