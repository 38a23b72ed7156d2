"""What every search over the slate has in common: which quotes may be a leg, and the best of them.

The gates are about trust, not about taste: a leg that has not been seen lately, a market with a
side missing, a price no bookmaker can mean. A find that breaks one is kept with the reason, so that
a reader sees what was left out and why.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from accounts.showing.formats import span_text
from odds.domain.consensus import LAY_SUFFIX, SIDES, price_after_commission
from odds.domain.sanity import HIGHEST_PRICE, LOWEST_PRICE
from odds.domain.table import FloatArray, IntArray, QuoteTable, line_codes

MINUTE = np.timedelta64(1, "m")


@dataclass(frozen=True, slots=True)
class Gates:
    """What a find must pass. Ages in minutes, profit as a share of the outlay.

    `max_age` is since the price is last known to have stood. A profit above `max_profit` is taken
    for an error that the bookmaker will void.
    """

    max_age: float = 15.0
    max_profit: float = 0.10


@dataclass(frozen=True, slots=True)
class Leg:
    """One quote of a find. `price` is as offered, `net` after commission, `age` in minutes."""

    quote_id: int
    selection_id: int
    bookmaker_key: str
    side: str
    line: float
    price: float
    net: float
    commission: float
    age: float


def offered(table: QuoteTable, *, at: np.datetime64) -> QuoteTable:
    """Return the quotes that somebody could take at `at`.

    Of events still to start, at bookmakers and not archives, with a meant price; lay markets are
    left out, since their prices are of the other side.
    """
    keep = (table.starts_at > at) & ~table.is_archive & np.isin(table.side, SIDES)
    keep &= (table.price > LOWEST_PRICE) & (table.price <= HIGHEST_PRICE)
    if len(table):
        keep &= ~np.char.endswith(table.market_key.astype(np.str_), LAY_SUFFIX)
    return table.where(keep)


def ages(table: QuoteTable, *, at: np.datetime64) -> FloatArray:
    """Return minutes since each quote is last known to have stood, 0 at the earliest."""
    return np.asarray(np.maximum((at - table.confirmed_at) / MINUTE, 0.0))


def net_prices(table: QuoteTable) -> FloatArray:
    """Return prices after commission."""
    return price_after_commission(table.price, table.commission)


def best_rows(table: QuoteTable, net: FloatArray) -> IntArray:
    """Return the row of the best net price of each selection, by market, line and side.

    Of equal prices the one seen last counts, then the lowest quote id.
    """
    order = np.lexsort((table.quote_id, -table.confirmed_at.astype(np.int64), -net,
                        table.selection_id))  # fmt: skip
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(table.selection_id[order]) != 0
    rows = order[first]
    place = np.lexsort((table.side[rows], line_codes(table.line[rows]), table.market_id[rows]))
    return np.asarray(rows[place], dtype=np.int64)


def groups(first: IntArray, second: IntArray) -> list[IntArray]:
    """Return the positions of each run of equal pairs; the pairs must be in order."""
    if not len(first):
        return []
    starts = np.flatnonzero((np.diff(first) != 0) | (np.diff(second) != 0)) + 1
    return np.split(np.arange(len(first)), starts)


def is_whole_market(sides: list[str], has_draw: bool) -> bool:
    """Say whether these sides are all outcomes of one market and line."""
    wanted = {"home", "draw", "away"} if has_draw else {"home", "away"}
    return set(sides) in (wanted, {"over", "under"})


def markets_with_draw(table: QuoteTable) -> frozenset[int]:
    """Return the markets in which anybody at all offers the draw."""
    return frozenset(table.market_id[table.side == "draw"].tolist())


def legs_of(table: QuoteTable, net: FloatArray, age: FloatArray, rows: IntArray) -> list[Leg]:
    """Return rows as legs, in their order."""
    columns = (
        table.quote_id, table.selection_id, table.bookmaker_key, table.side, table.line,
        table.price, net, table.commission, age,
    )  # fmt: skip
    return list(map(Leg, *(column[rows].tolist() for column in columns)))


def doubts(legs: tuple[Leg, ...], profit: float, gates: Gates) -> tuple[str, ...]:
    """Return, in words, every gate that a find breaks."""
    found = []
    oldest = max(legs, key=lambda each: each.age)
    if oldest.age > gates.max_age:
        found.append(
            f"{oldest.bookmaker_key}'s price is {span_text(timedelta(minutes=oldest.age))} old, "
            f"over {span_text(timedelta(minutes=gates.max_age))}"
        )
    if len(legs) > 1 and len({each.bookmaker_key for each in legs}) == 1:
        found.append("every leg is at one bookmaker, who will notice")
    if profit > gates.max_profit:
        found.append(f"{profit:.1%} is over {gates.max_profit:.0%}: more likely an error")
    return tuple(found)
