"""What a person's settled bets earned: figures, times, and the same bets cut by what names them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
from django.db.models import F, Q, QuerySet, Sum

from betting.domain.breakdowns import UNKNOWN, Group, cut, sizes_of
from betting.domain.luck import Interval, mean_of
from betting.domain.performance import Performance, measure
from betting.domain.record import Record
from betting.domain.regimes import regime_name
from betting.models import Bet, BetStatus, MarketDay, Outlook, Transfer
from betting.selectors.money import ZERO, BankrollMoney, bankrolls_of
from odds.domain.table import FloatArray, TimeArray
from odds.screens import market_title

EVENT = "selection__market__event"
WON_PART = {"won": 1.0, "half_won": 0.5, "half_lost": 0.5, "lost": 0.0}
BY_HAND = "by hand"
MARKET_ALONE = "no model"
# Of events two days ago the results are known; a regime of longer ago than this says nothing.
RESULTS_ARE_IN, STALE = timedelta(days=2), timedelta(days=14)


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
    """A person's performance with the bets behind it, in the order of settling.

    `times` are the moments of the points of the equity curve: the first when the money was there,
    then one a bet. `groups` are by key of what they are cut by. `raw_clv` is against the same
    book's last price; `closes` counts the bets by the quality of their close, `none` among them.
    """

    performance: Performance
    record: Record
    bets: list[Bet]
    times: list[datetime]
    clvs: list[float]
    won: int
    groups: dict[str, list[Group]]
    raw_clv: Interval | None
    closes: dict[str, int]


def performance_of(owner_id: int, which: PerformanceFilter = ALL) -> Performance:
    """Return the performance of a person's settled bets, in the order of settling.

    Capital is what was paid in, net, with what all bets earned before the stretch.
    """
    bets, capital = _settled(which, bankrolls_of(owner_id))
    return measure(record_of_bets(bets), capital=capital)


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
    record = record_of_bets(bets)
    return TrackRecord(
        performance=measure(record, capital=capital),
        record=record,
        bets=bets,
        times=[_beginning(owner_id, bets, which), *(b.settled_at for b in bets if b.settled_at)]
        if bets
        else [],
        clvs=record.clv[~np.isnan(record.clv)].tolist(),
        won=int((record.profit > 0).sum()),
        groups=cut(record, _labels(bets)) if bets else {},
        raw_clv=_raw_clv(bets),
        closes=dict(Counter(_closing(bet) for bet in bets)),
    )


def settled_bets(owner_id: int, which: PerformanceFilter = ALL) -> QuerySet[Bet]:
    """Return the settled bets that a performance is of, in the order of settling.

    By a group they are read once before, to know which are in it.
    """
    found = _settled_in(bankrolls_of(owner_id), which)
    if which.groups:
        return found.filter(pk__in=[bet.pk for bet in _grouped(list(found), which)])
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


def record_of_bets(bets: list[Bet]) -> Record:
    """Return settled bets as columns, in their order."""

    def column(values: list[float | None]) -> FloatArray:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def moments(values: list[datetime | None]) -> TimeArray:
        micros = [0 if v is None else round(v.timestamp() * 1_000_000) for v in values]
        return np.array(micros, np.int64).view("datetime64[us]")

    return Record(
        stake=column([float(bet.taken_stake) for bet in bets]),
        profit=column([float(profit_of(bet)) for bet in bets]),
        price=column([bet.net_price for bet in bets]),
        probability=column([bet.fair_probability for bet in bets]),
        doubt=column([_doubt(bet) for bet in bets]),
        clv=column([bet.clv for bet in bets]),
        won=column([WON_PART.get(bet.result) for bet in bets]),
        event=np.array([bet.selection.market.event_id for bet in bets], np.int64),
        placed_at=moments([bet.placed_at for bet in bets]),
        settled_at=moments([bet.settled_at for bet in bets]),
        starts_at=moments([bet.selection.market.event.starts_at for bet in bets]),
    )


def profit_of(bet: Bet) -> Decimal:
    """Return what a settled bet earned."""
    return (bet.returned or ZERO) - bet.taken_stake


def _doubt(bet: Bet) -> float:
    said = bet.opportunity
    return 0.0 if said is None else max(said.edge - said.edge_low, 0.0)


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


def _settled(which: PerformanceFilter, mine: Sequence[BankrollMoney]) -> tuple[list[Bet], float]:
    return _grouped(list(_settled_in(mine, which)), which), _capital(mine, which)


def _grouped(bets: list[Bet], which: PerformanceFilter) -> list[Bet]:
    if not which.groups or not bets:
        return bets
    names = sizes_of(record_of_bets(bets))
    names["version"] = np.array([_version(bet) for bet in bets], np.str_)
    if "regime" in which.groups:
        names["regime"] = np.array(_regimes(bets), np.str_)
    kept = np.logical_and.reduce([names[key] == name for key, name in which.groups.items()])
    return [bets[row] for row in np.flatnonzero(kept).tolist()]


def _beginning(owner_id: int, bets: list[Bet], which: PerformanceFilter) -> datetime:
    """Return when the curve begins: when money was first paid in, or the stretch if later."""
    paid = (
        Transfer.objects.filter(source__bankroll__owner_id=owner_id, kind=Transfer.Kind.DEPOSIT)
        .order_by("at")
        .values_list("at", flat=True)
        .first()
    )
    moments = [moment for moment in (paid, which.since) if moment is not None]
    # Never after the first settlement: a curve does not go back.
    return min(max(moments, default=bets[0].placed_at), bets[0].settled_at or bets[0].placed_at)


def _earned(settled: QuerySet[Bet]) -> Decimal:
    earned: Decimal = settled.order_by().aggregate(
        total=Sum(F("returned") - F("matched_stake"), default=ZERO)
    )["total"]
    return earned


def _labels(bets: list[Bet]) -> dict[str, list[str]]:
    return {
        "strategy": [b.opportunity.strategy.title if b.opportunity else BY_HAND for b in bets],
        "bookmaker": [bet.bookmaker.title for bet in bets],
        "market": [market_title(bet.selection.market.key) for bet in bets],
        "competition": [bet.selection.market.event.competition.title for bet in bets],
        "version": [_version(bet) for bet in bets],
        "regime": _regimes(bets),
    }


def _regimes(bets: list[Bet]) -> list[str]:
    return regimes_at([(bet.selection.market.event.competition_id, bet.placed_at) for bet in bets])


def regimes_at(bets: Sequence[tuple[int, datetime]]) -> list[str]:
    """Return the market regime known when each bet was placed, of (competition, moment).

    That of the last day of events whose results were in by then: two days before at the latest.
    """
    days: dict[int, list[tuple[date, str]]] = {}
    for competition, day, label, count in MarketDay.objects.filter(
        competition__in={competition for competition, _ in bets}, regime__isnull=False
    ).values_list("competition", "day", "regime", "regimes"):
        name = regime_name(label or 0, count or 1)
        days.setdefault(competition, []).append((day, name))
    names = []
    for competition, placed_at in bets:
        known = days.get(competition, [])
        latest = placed_at.astimezone(UTC).date() - RESULTS_ARE_IN
        place = bisect_right(known, latest, key=lambda each: each[0])
        fresh = place and known[place - 1][0] >= latest - STALE
        names.append(known[place - 1][1] if fresh else UNKNOWN)
    return names


def regimes_of(bets: QuerySet[Bet]) -> dict[int, str]:
    """Return the market regime known when each bet was placed, by bet. Two queries."""
    rows = list(bets.values_list("pk", f"{EVENT}__competition", "placed_at"))
    names = regimes_at([(competition, placed_at) for _, competition, placed_at in rows])
    return {pk: name for (pk, _, _), name in zip(rows, names, strict=True)}


def outlook_kept(owner_id: int) -> Outlook | None:
    """Return the outlook that was drawn of a person's settled bets last; None before the first."""
    return Outlook.objects.filter(owner=owner_id).first()


def _raw_clv(bets: list[Bet]) -> Interval | None:
    """Return the mean value against the same book's last price, margins and all."""
    valued = [
        (each.closing.raw_clv, each.selection.market.event_id)
        for each in bets
        if hasattr(each, "closing") and each.closing.raw_clv is not None
    ]
    values, events = zip(*valued, strict=True) if valued else ((), ())
    return mean_of(np.array(values, np.float64), np.array(events, np.int64))


def _closing(bet: Bet) -> str:
    return str(bet.closing.quality) if hasattr(bet, "closing") else "none"


def _version(bet: Bet) -> str:
    said = bet.opportunity.prediction if bet.opportunity else None
    return str(said.version) if said else MARKET_ALONE
