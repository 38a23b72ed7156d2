"""What a person's settled bets earned: figures, times, and sums by book, market and edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db.models import F, QuerySet, Sum

from betting.domain.performance import Performance, Record, measure
from betting.models import Bet, BetStatus, Transfer
from betting.selectors.money import ZERO, bankrolls_of
from odds.domain.table import FloatArray
from odds.screens import market_title

WON_PART = {"won": 1.0, "half_won": 0.5, "half_lost": 0.5, "lost": 0.0}
EDGES = ((0.02, "under 2 %"), (0.04, "2 % to 4 %"), (0.07, "4 % to 7 %"))


@dataclass
class Group:
    """The settled bets of one book, market or size of edge, added up."""

    name: str
    count: int = 0
    staked: Decimal = ZERO
    profit: Decimal = ZERO
    clvs: list[float] = field(default_factory=list)

    @property
    def clv(self) -> float | None:
        """Return the mean CLV of the bets whose close is known."""
        return sum(self.clvs) / len(self.clvs) if self.clvs else None


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A person's performance with the bets behind it, in the order of settling.

    `times` are the moments of the points of the equity curve: the first when the money was there,
    then one a bet.
    """

    performance: Performance
    times: list[datetime]
    clvs: list[float]
    won: int
    groups: list[tuple[str, list[Group]]]


def performance_of(
    owner_id: int,
    *,
    bankroll_id: int | None = None,
    strategy_key: str | None = None,
    since: datetime | None = None,
) -> Performance:
    """Return the performance of a person's settled bets, in the order of settling.

    Of one bankroll, or of all in the currency of the first; of one strategy, of one stretch,
    where asked. Capital is what was paid in, net, with what was earned before the stretch.
    """
    return _measured(owner_id, bankroll_id=bankroll_id, strategy_key=strategy_key, since=since)[0]


def track_record_of(owner_id: int, *, since: datetime | None = None) -> TrackRecord:
    """Return a person's performance with times, CLVs, and sums by book, market and edge."""
    done, bets = _measured(owner_id, bankroll_id=None, strategy_key=None, since=since)
    return TrackRecord(
        performance=done,
        times=[_beginning(owner_id, bets, since), *(b.settled_at for b in bets if b.settled_at)]
        if bets
        else [],
        clvs=[bet.clv for bet in bets if bet.clv is not None],
        won=sum(_profit(bet) > 0 for bet in bets),
        groups=[
            ("By book", _grouped(bets, lambda bet: bet.bookmaker.title)),
            ("By market", _grouped(bets, lambda bet: market_title(bet.selection.market.key))),
            ("By edge when placed", _grouped(bets, _edge_bucket)),
        ],
    )


def _measured(
    owner_id: int, *, bankroll_id: int | None, strategy_key: str | None, since: datetime | None
) -> tuple[Performance, list[Bet]]:
    mine = bankrolls_of(owner_id)
    money = [
        m
        for m in mine
        if (m.currency == mine[0].currency if bankroll_id is None else m.bankroll.pk == bankroll_id)
    ]
    settled = Bet.objects.filter(
        bankroll__in=[m.bankroll.pk for m in money], status=BetStatus.SETTLED
    )
    if strategy_key is not None:
        settled = settled.filter(opportunity__strategy__key=strategy_key)
    capital = sum((m.deposited for m in money), ZERO)
    if since is not None:
        capital += _earned(settled.filter(settled_at__lt=since))
        settled = settled.filter(settled_at__gte=since)
    bets = list(
        settled.select_related("bookmaker", "selection__market").order_by("settled_at", "pk")
    )
    return measure(_record(bets), capital=float(capital)), bets


def _beginning(owner_id: int, bets: list[Bet], since: datetime | None) -> datetime:
    """Return when the curve begins: when money was first paid in, or the stretch if later."""
    paid = (
        Transfer.objects.filter(source__bankroll__owner_id=owner_id, kind=Transfer.Kind.DEPOSIT)
        .order_by("at")
        .values_list("at", flat=True)
        .first()
    )
    moments = [moment for moment in (paid, since) if moment is not None]
    # Never after the first settlement: a curve does not go back.
    return min(max(moments, default=bets[0].placed_at), bets[0].settled_at or bets[0].placed_at)


def _earned(settled: QuerySet[Bet]) -> Decimal:
    earned: Decimal = settled.aggregate(
        total=Sum(F("returned") - F("matched_stake"), default=ZERO)
    )["total"]
    return earned


def _record(bets: list[Bet]) -> Record:
    def column(values: list[float | None]) -> FloatArray:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    return Record(
        stake=column([float(bet.taken_stake) for bet in bets]),
        profit=column([float(_profit(bet)) for bet in bets]),
        price=column([bet.net_price for bet in bets]),
        probability=column([bet.fair_probability for bet in bets]),
        clv=column([bet.clv for bet in bets]),
        won=column([WON_PART.get(bet.result) for bet in bets]),
    )


def _profit(bet: Bet) -> Decimal:
    return (bet.returned or ZERO) - bet.taken_stake


def _edge_bucket(bet: Bet) -> str:
    if bet.fair_probability is None:
        return "not known"
    edge = bet.fair_probability * bet.net_price - 1
    return next((name for bound, name in EDGES if edge < bound), "7 % or more")


def _grouped(bets: list[Bet], name_of: Callable[[Bet], str]) -> list[Group]:
    groups: dict[str, Group] = {}
    for bet in bets:
        group = groups.setdefault(name_of(bet), Group(name_of(bet)))
        group.count += 1
        group.staked += bet.taken_stake
        group.profit += _profit(bet)
        if bet.clv is not None:
            group.clvs.append(bet.clv)
    return sorted(groups.values(), key=lambda each: (-each.count, each.name))
