"""Prices as a source lists them, in columns: sweeps are large, and an object a price is slow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from odds.domain.sanity import price_fault
from odds.domain.table import IntArray

EventKey = tuple[str, str]
SIDES = ("home", "away", "draw", "over", "under")
_SIDE_CODES = {side: code for code, side in enumerate(SIDES)}
# What stands where there is no point, and no time (which is numpy's NaT).
NO_POINT = -(2**31)
NO_TIME = -(2**63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = ("event", "bookmaker", "market", "side", "point", "price", "last_update")
_WIDTH = len(_COLUMNS) + 1


@dataclass(frozen=True, slots=True)
class ParsedQuote:
    """One price; `point` is from the selection's own side, `price` decimal."""

    source: str
    event_key: str
    bookmaker_key: str
    market_key: str
    side: str
    point: Decimal | None
    price: Decimal
    last_update: datetime | None


@dataclass(frozen=True, slots=True)
class Price:
    """A decimal price: whole thousandths, half to even; and what is wrong with it, or nothing."""

    exact: Decimal
    thousandths: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A line: whole hundredths; and what is wrong with it, or nothing."""

    exact: Decimal | None
    hundredths: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A price that cannot be used: the field at fault, why, and what the row said."""

    field: str
    reason: str
    side: str
    point: str | None
    price: str


def price_of(exact: Decimal) -> Price:
    """Return a price in thousandths, with its fault.

    >>> price_of(Decimal("1.9105")).thousandths, price_of(Decimal("1.0")).fault
    (1910, 'placeholder price 1 (1.01 or less)')
    """
    return Price(exact, round(exact * 1000), price_fault(float(exact)))


def point_of(exact: Decimal | None) -> Point:
    """Return a line in hundredths, with its fault; None is no line.

    >>> point_of(Decimal("-5.5")).hundredths, point_of(Decimal("0.125")).fault
    (-550, 'point 0.125 is not of our kind')
    """
    if exact is None:
        return NOWHERE
    if exact * 100 % 1 or abs(exact) >= 10000:
        return Point(exact, NO_POINT, f"point {exact} is not of our kind")
    return Point(exact, int(exact * 100), None)


NOWHERE = Point(None, NO_POINT, None)


@lru_cache(maxsize=65536)
def micros(at: datetime | None) -> int:
    """Return a moment as microseconds since 1970.

    >>> micros(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return NO_TIME if at is None else (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=65536)
def moment_of(at: int) -> datetime | None:
    """Return the moment of so many microseconds since 1970, to the microsecond."""
    return None if at == NO_TIME else _EPOCH + timedelta(microseconds=at)


@dataclass(slots=True)
class Names:
    """What the numbers in the columns mean: each name's place. Only ever grows."""

    events: dict[EventKey, int] = field(default_factory=dict)
    bookmakers: dict[str, int] = field(default_factory=dict)
    markets: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class QuoteColumns:
    """Prices in columns of one length, int64 each.

    `event`, `bookmaker` and `market` are places in `names`; `side` in SIDES, -1 where unknown;
    `point` in hundredths from the selection's own side, NO_POINT where it has none; `price` in
    thousandths, or where the row has a fault -1 minus its place in `names.faults`; `last_update`
    in microseconds since 1970, NO_TIME where the bookmaker did not say.
    """

    names: Names
    event: IntArray
    bookmaker: IntArray
    market: IntArray
    side: IntArray
    point: IntArray
    price: IntArray
    last_update: IntArray

    def __len__(self) -> int:
        return len(self.event)

    def __iter__(self) -> Iterator[ParsedQuote]:
        """Return the rows one by one: for tests and for what is not in a hurry."""
        events = list(self.names.events)
        books, markets = list(self.names.bookmakers), list(self.names.markets)
        for event, book, market, side, point, price, update in self.values():
            fault = self.names.faults[-price - 1] if price < 0 else None
            where = None if point == NO_POINT else Decimal(point) / 100
            if fault is not None:
                where = None if fault.point is None else Decimal(fault.point)
            yield ParsedQuote(
                events[event][0],
                events[event][1],
                books[book],
                markets[market],
                SIDES[side] if fault is None else fault.side,
                where,
                Decimal(price) / 1000 if fault is None else Decimal(fault.price),
                moment_of(update),
            )

    def values(self) -> Iterator[tuple[int, ...]]:
        """Return the rows as numbers: the columns in their order."""
        return zip(*(getattr(self, name).tolist() for name in _COLUMNS), strict=True)

    def rows(self, which: slice | IntArray) -> "QuoteColumns":
        """Return some of the rows, in the order asked for; a slice copies nothing."""
        return QuoteColumns(self.names, *(getattr(self, name)[which] for name in _COLUMNS))


def no_quotes() -> QuoteColumns:
    """Return columns without a row."""
    return QuoteColumns(Names(), *(np.zeros(0, np.int64) for _ in _COLUMNS))


def columns_of(quotes: Iterable[ParsedQuote]) -> QuoteColumns:
    """Return quotes given one by one as columns: for small feeds and for tests."""
    builder = QuoteBuilder()
    for quote in quotes:
        builder.add(
            builder.event(quote.source, quote.event_key),
            builder.bookmaker(quote.bookmaker_key),
            builder.market(quote.market_key),
            quote.side,
            point_of(quote.point),
            price_of(quote.price),
            micros(quote.last_update),
        )
    return builder.columns()


def joined(parts: Sequence[QuoteColumns]) -> QuoteColumns:
    """Return the rows of all parts as one, with common names."""
    if not parts:
        return no_quotes()
    if all(part.names is parts[0].names for part in parts):
        names, moved = parts[0].names, list(parts)
    else:
        names = Names()
        moved = [_renamed(part, names) for part in parts]
    return QuoteColumns(
        names, *(np.concatenate([getattr(part, name) for part in moved]) for name in _COLUMNS)
    )


def _renamed(part: QuoteColumns, names: Names) -> QuoteColumns:
    def place(of: dict[EventKey, int] | dict[str, int], into: dict[object, int]) -> IntArray:
        places = (into.setdefault(name, len(into)) for name in of)
        return np.fromiter(places, np.int64, len(of))

    event = place(part.names.events, names.events)  # type: ignore[arg-type]
    book = place(part.names.bookmakers, names.bookmakers)  # type: ignore[arg-type]
    market = place(part.names.markets, names.markets)  # type: ignore[arg-type]
    price = np.where(part.price < 0, part.price - len(names.faults), part.price)
    names.faults.extend(part.names.faults)
    return QuoteColumns(
        names,
        event[part.event],
        book[part.bookmaker],
        market[part.market],
        part.side,
        part.point,
        price,
        part.last_update,
    )


class QuoteBuilder:
    """Takes prices one by one, fast, and gives them as columns.

    Each belongs to a `group`, such as one snapshot of a file, which `split` takes apart again.
    """

    def __init__(self) -> None:
        self.names = Names()
        # Row after row in one list of numbers: one call a price.
        self._values: list[int] = []
        #: Take a price that has no fault, as numbers: the columns in their order, and the group.
        self.take: Callable[[Iterable[int]], None] = self._values.extend

    def __len__(self) -> int:
        return len(self._values) // _WIDTH

    def event(self, source: str, key: str) -> int:
        """Return the place of an event's key."""
        of = self.names.events
        return of.setdefault((source, key), len(of))

    def bookmaker(self, key: str) -> int:
        """Return the place of a bookmaker's key."""
        of = self.names.bookmakers
        return of.setdefault(key, len(of))

    def market(self, key: str) -> int:
        """Return the place of a market's key."""
        of = self.names.markets
        return of.setdefault(key, len(of))

    def add(
        self,
        event: int,
        bookmaker: int,
        market: int,
        side: str,
        point: Point,
        price: Price,
        last_update: int,
        group: int = 0,
    ) -> None:
        """Take one price. What is wrong with it is kept with it, for who records it to refuse."""
        side_code = _SIDE_CODES.get(side, -1)
        thousandths = price.thousandths
        if side_code < 0 or point.fault is not None or price.fault is not None:
            thousandths = self._refuse(side, point, price)
        self._values.extend(
            (event, bookmaker, market, side_code, point.hundredths, thousandths, last_update, group)
        )

    def cut_back(self, length: int) -> None:
        """Forget all but the first rows: those of an answer that turned out to be unusable."""
        del self._values[length * _WIDTH :]

    def columns(self) -> QuoteColumns:
        """Return all rows in the order they came."""
        return QuoteColumns(self.names, *self._table()[:-1])

    def groups(self) -> IntArray:
        """Return each row's group."""
        found: IntArray = self._table()[-1]
        return found

    def _table(self) -> IntArray:
        # Copied, so that more rows may still be added here.
        rows = np.array(self._values, dtype=np.int64).reshape(-1, _WIDTH)
        return np.ascontiguousarray(rows.T)

    def split(self, count: int) -> list[QuoteColumns]:
        """Return the rows of each of the groups 0 to `count` - 1, in the order they came."""
        *columns, group = self._table()
        rows = QuoteColumns(self.names, *columns)
        if np.any(group[1:] < group[:-1]):
            order = np.argsort(group, kind="stable")
            group, rows = group[order], rows.rows(order)
        stops = np.searchsorted(group, np.arange(count), side="right").tolist()
        starts = [0, *stops][:count]
        return [rows.rows(slice(*place)) for place in zip(starts, stops, strict=True)]

    def _refuse(self, side: str, point: Point, price: Price) -> int:
        if side not in _SIDE_CODES:
            field_, reason = "side", f"unknown side {side!r}"
        elif point.fault:
            field_, reason = "point", point.fault
        else:
            field_, reason = "price", price.fault or ""
        where = None if point.exact is None else str(point.exact)
        self.names.faults.append(Fault(field_, reason, side, where, str(price.exact)))
        return -len(self.names.faults)
