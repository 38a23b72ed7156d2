"""What a bankroll holds, and how it came to be."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Q, QuerySet

from betting.models import Bankroll, LedgerAccount, Transfer
from risk.domain.breakers import EquityPath

ZERO = Decimal("0.00")


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
