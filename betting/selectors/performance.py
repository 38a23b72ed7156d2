"""What a person's settled bets earned: figures, times, and the same bets cut by what names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from django.db.models import F, Q, QuerySet, Sum

from betting.domain.breakdowns import Group, cut, sizes_of
from betting.domain.luck import Interval, mean_of
from betting.domain.performance import Performance, measure
from betting.domain.record import Record, curve_times
from betting.models import Bet, BetStatus, Outlook, Transfer
from betting.selectors.money import ZERO, BankrollMoney, bankrolls_of
from betting.selectors.settled import EVENT, QUALITIES, Settled, read_settled, regimes_at
from odds.domain.table import FloatArray, IntArray, TimeArray

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

    def conditions(self) -> Q:
        """Return the filter, but for the bankroll and the groups."""
        wanted = {
            "opportunity__strategy__key": self.strategy,
            "bookmaker__key": self.bookmaker,
            f"{EVENT}__competition__key": self.competition,
            "selection__market__key": self.market,
            "tags__contains": None if self.tag is None else [self.tag],
            "settled_at__gte": self.since,
            "settled_at__lt": self.until,
        }
        return Q(**{path: value for path, value in wanted.items() if value is not None})


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
    bets, capital = _settled(which, bankrolls_of(owner_id))
    return measure(bets.record, capital=capital)


def track_record_of(
    owner_id: int,
    which: PerformanceFilter = ALL,
    *,
    bankrolls: Sequence[BankrollMoney] | None = None,
) -> TrackRecord:
    """Return a person's performance with times, CLVs, and the bets cut by what names them.

    `bankrolls` are theirs, where they were read already.
    """
    mine = bankrolls_of(owner_id) if bankrolls is None else bankrolls
    bets, capital = _settled(which, mine)
    record = bets.record
    return TrackRecord(
        performance=measure(record, capital=capital),
        record=record,
        bets=bets.ids,
        times=_times(owner_id, record, which),
        clvs=record.clv[~np.isnan(record.clv)],
        won=int((record.profit > 0).sum()),
        groups=cut(record, bets.labels()) if len(record) else {},
        raw_clv=_raw_clv(bets),
        closes=_closes(bets),
    )


def settled_bets(owner_id: int, which: PerformanceFilter = ALL) -> QuerySet[Bet]:
    """Return the settled bets that a performance is of, in the order of settling.

    By a group they are read once before, to know which are in it.
    """
    found = _settled_in(bankrolls_of(owner_id), which)
    if which.groups:
        return found.filter(pk__in=_grouped(read_settled(found), which).ids.tolist())
    return found


def _settled_in(mine: Sequence[BankrollMoney], which: PerformanceFilter) -> QuerySet[Bet]:
    ours = [
        m.bankroll.pk
        for m in mine
        if (
            m.currency == mine[0].currency
            if which.bankroll is None
            else m.bankroll.pk == which.bankroll
        )
    ]
    return (
        Bet.objects.filter(which.conditions(), bankroll__in=ours, status=BetStatus.SETTLED)
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


def capital_behind(owner_id: int, which: PerformanceFilter = ALL) -> float:
    """Return what was paid in, net, with what was earned before the stretch."""
    return _capital(bankrolls_of(owner_id), which)


def _capital(mine: Sequence[BankrollMoney], which: PerformanceFilter) -> float:
    money = [m for m in mine if which.bankroll in (None, m.bankroll.pk)]
    capital = sum((m.deposited for m in money if m.currency == money[0].currency), ZERO)
    if which.since is not None:
        everything = PerformanceFilter(bankroll=which.bankroll, until=which.since)
        capital += _earned(_settled_in(mine, everything))
    return float(capital)


def _settled(which: PerformanceFilter, mine: Sequence[BankrollMoney]) -> tuple[Settled, float]:
    return _grouped(read_settled(_settled_in(mine, which)), which), _capital(mine, which)


def _grouped(bets: Settled, which: PerformanceFilter) -> Settled:
    if not which.groups or not len(bets.record):
        return bets
    names = sizes_of(bets.record) | bets.labels()
    return bets.where(
        np.logical_and.reduce([names[key].are(name) for key, name in which.groups.items()])
    )


def _times(owner_id: int, record: Record, which: PerformanceFilter) -> TimeArray:
    """Return the moments of the curve, from when money was first paid in, or the stretch begins."""
    if not len(record):
        return record.settled_at
    paid = (
        Transfer.objects.filter(source__bankroll__owner_id=owner_id, kind=Transfer.Kind.DEPOSIT)
        .order_by("at")
        .values_list("at", flat=True)
        .first()
    )
    moments = [
        np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
        for moment in (paid, which.since)
        if moment is not None
    ]
    return curve_times(record, max(moments, default=record.placed_at[0]))


def _earned(settled: QuerySet[Bet]) -> Decimal:
    earned: Decimal = settled.order_by().aggregate(
        total=Sum(F("returned") - F("matched_stake"), default=ZERO)
    )["total"]
    return earned


def regimes_of(bets: QuerySet[Bet]) -> dict[int, str]:
    """Return the market regime known when each bet was placed, by bet. Two queries."""
    rows = list(bets.values_list("pk", f"{EVENT}__competition", "placed_at"))
    names = regimes_at(
        np.array([competition for _, competition, _ in rows], np.int64),
        np.array(
            [placed_at.astimezone(UTC).replace(tzinfo=None) for _, _, placed_at in rows],
            "datetime64[us]",
        ),
    )
    return {pk: name for (pk, _, _), name in zip(rows, names.of_each().tolist(), strict=True)}


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
