"""What pages and the API show of money, bets and opportunities. Constant numbers of queries."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import numpy as np
from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from betting.domain.performance import Performance, Record, measure
from betting.models import (
    Backtest,
    Bankroll,
    Bet,
    BetStatus,
    LedgerAccount,
    Opportunity,
    Settlement,
    Strategy,
    Transfer,
)
from risk.domain.limits import Exposure, Room, rooms
from risk.models import Halt
from risk.selectors import bounds_of, halts_in_force

ZERO = Decimal("0.00")
WON_PART = {"won": 1.0, "half_won": 0.5, "half_lost": 0.5, "lost": 0.0}
EVENT = "selection__market__event"


@dataclass(frozen=True, slots=True)
class BankrollMoney:
    """One bankroll's money: equity = free + at risk."""

    bankroll: Bankroll
    free: Decimal
    at_risk: Decimal
    deposited: Decimal

    @property
    def equity(self) -> Decimal:
        """Return free plus at risk."""
        return self.free + self.at_risk

    @property
    def profit(self) -> Decimal:
        """Return equity less what was paid in, net of what was taken out."""
        return self.equity - self.deposited


@dataclass(frozen=True, slots=True)
class LimitsUsed:
    """What of each limit is used and left, and what is halted."""

    day: Room
    free_money: Room
    bet: Room
    event_share: Decimal
    open_stakes: Decimal
    open_bets: int
    drawdown: float
    max_drawdown_share: Decimal
    halts: list[Halt]


@dataclass(frozen=True, slots=True)
class BetDetail:
    """A bet with all that moved for it."""

    bet: Bet
    transfers: list[Transfer]
    settlements: list[Settlement]
    waterfall: list[dict[str, str]]


def _id(user: User | int) -> int:
    return user if isinstance(user, int) else user.pk


def open_opportunities(
    user: User | int | None = None,
    *,
    now: datetime,
    strategy_key: str | None = None,
    competition_key: str | None = None,
    recommended: bool = True,
) -> QuerySet[Opportunity]:
    """Return open opportunities on events that have not started, best edge first.

    With `recommended` false also those that a gate stopped, with why in `passes`. `user` is who
    asks; what is surfaced is the same for all.
    """
    found = Opportunity.objects.filter(
        status=Opportunity.Status.OPEN, quote__selection__market__event__starts_at__gt=now
    ).select_related(
        "strategy",
        "prediction__version",
        "quote__bookmaker",
        "quote__selection__market__event__home",
        "quote__selection__market__event__away",
        "quote__selection__market__event__competition__sport",
    )
    if recommended:
        found = found.filter(passes=[])
    if strategy_key is not None:
        found = found.filter(strategy__key=strategy_key)
    if competition_key is not None:
        found = found.filter(quote__selection__market__event__competition__key=competition_key)
    return found.order_by("-edge", "pk")


def strategies() -> QuerySet[Strategy]:
    """Return the active strategies."""
    return Strategy.objects.filter(is_active=True)


def bets_of(
    user: User | int, *, status: str | None = None, bankroll_id: int | None = None
) -> QuerySet[Bet]:
    """Return a person's bets, newest first, with what a list shows of each."""
    bets = Bet.objects.filter(owner_id=_id(user)).select_related(
        "bookmaker",
        "bankroll",
        "opportunity__strategy",
        f"{EVENT}__home",
        f"{EVENT}__away",
        f"{EVENT}__competition",
    )
    if status is not None:
        bets = bets.filter(status=status)
    if bankroll_id is not None:
        bets = bets.filter(bankroll_id=bankroll_id)
    return bets.order_by("-placed_at", "-pk")


def bet_detail(user: User | int, bet_id: int) -> BetDetail:
    """Return one of a person's bets with its ledger rows, settlements and waterfall.

    Raises:
        Bet.DoesNotExist: if they have no such bet.
    """
    bet = (
        bets_of(user)
        .select_related("assessment", "opportunity__prediction__version")
        .prefetch_related(
            Prefetch("settlements", Settlement.objects.select_related("by").order_by("sequence")),
            Prefetch(
                "transfers",
                Transfer.objects.select_related("source", "destination").order_by("pk"),
            ),
        )
        .get(pk=bet_id)
    )
    return BetDetail(
        bet=bet,
        transfers=list(bet.transfers.all()),
        settlements=list(bet.settlements.all()),
        waterfall=bet.assessment.waterfall,
    )


def bankrolls_of(user: User | int) -> list[BankrollMoney]:
    """Return a person's bankrolls with their money, the first opened first. One query."""
    mine: dict[int, dict[str, LedgerAccount]] = {}
    for account in (
        LedgerAccount.objects.filter(bankroll__owner_id=_id(user))
        .select_related("bankroll")
        .order_by("bankroll_id")
    ):
        mine.setdefault(account.bankroll_id, {})[account.kind] = account
    return [
        BankrollMoney(
            bankroll=pots["free"].bankroll,
            free=pots["free"].amount,
            at_risk=pots["at_risk"].amount,
            deposited=-pots["world"].amount,
        )
        for pots in mine.values()
    ]


def bankroll_of(user: User | int) -> BankrollMoney | None:
    """Return a person's first bankroll with its money, or none."""
    mine = bankrolls_of(user)
    return mine[0] if mine else None


def performance_of(
    user: User | int,
    *,
    bankroll_id: int | None = None,
    strategy_key: str | None = None,
    since: datetime | None = None,
) -> Performance:
    """Return the performance of a person's settled bets, in the order of settling.

    Capital is what was paid in, net. Of one bankroll, one strategy, one stretch where asked.
    """
    money = [m for m in bankrolls_of(user) if bankroll_id in (None, m.bankroll.pk)]
    bets = Bet.objects.filter(owner_id=_id(user), status=BetStatus.SETTLED)
    if bankroll_id is not None:
        bets = bets.filter(bankroll_id=bankroll_id)
    if strategy_key is not None:
        bets = bets.filter(opportunity__strategy__key=strategy_key)
    if since is not None:
        bets = bets.filter(settled_at__gte=since)
    return measure(_record(bets), capital=float(sum((m.deposited for m in money), ZERO)))


def _record(bets: QuerySet[Bet]) -> Record:
    rows = list(
        bets.order_by("settled_at", "pk").values_list(
            "stake",
            "returned",
            "price",
            "bookmaker__commission_share",
            "fair_probability",
            "clv",
            "result",
        )
    )

    def column(values: list[float | None]) -> "np.typing.NDArray[np.float64]":
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    return Record(
        stake=column([float(r[0]) for r in rows]),
        profit=column([float((r[1] or ZERO) - r[0]) for r in rows]),
        price=column([1 + (float(r[2]) - 1) * (1 - float(r[3])) for r in rows]),
        probability=column([r[4] for r in rows]),
        clv=column([r[5] for r in rows]),
        won=column([WON_PART.get(r[6]) for r in rows]),
    )


def limits_used(user: User | int, *, now: datetime) -> LimitsUsed | None:
    """Return what of a person's limits is used and left; none without a bankroll."""
    money = bankroll_of(user)
    if money is None:
        return None
    owner_id = _id(user)
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    unsettled = Q(status__in=(BetStatus.PLACING, BetStatus.OPEN))
    sums = Bet.objects.filter(bankroll=money.bankroll).aggregate(
        today=Coalesce(
            Sum(
                "stake",
                filter=Q(placed_at__gte=midnight, placed_at__lt=midnight + timedelta(days=1))
                & ~Q(status=BetStatus.REJECTED),
            ),
            ZERO,
        ),
        open_bets=Count("pk", filter=unsettled),
    )
    bounds = bounds_of(owner_id)
    exposure = Exposure(money.equity, money.free, ZERO, sums["today"])
    by_rule = {room.rule: room for room in rooms(exposure=exposure, bounds=bounds)}
    fall = performance_of(owner_id, bankroll_id=money.bankroll.pk).drawdown
    return LimitsUsed(
        day=by_rule["max_day_share"],
        free_money=by_rule["free_money"],
        bet=by_rule["max_bet_share"],
        event_share=bounds.max_event_share,
        open_stakes=money.at_risk,
        open_bets=sums["open_bets"],
        drawdown=float(fall[-1]),
        max_drawdown_share=bounds.max_drawdown_share,
        halts=halts_in_force(owner_id),
    )


def transfers_of(user: User | int) -> QuerySet[Transfer]:
    """Return a person's transfers, newest first."""
    return (
        Transfer.objects.filter(source__bankroll__owner_id=_id(user))
        .select_related("source", "destination", "bet")
        .order_by("-at", "-pk")
    )


def backtests() -> QuerySet[Backtest]:
    """Return stored backtests, newest first."""
    return Backtest.objects.select_related("by")
