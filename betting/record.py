"""What the Performance page shows beside the figures of `performance_of`: times and groups."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from betting.models import Bet, BetStatus
from odds.screens import market_title

NOTHING = Decimal("0.00")
EDGES = ((0.02, "under 2 %"), (0.04, "2 % to 4 %"), (0.07, "4 % to 7 %"))


@dataclass
class Group:
    """The settled bets of one book, market or size of edge, added up."""

    name: str
    count: int = 0
    staked: Decimal = NOTHING
    profit: Decimal = NOTHING
    clvs: list[float] = field(default_factory=list)

    @property
    def clv(self) -> float | None:
        """Return the mean CLV of the bets whose close is known."""
        return sum(self.clvs) / len(self.clvs) if self.clvs else None


@dataclass
class Settled:
    """The bets settled since a moment, in the order that `performance_of` measures them in."""

    times: list[datetime]
    profits: list[float]
    clvs: list[float]
    won: int
    groups: list[tuple[str, list[Group]]]


def settled_of(owner_id: int, *, since: datetime | None = None) -> Settled:
    """Return when a person's bets settled, their CLVs, and sums by book, market and edge."""
    found = Bet.objects.filter(owner_id=owner_id, status=BetStatus.SETTLED)
    if since is not None:
        found = found.filter(settled_at__gte=since)
    bets = list(found.select_related("bookmaker", "selection__market").order_by("settled_at", "pk"))
    return Settled(
        times=[bet.settled_at for bet in bets if bet.settled_at],
        profits=[float(_profit(bet)) for bet in bets],
        clvs=[bet.clv for bet in bets if bet.clv is not None],
        won=sum(_profit(bet) > 0 for bet in bets),
        groups=[
            ("By book", _grouped(bets, lambda bet: bet.bookmaker.title)),
            ("By market", _grouped(bets, lambda bet: market_title(bet.selection.market.key))),
            ("By edge when placed", _grouped(bets, _edge_bucket)),
        ],
    )


def _profit(bet: Bet) -> Decimal:
    return (bet.returned or NOTHING) - bet.stake


def _edge_bucket(bet: Bet) -> str:
    if bet.fair_probability is None:
        return "not known"
    edge = bet.fair_probability * float(bet.price) - 1
    return next((name for bound, name in EDGES if edge < bound), "7 % or more")


def _grouped(bets: list[Bet], name_of: Callable[[Bet], str]) -> list[Group]:
    groups: dict[str, Group] = {}
    for bet in bets:
        group = groups.setdefault(name_of(bet), Group(name_of(bet)))
        group.count += 1
        group.staked += bet.stake
        group.profit += _profit(bet)
        if bet.clv is not None:
            group.clvs.append(bet.clv)
    return sorted(groups.values(), key=lambda each: (-each.count, each.name))
