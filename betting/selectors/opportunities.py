"""Opportunities: which, with all that one row shows, and how many there are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Avg, BooleanField, Count, ExpressionWrapper, F, Max, Q, QuerySet, Sum
from django.db.models.expressions import OrderBy

from accounts import cache
from betting.domain.configuration import Configuration
from betting.domain.rules import plan_of
from betting.models import Opportunity
from betting.selectors.money import BankrollMoney
from betting.selectors.stakes import Staked, draw_is_offered, on_selection, scopes_of
from odds.database import weighing_few_joins
from odds.domain.consensus import BY_SPORT
from odds.models import Bookmaker, Event, looks_at
from risk.domain.exposure import On
from risk.domain.kelly import kelly_fraction, net_price
from risk.domain.staking import OWN, Plan, Proposal, Step
from risk.selectors import Rules

MARKET = "quote__selection__market"
# Whoever looks within so long of each other is shown the same opportunities, unless some came or
# went: only stakes, bets and ages are each reader's own.
LISTED_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityFilter:
    """Which opportunities; None does not restrict. `seen_by`: who sees them, by their strategy."""

    ids: Sequence[int] | None = None
    status: str | None = None
    strategy: str | None = None
    competition: str | None = None
    event: int | None = None
    market: str | None = None
    bookmaker: str | None = None
    side: str | None = None
    min_edge: Decimal | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    recommended: bool | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    books: tuple[str, ...] | None = None
    seen_by: int | None = None

    def conditions(self) -> Q:
        """Return the filter."""
        wanted = {
            "pk__in": self.ids,
            "status": self.status,
            "strategy__key": self.strategy,
            f"{MARKET}__event__competition__key": self.competition,
            f"{MARKET}__event_id": self.event,
            f"{MARKET}__key": self.market,
            "quote__bookmaker__key": self.bookmaker,
            "quote__selection__side": self.side,
            "edge__gte": self.min_edge,
            "price__gte": self.min_price,
            "price__lte": self.max_price,
            "quote__bookmaker__key__in": self.books,
            f"{MARKET}__event__starts_at__gt": self.starts_after,
            f"{MARKET}__event__starts_at__lt": self.starts_before,
        }
        found = Q(**{path: value for path, value in wanted.items() if value is not None})
        if self.seen_by is not None:
            found &= Q(strategy__owner__isnull=True) | Q(strategy__owner_id=self.seen_by)
        if self.recommended is not None:
            found &= Q(passes=[]) if self.recommended else ~Q(passes=[])
        return found


ALL = OpportunityFilter()


def opportunities(
    which: OpportunityFilter = ALL, *, order: Sequence[OrderBy] = ()
) -> QuerySet[Opportunity]:
    """Return opportunities with all that a list shows, by `order`, then the best edge first."""
    return (
        Opportunity.objects.filter(which.conditions())
        .annotate(draw_offered=draw_is_offered(f"{MARKET}_id"))
        .select_related(
            "strategy",
            "version",
            "quote__bookmaker",
            f"{MARKET}__event__competition",
            f"{MARKET}__event__home",
            f"{MARKET}__event__away",
        )
        .order_by(*order, "-edge", "pk")
    )


def offers(which: OpportunityFilter) -> QuerySet[Opportunity]:
    """Return of each no more than where it leads and what it offers, the best edge first."""
    return (
        Opportunity.objects.filter(which.conditions())
        .select_related("quote__bookmaker")
        .only("price", "edge", "passes", "quote__selection", "quote__bookmaker__title")
        .order_by("-edge", "pk")
    )


def opportunities_with_models(
    which: OpportunityFilter = ALL, *, order: Sequence[OrderBy] = ()
) -> QuerySet[Opportunity]:
    """Return the same with the predictions they rest on, and when their prices last stood.

    Apart, because three more joins take the database longer to plan than the rest takes to read.
    """
    return (
        opportunities(which, order=order)
        .select_related("prediction__version__predictor__competition")
        # A version's parameters are kilobytes, and no list reads any of these.
        .defer(
            "prediction__distribution",
            "prediction__features",
            "prediction__version__signature",
            "prediction__version__parameters",
            "prediction__version__metrics",
        )
        .annotate(confirmed_at=looks_at("quote__")["confirmed_at"])
    )


def opportunity(opportunity_id: int, *, seen_by: int) -> Opportunity | None:
    """Return one opportunity that a person sees, open or gone, or None."""
    which = OpportunityFilter(ids=[opportunity_id], seen_by=seen_by)
    return opportunities_with_models(which).first()


@dataclass(frozen=True, slots=True)
class Found:
    """Opportunities in order, one for each strategy, and at how many prices they are."""

    ids: Sequence[int]
    prices: int

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.ids)


class _Each(NamedTuple):
    pk: int
    quote: int
    owner: int | None
    is_worth: bool


class _AllFound:
    """Opportunities of all strategies in order, whoever owns them: to be seen by one person."""

    def __init__(self, rows: Sequence[_Each]) -> None:
        self._rows = rows
        self.owners = {each.owner for each in rows} - {None}
        # Most own no strategy, and see the same.
        self.of_everybody = self.of(None)

    def of(self, owner: int | None) -> tuple[Found, Found]:
        """Return what is recommended and what was passed over, everybody's and this owner's."""
        seen = [each for each in self._rows if each.owner in (None, owner)]
        worth = [each for each in seen if each.is_worth]
        passed = [each for each in seen if not each.is_worth]
        of_worth, of_passed = (
            Found([each.pk for each in some], len({each.quote for each in some}))
            for some in (worth, passed)
        )
        return of_worth, of_passed


def opportunities_found(
    which: OpportunityFilter,
    *,
    seen_by: int,
    order: Sequence[OrderBy] = (),
    refresh: bool = False,
) -> tuple[Found, Found]:
    """Return what a person sees recommended, and passed over, as `opportunities` orders them.

    Read once for all who look within LISTED_SECONDS, whoever's they are, unless `refresh`: what has
    started since is among them.
    """
    found = cache.share(
        "opportunities",
        f"{replace(which, starts_after=None)} {list(order)}",
        lambda: _found(which, order),
        topic="opportunities",
        seconds=LISTED_SECONDS,
        refresh=refresh,
    )
    return found.of(seen_by) if seen_by in found.owners else found.of_everybody


def _found(which: OpportunityFilter, order: Sequence[OrderBy]) -> _AllFound:
    rows = (
        Opportunity.objects.filter(which.conditions())
        .annotate(is_worth=ExpressionWrapper(Q(passes=[]), BooleanField()))
        .order_by(*order, "-edge", "pk")
        .values_list("pk", "quote", "strategy__owner", "is_worth")
    )
    return _AllFound([_Each(*row) for row in rows])


def opportunities_on_page(
    ids: Sequence[int], *, order: Sequence[OrderBy] = (), refresh: bool = False
) -> list[Opportunity]:
    """Return these of `opportunities_with_models`, as `opportunities_found` is read: for all.

    Their rows are shared between threads: change nothing in them.
    """

    def read() -> list[Opportunity]:
        with weighing_few_joins():
            which = OpportunityFilter(ids=ids)
            return list(opportunities_with_models(which, order=order))

    return cache.share(
        "opportunity rows", f"{ids} {list(order)}", read,
        topic="opportunities", seconds=LISTED_SECONDS, refresh=refresh,
    )  # fmt: skip


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

    def by(path: str) -> list[Any]:
        return list(found.values(key=F(path)).annotate(**figures).order_by("key"))

    return {
        **found.aggregate(**figures),
        "newest_as_of": found.aggregate(newest=Max("as_of"))["newest"],
        "by_market": by(f"{MARKET}__key"),
        "by_bookmaker": by("quote__bookmaker__key"),
    }


def stake_steps(
    opportunity: Opportunity, *, rules: Rules, money: BankrollMoney, staked: Staked
) -> tuple[Step, ...]:
    """Return how the stake on an opportunity comes about for one bankroll; the last step is it.

    What Today offers and what following takes: what the strategy's plan proposes, then each limit
    and halt. By the version that found it.
    """
    quote = opportunity.quote
    price = net_price(opportunity.price, quote.bookmaker.commission_share)
    return rules.waterfall(
        proposal_of(opportunity, price=price),
        exposure=staked.exposure(
            equity=money.equity,
            free=money.stakeable_at(quote.bookmaker_id),
            on=on_opportunity(opportunity),
        ),
        scopes=scopes_of(quote.selection, quote.bookmaker, opportunity, venue="paper"),
    )


def proposal_of(opportunity: Opportunity, *, price: float) -> Proposal:
    """Return what an opportunity's strategy proposes to stake on it; `price` is net.

    One without a slate, from before slates were staked at once, is staked as if it were alone.
    """
    plan = _plan_of(opportunity)
    share = opportunity.kelly_share
    if share is None and plan.kind == OWN:
        share = opportunity.stake_share
    elif share is None:
        believed = np.array([opportunity.fair_probability])
        share = float(kelly_fraction(believed, np.array([price]))[0])
    return Proposal(share, price, plan, opportunity.kept_part)


def is_leg(opportunity: Opportunity) -> bool:
    """Return whether it earns only together with others that are taken with it."""
    return _plan_of(opportunity).kind == OWN


def _plan_of(opportunity: Opportunity) -> Plan:
    return _plan_written(json.dumps(opportunity.configuration))


@lru_cache(maxsize=64)
def _plan_written(configuration: str) -> Plan:
    """Return the plan of a configuration: a page has many rows of few of them."""
    return plan_of(Configuration.from_json(json.loads(configuration)))


def goes_by_consensus(opportunity: Opportunity) -> bool:
    """Return whether its market's opinion is the consensus that every page shows."""
    configuration = opportunity.configuration
    method, *_ = configuration.get("margin_methods") or [BY_SPORT]
    return method == BY_SPORT and not configuration.get("reference_books")


def on_opportunity(found: Opportunity) -> On:
    """Return what a stake on an opportunity of `opportunities` is on."""
    offered: bool = found.draw_offered  # type: ignore[attr-defined]
    quote = found.quote
    return on_selection(quote.selection, quote.bookmaker, price=found.price, draw_offered=offered)


def event_of(found: Opportunity) -> Event:
    """Return the event that an opportunity of `opportunities` is on."""
    return found.quote.selection.market.event


def bookmaker_id(key: str) -> int | None:
    """Return the bookmaker with this key, or None."""
    return Bookmaker.objects.filter(key=key).values_list("pk", flat=True).first()
