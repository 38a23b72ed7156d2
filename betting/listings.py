"""Lists of opportunities, bets and bankrolls, filtered, with all that one row shows."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, Max, Q, QuerySet, Sum

from betting.models import Bet, Opportunity
from odds.models import Bookmaker


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityFilter:
    """Which opportunities; None does not restrict."""

    status: str | None = None
    strategy: str | None = None
    competition: str | None = None
    event: int | None = None
    market: str | None = None
    bookmaker: str | None = None
    side: str | None = None
    min_edge: Decimal | None = None
    recommended: bool | None = None

    def conditions(self) -> Q:
        """Return the filter."""
        wanted = {
            "status": self.status,
            "strategy__key": self.strategy,
            "quote__selection__market__event__competition__key": self.competition,
            "quote__selection__market__event_id": self.event,
            "quote__selection__market__key": self.market,
            "quote__bookmaker__key": self.bookmaker,
            "quote__selection__side": self.side,
            "edge__gte": self.min_edge,
        }
        found = Q(**{path: value for path, value in wanted.items() if value is not None})
        if self.recommended is not None:
            found &= Q(passes=[]) if self.recommended else ~Q(passes=[])
        return found


def opportunities(which: OpportunityFilter) -> QuerySet[Opportunity]:
    """Return opportunities, best edge first."""
    return (
        Opportunity.objects.filter(which.conditions())
        .select_related(
            "strategy",
            "quote__bookmaker",
            "quote__selection__market__event__competition",
            "quote__selection__market__event__home",
            "quote__selection__market__event__away",
        )
        .order_by("-edge", "pk")
    )


def opportunity(opportunity_id: int) -> Opportunity | None:
    """Return one opportunity, open or gone, or None."""
    return opportunities(OpportunityFilter()).filter(pk=opportunity_id).first()


def opportunity_summary(which: OpportunityFilter) -> dict[str, Any]:
    """Return how many opportunities there are and how good, in all, by market and by bookmaker."""
    found = Opportunity.objects.filter(which.conditions()).order_by()
    figures = {
        "count": Count("pk"),
        "recommended_count": Count("pk", filter=Q(passes=[])),
        "best_edge": Max("edge"),
        "mean_edge": Avg("edge"),
        "stake_share": Sum("stake_share", filter=Q(passes=[])),
    }
    return {
        **found.aggregate(**figures),
        "newest_as_of": found.aggregate(newest=Max("as_of"))["newest"],
        "by_market": list(
            found.values(key=F("quote__selection__market__key")).annotate(**figures).order_by("key")
        ),
        "by_bookmaker": list(
            found.values(key=F("quote__bookmaker__key")).annotate(**figures).order_by("key")
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class BetFilter:
    """Which of a person's bets; None does not restrict."""

    status: str | None = None
    result: str | None = None
    competition: str | None = None
    event: int | None = None
    market: str | None = None
    bookmaker: str | None = None
    bankroll: int | None = None
    placed_after: datetime | None = None
    placed_before: datetime | None = None


def bets(owner_id: int, which: BetFilter) -> QuerySet[Bet]:
    """Return a person's bets, latest first."""
    wanted = {
        "status": which.status,
        "result": which.result,
        "selection__market__event__competition__key": which.competition,
        "selection__market__event_id": which.event,
        "selection__market__key": which.market,
        "bookmaker__key": which.bookmaker,
        "bankroll_id": which.bankroll,
        "placed_at__gte": which.placed_after,
        "placed_at__lt": which.placed_before,
    }
    return (
        Bet.objects.filter(owner_id=owner_id)
        .filter(**{path: value for path, value in wanted.items() if value is not None})
        .select_related(
            "bankroll",
            "bookmaker",
            "selection__market__event__competition",
            "selection__market__event__home",
            "selection__market__event__away",
        )
        .order_by("-placed_at", "-pk")
    )


def bet(owner_id: int, bet_id: int) -> Bet | None:
    """Return one of a person's bets with its settlements and assessment, or None."""
    return (
        bets(owner_id, BetFilter())
        .filter(pk=bet_id)
        .select_related("assessment")
        .prefetch_related("settlements")
        .first()
    )


def bookmaker_id(key: str) -> int | None:
    """Return the bookmaker with this key, or None."""
    return Bookmaker.objects.filter(key=key).values_list("pk", flat=True).first()
