"""What a bankroll holds, what of it is at stake, and what the limits leave of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import numpy as np
from django.db.models import Count, Q, QuerySet, Sum

from betting.models import AT_RISK, NOT_TAKEN, Bankroll, Bet, LedgerAccount, Transfer
from betting.selectors.bets import TAKEN
from risk.domain.breakers import EquityPath, Reading
from risk.domain.limits import Exposure, Room, rooms
from risk.selectors import bounds_of, drawdown_of

ZERO = Decimal("0.00")
UNSETTLED = Q(status__in=AT_RISK)


@dataclass(frozen=True, slots=True)
class BankrollMoney:
    """One bankroll's money: equity = free + at risk."""

    bankroll: Bankroll
    free: Decimal = ZERO
    at_risk: Decimal = ZERO
    deposited: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        """Return whether the bankroll exists; one that does not holds nothing."""
        return self.bankroll.pk is not None

    @property
    def bankroll_id(self) -> int:
        """Return its key; 0, which nothing has, where it does not exist."""
        return self.bankroll.pk or 0

    @property
    def currency(self) -> str:
        """Return the currency of all amounts."""
        return self.bankroll.currency

    @property
    def equity(self) -> Decimal:
        """Return free plus at risk."""
        return self.free + self.at_risk

    @property
    def profit(self) -> Decimal:
        """Return equity less what was paid in, net of what was taken out."""
        return self.equity - self.deposited


@dataclass(frozen=True, slots=True)
class Staked:
    """What of a bankroll is at stake: by event and in all, and what was placed this UTC day."""

    today: Decimal
    by_event: Mapping[int, Decimal]
    open_bets: int

    @property
    def fullest(self) -> int | None:
        """Return the event with the most at stake; None where nothing is."""
        return max(self.by_event, key=lambda event: self.by_event[event], default=None)

    def exposure(self, *, equity: Decimal, free: Decimal, event_id: int | None) -> Exposure:
        """Return it as risk wants to know it before another stake on an event."""
        return Exposure(
            equity=equity,
            free=free,
            on_event=ZERO if event_id is None else self.by_event.get(event_id, ZERO),
            today=self.today,
        )


@dataclass(frozen=True, slots=True)
class LimitsUsed:
    """What of each limit of a bankroll is used and left; money in its currency."""

    bet: Room
    event: Room
    day: Room
    free_money: Room
    open_stakes: Decimal
    open_bets: int
    breaker: Reading

    @property
    def of_stakes(self) -> tuple[Room, Room, Room]:
        """Return the limits on stakes: one bet, one event, one day."""
        return self.bet, self.event, self.day

    @property
    def drawdown(self) -> float:
        """Return how far equity is below its peak, as the breaker reads it."""
        return self.breaker.figure


def bankrolls_of(owner_id: int) -> list[BankrollMoney]:
    """Return a person's bankrolls with their money, the first opened first. One query."""
    return _monies(LedgerAccount.objects.filter(bankroll__owner_id=owner_id))


def bankroll_of(owner_id: int) -> BankrollMoney:
    """Return a person's first bankroll with its money; where there is none, one not yet open."""
    return next(iter(bankrolls_of(owner_id)), BankrollMoney(Bankroll(owner_id=owner_id)))


def money_in(bankroll_id: int) -> BankrollMoney:
    """Return one bankroll with its money."""
    return _monies(LedgerAccount.objects.filter(bankroll_id=bankroll_id))[0]


def _monies(accounts: QuerySet[LedgerAccount]) -> list[BankrollMoney]:
    pots: dict[int, dict[str, LedgerAccount]] = {}
    for account in accounts.select_related("bankroll").order_by("bankroll_id"):
        pots.setdefault(account.bankroll_id, {})[account.kind] = account
    return [
        BankrollMoney(
            bankroll=each["free"].bankroll,
            free=each["free"].amount,
            at_risk=each["at_risk"].amount,
            deposited=-each["world"].amount,
        )
        for each in pots.values()
    ]


def day_of(now: datetime) -> tuple[datetime, datetime]:
    """Return where the UTC day of a moment begins and ends.

    >>> [str(moment) for moment in day_of(datetime(2026, 1, 15, 23, 30, tzinfo=UTC))]
    ['2026-01-15 00:00:00+00:00', '2026-01-16 00:00:00+00:00']
    """
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    return midnight, midnight + timedelta(days=1)


def staked_of(bankroll_id: int, *, now: datetime) -> Staked:
    """Return what a bankroll has at stake now. One query.

    Other bankrolls of the same person do not count: limits are shares of one equity, in one
    currency.
    """
    begin, end = day_of(now)
    placed_today = Q(placed_at__gte=begin, placed_at__lt=end) & ~Q(status__in=NOT_TAKEN)
    rows = (
        Bet.objects.filter(UNSETTLED | placed_today, bankroll_id=bankroll_id)
        .order_by()
        .values_list("selection__market__event_id")
        .annotate(
            today=Sum(TAKEN, filter=placed_today, default=ZERO),
            unsettled=Sum(TAKEN, filter=UNSETTLED, default=ZERO),
            count=Count("pk", filter=UNSETTLED),
        )
    )
    found = list(rows)
    return Staked(
        today=sum((today for _, today, _, _ in found), ZERO),
        by_event={event: stakes for event, _, stakes, count in found if count},
        open_bets=sum(count for *_, count in found),
    )


def limits_used(money: BankrollMoney, *, now: datetime, event_id: int | None = None) -> LimitsUsed:
    """Return what of the limits is used and left: for an event, else for the fullest one."""
    staked = staked_of(money.bankroll_id, now=now)
    bounds = bounds_of(money.bankroll.owner_id)
    exposure = staked.exposure(
        equity=money.equity,
        free=money.free,
        event_id=staked.fullest if event_id is None else event_id,
    )
    bet, event, day, free_money = rooms(exposure=exposure, bounds=bounds)
    return LimitsUsed(
        bet=bet,
        event=event if event_id is not None else replace(event, title="the fullest event"),
        day=day,
        free_money=free_money,
        open_stakes=money.at_risk,
        open_bets=staked.open_bets,
        breaker=drawdown_of(
            money.bankroll.owner_id, path=equity_path(money.bankroll_id), before=now
        ),
    )


def equity_path(bankroll_id: int) -> EquityPath:
    """Return a bankroll's equity after each settlement, deposit and withdrawal, oldest first."""
    moves = (
        Transfer.objects.filter(
            Q(source__kind__in=("house", "world")) | Q(destination__kind__in=("house", "world")),
            source__bankroll_id=bankroll_id,
        )
        .order_by("at", "pk")
        .values_list("at", "source__kind", "destination__kind", "amount")
    )
    at, change, flow = [], [], []
    for moment, source, destination, amount in moves:
        signed = amount if source in ("house", "world") else -amount
        at.append(moment.replace(tzinfo=None))
        change.append(signed)
        flow.append(signed if "world" in (source, destination) else Decimal(0))
    return EquityPath(
        at=np.array(at, dtype="datetime64[us]"),
        equity=np.cumsum(np.array(change, dtype=np.float64)),
        flow=np.array(flow, dtype=np.float64),
    )
