"""Strategies as one person sees them: everybody's and their own, with their versions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from betting.domain.configuration import Configuration
from betting.models import Backtest, Bet, BetStatus, Opportunity, Strategy, StrategyVersion
from betting.naming import title_of, value_text
from odds.models import Bookmaker, Competition

NOTHING = Decimal("0.00")
# The title of the league that a backtest was of; its key where it is no longer here.
LEAGUE = Coalesce(
    Subquery(Competition.objects.filter(key=OuterRef("competition_key")).values("title")[:1]),
    F("competition_key"),
)


def seen_by(user_id: int) -> Q:
    """Return what limits strategies to those that a person sees: shared ones and their own."""
    return Q(owner__isnull=True) | Q(owner_id=user_id)


def book_titles() -> dict[str, str]:
    """Return the bookmakers one can name, by key: their titles."""
    return dict(Bookmaker.objects.order_by("title").values_list("key", "title"))


def strategies_of(user_id: int, *, with_archived: bool = False) -> QuerySet[Strategy]:
    """Return the strategies a person sees, those switched on first, with what a list shows."""
    found = Strategy.objects.filter(seen_by(user_id)).select_related("owner", "changed_by")
    if not with_archived:
        found = found.filter(archived_at__isnull=True)
    return found.annotate(
        follower_count=Count("followers", distinct=True),
        is_followed=Count("followers", filter=Q(followers=user_id), distinct=True),
    ).order_by("-is_active", "owner_id", "title", "pk")


def strategy_of(user_id: int, key: str) -> Strategy | None:
    """Return one strategy that a person sees, archived or not, or None."""
    return strategies_of(user_id, with_archived=True).filter(key=key).first()


def open_counts() -> dict[int, tuple[int, int]]:
    """Return by strategy how many open opportunities are recommended, and how many passed over."""
    rows = (
        Opportunity.objects.filter(status=Opportunity.Status.OPEN)
        .order_by()
        .values_list("strategy_id")
        .annotate(good=Count("pk", filter=Q(passes=[])), passed=Count("pk", filter=~Q(passes=[])))
    )
    return {strategy: (good, passed) for strategy, good, passed in rows}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: what it changed from the one before, and what came of it for one person."""

    version: StrategyVersion
    changed: list[tuple[str, str, str]]
    found: int
    bets: int
    staked: Decimal
    profit: Decimal


def versions_of(strategy: Strategy, user_id: int) -> list[VersionRow]:
    """Return a strategy's versions, newest first, with this person's own bets of each."""
    versions = list(strategy.versions.select_related("made_by").order_by("-number"))
    found = dict(
        Opportunity.objects.filter(strategy=strategy)
        .order_by()
        .values_list("version_id")
        .annotate(Count("pk"))
    )
    settled = {
        version: (count, staked, returned - staked)
        for version, count, staked, returned in Bet.objects.filter(
            owner_id=user_id, opportunity__strategy=strategy, status=BetStatus.SETTLED
        )
        .order_by()
        .values_list("opportunity__version_id")
        .annotate(Count("pk"), Sum("stake"), Sum("returned"))
    }
    before = {each.number: each.configuration for each in versions}
    return [
        VersionRow(
            each,
            differences(before.get(each.number - 1), each.configuration),
            found.get(each.pk, 0),
            *settled.get(each.pk, (0, NOTHING, NOTHING)),
        )
        for each in versions
    ]


def differences(first: dict[str, Any] | None, second: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return which settings differ between two stored configurations, in words."""
    if first is None:
        return []
    one, other = (Configuration.from_json(each).to_json() for each in (first, second))
    return [
        (title_of(name), value_text(name, one[name]), value_text(name, other[name]))
        for name in other
        if one[name] != other[name]
    ]


def backtests_of(strategy: Strategy) -> QuerySet[Backtest]:
    """Return the stored backtests of a strategy's versions, newest first."""
    return (
        Backtest.objects.filter(version__strategy=strategy)
        .select_related("version")
        .annotate(league=LEAGUE)
    )


def newest_finds() -> dict[int, Any]:
    """Return by strategy when it last found something."""
    rows = Opportunity.objects.order_by().values_list("strategy_id").annotate(Max("as_of"))
    return dict(rows)
