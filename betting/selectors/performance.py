"""What a person's settled bets earned: figures, times, and the same bets cut by what names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db.models import QuerySet

from betting.domain.breakdowns import Group, cut, sizes_of
from betting.domain.luck import Interval, mean_of
from betting.domain.performance import Performance, measure
from betting.domain.record import Record, curve_times
from betting.models import Bet, Outlook
from betting.selectors.bets import EVENT
from betting.selectors.columns import (
    NAMED,
    QUALITIES,
    BetColumns,
    Names,
    bet_columns,
    moment_of,
    names_of,
)
from betting.selectors.money import ZERO, BankrollMoney, bankrolls_of
from betting.selectors.paths import equity_paths
from betting.selectors.settled import Settled, settled_of
from odds.domain.table import BoolArray, FloatArray, IntArray, TimeArray

# What bets are grouped by and no column has.
GROUPED = ("version", "regime", "edge", "price", "lead")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceFilter:
    """Which of a person's settled bets; None does not restrict.

    Without a bankroll those of every one in the currency of the first. The last five are names of
    groups, as `TrackRecord.groups` has them: bets of one, cut by the others.
    """

    bankroll: int | None = None
    strategy: str | None = None
    bookmaker: str | None = None
    competition: str | None = None
    market: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    by_version: str | None = None
    by_regime: str | None = None
    by_edge: str | None = None
    by_price: str | None = None
    by_lead: str | None = None

    @property
    def groups(self) -> dict[str, str]:
        """Return which group is asked for, by what the bets are cut by."""
        asked = {key: getattr(self, f"by_{key}") for key in GROUPED}
        return {key: name for key, name in asked.items() if name is not None}


ALL = PerformanceFilter()


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A person's performance with the numbers of the bets behind it, in the order of settling.

    `times` are the moments of the points of the equity curve: the first when the money was there,
    then one a bet. `groups` are by key of what they are cut by. `raw_clv` is against the same
    book's last price; `closes` counts the bets by the quality of their close, `none` among them.
    """

    performance: Performance
    record: Record
    bets: IntArray
    times: TimeArray
    clvs: FloatArray
    won: int
    groups: dict[str, list[Group]]
    raw_clv: Interval | None
    closes: dict[str, int]


def performance_of(owner_id: int, which: PerformanceFilter = ALL) -> Performance:
    """Return the performance of a person's settled bets, in the order of settling.

    Capital is what was paid in, net, with what all bets earned before the stretch.
    """
    bets, mine = bet_columns(owner_id), bankrolls_of(owner_id)
    return measure(
        chosen(bets, which, mine, names_of(bets)).record, capital=_capital(bets, which, mine)
    )


def track_record_of(owner_id: int, which: PerformanceFilter = ALL) -> TrackRecord:
    """Return a person's performance with times, CLVs, and the bets cut by what names them."""
    bets = bet_columns(owner_id)
    return track_record(owner_id, bets, names_of(bets), bankrolls_of(owner_id), which)


def track_record(
    owner_id: int,
    bets: BetColumns,
    names: Names,
    bankrolls: Sequence[BankrollMoney],
    which: PerformanceFilter,
) -> TrackRecord:
    """Return the same of what was read already."""
    settled = chosen(bets, which, bankrolls, names)
    record = settled.record
    done = measure(record, capital=_capital(bets, which, bankrolls))
    return TrackRecord(
        performance=done,
        record=record,
        bets=settled.ids,
        times=_times(owner_id, record, which),
        clvs=record.clv[~np.isnan(record.clv)],
        won=int((record.profit > 0).sum()),
        groups=cut(record, settled.labels(names), whole=done.yield_) if len(record) else {},
        raw_clv=_raw_clv(settled),
        closes=_closes(settled),
    )


def settled_bets(owner_id: int) -> Settled:
    """Return a person's settled bets, in the order of settling."""
    bets = bet_columns(owner_id)
    return chosen(bets, ALL, bankrolls_of(owner_id), names_of(bets))


def bets_in_order(ids: IntArray) -> QuerySet[Bet]:
    """Return settled bets with all that a file tells of each, in the order of settling."""
    return (
        Bet.objects.filter(pk__in=ids.tolist())
        .select_related(
            "bankroll",
            "bookmaker",
            "closing",
            f"{EVENT}__competition",
            f"{EVENT}__home",
            f"{EVENT}__away",
            "opportunity__strategy",
            "opportunity__prediction__version__predictor",
        )
        .order_by("settled_at", "pk")
    )


def profit_of(bet: Bet) -> Decimal:
    """Return what a settled bet earned."""
    return (bet.returned or ZERO) - bet.taken_stake


def capital_behind(owner_id: int) -> float:
    """Return what was paid in, net."""
    return _paid_in(_ours(ALL, bankrolls_of(owner_id)))


def _paid_in(ours: Sequence[BankrollMoney]) -> float:
    return float(sum((each.deposited for each in ours), ZERO))


def _ours(which: PerformanceFilter, mine: Sequence[BankrollMoney]) -> list[BankrollMoney]:
    """Return the bankrolls asked for: without one those in the currency of the first."""
    if which.bankroll is None:
        return [each for each in mine if each.currency == mine[0].currency]
    return [each for each in mine if each.bankroll.pk == which.bankroll]


def _capital(bets: BetColumns, which: PerformanceFilter, mine: Sequence[BankrollMoney]) -> float:
    ours = _ours(which, mine)
    capital = _paid_in(ours)
    if which.since is None:
        return capital
    before = _settled_in(bets, ours) & (bets.moments("settled_at") < moment_of(which.since))
    return capital + float(np.rint(bets.real("profit")[before] * 100).sum() / 100)


def _settled_in(bets: BetColumns, ours: Sequence[BankrollMoney]) -> BoolArray:
    bankrolls = [each.bankroll.pk for each in ours]
    rows: BoolArray = np.isin(bets.whole("bankroll"), bankrolls)
    rows &= bets.is_settled
    return rows


def chosen(
    bets: BetColumns, which: PerformanceFilter, mine: Sequence[BankrollMoney], names: Names
) -> Settled:
    """Return the settled bets that a performance is of, in the order of settling."""
    rows = _settled_in(bets, _ours(which, mine))
    for kind in NAMED:
        if (key := getattr(which, kind, None)) is not None:
            rows &= np.isin(bets.whole(kind), names.numbers(kind, key))
    if which.tag is not None:
        rows &= np.isin(bets.whole("tags"), names.tagged(which.tag))
    if which.since is not None:
        rows &= bets.moments("settled_at") >= moment_of(which.since)
    if which.until is not None:
        rows &= bets.moments("settled_at") < moment_of(which.until)
    found = settled_of(bets.where(rows))
    if not which.groups or not len(found.record):
        return found
    labels = sizes_of(found.record) | found.labels(names)
    return found.where(
        np.logical_and.reduce([labels[key].are(name) for key, name in which.groups.items()])
    )


def _times(owner_id: int, record: Record, which: PerformanceFilter) -> TimeArray:
    """Return the moments of the curve, from when money was first paid in, or the stretch begins."""
    if not len(record):
        return record.settled_at
    paid = [path.at[path.flow > 0][:1] for path in equity_paths(owner_id)]
    began = np.concatenate([np.zeros(0, "datetime64[us]"), *paid])
    moments = [began.min()] if len(began) else []
    if which.since is not None:
        moments.append(moment_of(which.since))
    return curve_times(record, max(moments, default=record.placed_at[0]))


def outlook_kept(owner_id: int) -> Outlook | None:
    """Return the outlook that was drawn of a person's settled bets last; None before the first."""
    return Outlook.objects.filter(owner=owner_id).first()


def _raw_clv(bets: Settled) -> Interval | None:
    """Return the mean value against the same book's last price, margins and all."""
    valued = ~np.isnan(bets.raw_clv)
    return mean_of(bets.raw_clv[valued], bets.record.event[valued])


def _closes(bets: Settled) -> dict[str, int]:
    """Count the bets by the quality of their close."""
    qualities, counts = np.unique(bets.quality, return_counts=True)
    return {QUALITIES[at]: n for at, n in zip(qualities.tolist(), counts.tolist(), strict=True)}
