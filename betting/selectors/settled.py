"""Settled bets read as columns: a season of them without an object each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Self

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db.models import (
    BigIntegerField,
    Case,
    Expression,
    F,
    FloatField,
    Func,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest

from betting.domain.breakdowns import UNKNOWN, Labels
from betting.domain.record import Record, days_of
from betting.domain.regimes import regime_name
from betting.models import Bet, MarketDay
from odds.database import fetch_columns
from odds.domain.table import BoolArray, FloatArray, IntArray, TimeArray
from odds.screens import market_title

EVENT = "selection__market__event"
WON_PART = {"won": 1.0, "half_won": 0.5, "half_lost": 0.5, "lost": 0.0}
BY_HAND = "by hand"
MARKET_ALONE = "no model"
# Of the close that a bet was measured against; none where it was not.
QUALITIES = ("none", "good", "fair", "poor")
# Of events two days ago the results are known; a regime of longer ago than this says nothing.
RESULTS_ARE_IN, STALE = timedelta(days=2), timedelta(days=14)

_MODEL = "opportunity__prediction__version"
_NAMED_BY = {
    "strategy": "opportunity__strategy",
    "bookmaker": "bookmaker",
    "market": "selection__market",
    "competition": f"{EVENT}__competition",
    "version": _MODEL,
}


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

    def labels(self) -> dict[str, Labels]:
        """Return what the bets are cut by, in words. Two queries."""
        names = _names(self.named_by, self.ids)
        return names | {"regime": regimes_at(self.named_by["competition"], self.record.placed_at)}


def read_settled(bets: QuerySet[Bet]) -> Settled:
    """Read settled bets, in the order they are asked in. One query."""
    columns = _columns()
    rows = bets.select_related(None).annotate(**columns).values_list(*columns)
    kinds = "".join("t" if name.endswith("_at") else "q" for name in columns)
    try:
        read = fetch_columns(*rows.query.sql_with_params(), kinds)
    except EmptyResultSet:
        # Django knows without asking: of no bankroll there are no bets.
        read = (np.zeros(0, np.int64),) * len(kinds)
    found = dict(zip(columns, read, strict=True))

    def real(name: str) -> FloatArray:
        return found[f"of_{name}"].view(np.float64)

    def moment(name: str) -> TimeArray:
        return found[f"of_{name}"].view("datetime64[us]")

    record = Record(
        stake=real("stake"),
        profit=real("profit"),
        price=1.0 + (real("price") - 1.0) * (1.0 - real("commission")),
        probability=real("probability"),
        doubt=real("doubt"),
        clv=real("clv"),
        won=real("won"),
        event=found["of_event"],
        placed_at=moment("placed_at"),
        settled_at=moment("settled_at"),
        starts_at=moment("starts_at"),
    )
    named_by = {key: found[f"of_{key}"] for key in _NAMED_BY}
    return Settled(found["of_id"], record, real("raw_clv"), found["of_quality"], named_by)


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


def _columns() -> dict[str, Expression | F]:
    """Return what is read of a bet, none of it null: NaN for what nobody knows."""

    def real(value: Expression | str) -> Expression:
        number = Cast(value, FloatField())
        return Coalesce(number, Cast(Value("NaN"), FloatField()))

    def whole(path: str) -> Expression:
        return Coalesce(Cast(path, BigIntegerField()), Value(0, BigIntegerField()))

    stake = Coalesce("matched_stake", "stake")
    edge = F("opportunity__edge") - F("opportunity__edge_low")
    won = [When(result=name, then=Value(part)) for name, part in WON_PART.items()]
    quality = [
        When(closing__quality=name, then=Value(at)) for at, name in enumerate(QUALITIES) if at
    ]
    named_by = {
        f"of_{key}": whole(f"{path}_id") for key, path in _NAMED_BY.items() if key != "market"
    }
    market = Func(F("selection__market__key"), function="hashtext", output_field=BigIntegerField())
    return {
        "of_id": F("pk"),
        "of_stake": real(stake),
        "of_profit": real(Coalesce("returned", Decimal(0)) - stake),
        "of_price": real(Coalesce("matched_price", "price")),
        "of_commission": real("commission_share"),
        "of_probability": real("fair_probability"),
        "of_doubt": Greatest(Coalesce(edge, 0.0), 0.0),
        "of_clv": real("clv"),
        "of_won": real(Case(*won, default=None, output_field=FloatField())),
        "of_event": F("selection__market__event_id"),
        "of_placed_at": F("placed_at"),
        "of_settled_at": F("settled_at"),
        "of_starts_at": F(f"{EVENT}__starts_at"),
        "of_raw_clv": real("closing__raw_clv"),
        "of_quality": Cast(Case(*quality, default=Value(0)), BigIntegerField()),
        "of_market": Cast(market, BigIntegerField()),
        **named_by,
    }


def _names(named_by: Mapping[str, IntArray], ids: IntArray) -> dict[str, Labels]:
    """Return what bets are named by, in words, as any bet of each name says it. One query."""
    found = {
        key: np.unique(column, return_index=True, return_inverse=True)
        for key, column in named_by.items()
    }
    any_of = {int(ids[at]) for _, first, _ in found.values() for at in first.tolist()}
    said = {
        pk: {
            "strategy": strategy or BY_HAND,
            "bookmaker": bookmaker,
            "market": market_title(market),
            "competition": competition,
            "version": f"{predictor} v{number}" if predictor else MARKET_ALONE,
        }
        for pk, strategy, bookmaker, market, competition, predictor, number in (
            Bet.objects.filter(pk__in=any_of)
            .order_by()
            .values_list(
                "pk", "opportunity__strategy__title", "bookmaker__title", "selection__market__key",
                f"{EVENT}__competition__title", f"{_MODEL}__predictor__key", f"{_MODEL}__number",
            )
        )
    }  # fmt: skip
    return {
        key: Labels.numbered([said[int(ids[at])][key] for at in first.tolist()], place)
        for key, (_, first, place) in found.items()
    }
