"""An oracle for a person's own limits, from the words of docs/algorithms/risk.md alone.

"Deposits, stakes, losses, minutes here; a day, a week (from Monday), a month, UTC. Of losses what
is at risk counts as lost. A first limit and a lower one hold at once; a higher one waits 24 hours
and wants a second yes, and lowering takes it back." It keeps lists of what happened and adds them
up anew for each question; nothing of the product is imported.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

PERIODS = ("day", "week", "month")
NOTHING = Decimal(0)
Happened = list[tuple[datetime, Decimal]]


@dataclass
class Raise:
    """What was asked for, until when it waits, and whether it still does."""

    of: tuple[str, str]
    amount: Decimal | None
    ready_at: datetime
    waits: bool = True


@dataclass
class Promised:
    """One person's history, and what follows of it."""

    limits: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    raises: dict[int, Raise] = field(default_factory=dict)
    stakes: Happened = field(default_factory=list)
    losses: Happened = field(default_factory=list)
    deposits: Happened = field(default_factory=list)
    here: Happened = field(default_factory=list)
    at_risk: Decimal = NOTHING
    away_until: list[datetime] = field(default_factory=list)
    last_seen: datetime | None = None

    def set_limit(
        self, kind: str, period: str, amount: Decimal | None, now: datetime, number: int
    ) -> bool:
        """Lower a limit, or ask for a higher one under this number; tell whether it waits."""
        of = (kind, period)
        held = self.limits.get(of)
        is_higher = held is not None and (amount is None or amount > held)
        same = [a for a in self.raises.values() if a.of == of and a.waits and a.amount == amount]
        if is_higher and same:
            return True
        for asked in self.raises.values():
            asked.waits = asked.waits and asked.of != of
        if is_higher:
            self.raises[number] = Raise(of, amount, now + timedelta(hours=24))
        elif amount is not None:
            self.limits[of] = amount
        return is_higher

    def confirm(self, number: int, now: datetime) -> bool:
        """Say the second yes; tell whether the limit is higher now."""
        asked = self.raises[number]
        if not asked.waits or now < asked.ready_at:
            return False
        asked.waits = False
        if asked.amount is None:
            self.limits.pop(asked.of)
        else:
            self.limits[asked.of] = asked.amount
        return True

    def take_back(self, number: int, _now: datetime) -> bool:
        """Withdraw what was asked for; tell whether it waited."""
        waited, self.raises[number].waits = self.raises[number].waits, False
        return waited

    def staked(self, amount: Decimal, now: datetime) -> None:
        """A stake was taken."""
        self.stakes.append((now, amount))
        self.at_risk += amount

    def settled(self, amount: Decimal, back: Decimal, now: datetime) -> None:
        """A stake came back as so much."""
        self.at_risk -= amount
        self.losses.append((now, amount - back))

    def deposited(self, amount: Decimal, now: datetime) -> None:
        """Money came in."""
        self.deposits.append((now, amount))

    def seen(self, now: datetime) -> None:
        """A page was asked for: the time since the one before counts, unless it was a pause."""
        if self.last_seen is not None:
            gap = now - self.last_seen
            if gap <= timedelta(minutes=10):
                self.here.append((now, Decimal(int(gap.total_seconds()))))
        self.last_seen = now

    def away(self, until: datetime) -> None:
        """A time-out was taken."""
        self.away_until.append(until)

    def forbid_stake(self, amount: Decimal, now: datetime) -> set[str]:
        """Return what forbids a stake, nothing if it may be."""
        found = self._excluded(now)
        for (kind, period), most in self.limits.items():
            begin = _begin(period, now)
            if kind == "stake":
                over = _since(self.stakes, begin) + amount > most
            elif kind == "loss":
                # What was won makes up for what was lost, and for no more than that.
                over = max(_since(self.losses, begin), NOTHING) + self.at_risk + amount > most
            elif kind == "time":
                # A whole minute has to be left.
                over = most - _since(self.here, begin) // 60 < 1
            else:
                continue
            if over:
                found.add(f"{kind}_{period}")
        return found

    def forbid_deposit(self, amount: Decimal, now: datetime) -> set[str]:
        """Return what forbids a deposit: what was taken out again makes no room."""
        found = self._excluded(now)
        for (kind, period), most in self.limits.items():
            if kind == "deposit" and _since(self.deposits, _begin(period, now)) + amount > most:
                found.add(period)
        return found

    def _excluded(self, now: datetime) -> set[str]:
        return {"excluded"} if any(now < until for until in self.away_until) else set()


def _since(happened: Happened, begin: datetime) -> Decimal:
    return sum((amount for at, amount in happened if at >= begin), NOTHING)


def _begin(period: str, now: datetime) -> datetime:
    """Return when a period began: at midnight UTC, a week's on Monday, a month's on the first."""
    day = now.astimezone(UTC).date()
    while (period == "week" and day.weekday() != 0) or (period == "month" and day.day != 1):
        day -= timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
