"""Settled bets as records: what figures are made from, and what the bets are cut by."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np

from betting.domain.breakdowns import UNKNOWN, Labels
from betting.domain.record import Record, days_of, numbered
from betting.domain.regimes import regime_name
from betting.models import MarketDay
from betting.selectors.columns import NAMED, BetColumns, Names
from odds.database import array_literal, fetch_columns
from odds.domain.table import BoolArray, FloatArray, IntArray, TimeArray

# What a bet of no model is of.
UNNAMED = {"version": "no model"}
# Of events two days ago the results are known; a regime of longer ago than this says nothing.
RESULTS_ARE_IN, STALE = timedelta(days=2), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Settled:
    """Settled bets in the order of settling, all columns (n,).

    `raw_clv` is against the same book's last price, NaN where there is none; `quality` the place in
    `QUALITIES`. The rest is what names them, 0 for nothing.
    """

    ids: IntArray
    record: Record
    raw_clv: FloatArray
    quality: IntArray
    named_by: dict[str, IntArray]

    def where(self, rows: BoolArray) -> Self:
        """Return some of the bets."""
        named_by = {key: column[rows] for key, column in self.named_by.items()}
        return type(self)(
            self.ids[rows],
            self.record.where(rows),
            self.raw_clv[rows],
            self.quality[rows],
            named_by,
        )

    def labels(self, names: Names) -> dict[str, Labels]:
        """Return what the bets are cut by, in words. One query."""
        return {kind: _called(kind, self.named_by[kind], names) for kind in NAMED} | {
            "regime": self.regimes()
        }

    def regimes(self) -> Labels:
        """Return the market regime known when each bet was placed, (n,). One query."""
        return regimes_at(self.named_by["competition"], self.record.placed_at)


def settled_of(bets: BetColumns) -> Settled:
    """Return settled bets in the order in which they were settled. One query."""
    bets = bets.where(np.lexsort((bets.whole("id"), bets.whole("settled_at"))))
    record = Record(
        stake=bets.whole("cents") / 100,
        profit=bets.real("profit"),
        price=1.0 + (bets.real("price") - 1.0) * (1.0 - bets.real("commission")),
        probability=bets.real("probability"),
        doubt=bets.real("doubt"),
        clv=bets.real("clv"),
        won=bets.won,
        event=bets.whole("event"),
        placed_at=bets.moments("placed_at"),
        settled_at=bets.moments("settled_at"),
        starts_at=_starts_of(bets.whole("event")),
    )
    named_by = {kind: bets.whole(kind) for kind in NAMED}
    return Settled(bets.whole("id"), record, bets.real("raw_clv"), bets.whole("quality"), named_by)


def _starts_of(events: IntArray) -> TimeArray:
    """Return when each event starts, (n,): as it stands now, for starts are moved."""
    each, place = numbered(events)
    query = "SELECT id, starts_at FROM odds_event WHERE id = ANY(%(each)s::bigint[])"
    ids, starts = fetch_columns(query, {"each": array_literal(each)}, "qt")
    return starts[np.argsort(ids)][place].view("datetime64[us]")


def regimes_at(competitions: IntArray, placed_at: TimeArray) -> Labels:
    """Return the market regime known when each bet was placed, shapes (n,). One query.

    That of the last day of events whose results were in by then: two days before at the latest.
    """
    latest = days_of(placed_at) - RESULTS_ARE_IN.days
    names, place = [UNKNOWN], np.zeros(len(latest), np.int64)
    days: dict[int, list[tuple[int, str]]] = {}
    for competition, day, label, count in (
        MarketDay.objects.filter(
            competition__in=np.unique(competitions).tolist(), regime__isnull=False
        )
        .order_by("day")
        .values_list("competition", "day", "regime", "regimes")
    ):
        number = (day - date(1970, 1, 1)).days
        days.setdefault(competition, []).append((number, regime_name(label or 0, count or 1)))
    for competition, known in days.items():
        numbers = np.array([number for number, _ in known])
        at = np.searchsorted(numbers, latest, side="right") - 1
        fresh = (competitions == competition) & (at >= 0) & (numbers[at] >= latest - STALE.days)
        place[fresh] = len(names) + at[fresh]
        names += [name for _, name in known]
    return Labels.numbered(names, place)


def _called(kind: str, numbers: IntArray, names: Names) -> Labels:
    each, place = numbered(numbers)
    known = names.of[kind]
    titles = [
        known[number][1] if number in known else UNNAMED.get(kind, UNKNOWN)
        for number in each.tolist()
    ]
    return Labels.numbered(titles, place)
