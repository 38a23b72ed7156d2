"""A person's bets: which, with all that one row shows, and their sums."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Count, F, Min, Prefetch, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from betting.models import (
    AT_RISK,
    UNANSWERED,
    Bet,
    BetStatus,
    Settlement,
    Transfer,
)
from betting.selectors.columns import RESULTS, STATUSES, BetColumns, Names, moment_of
from betting.venues.registry import venue_by_key
from odds.database import weighing_few_joins
from odds.domain.table import BoolArray, FloatArray, IntArray
from odds.models import EventStatus

ZERO = Decimal("0.00")
EVENT = "selection__market__event"
SETTLED = Q(status=BetStatus.SETTLED)
# A bet's `taken_stake`, in a query.
TAKEN = Coalesce("matched_stake", "stake")


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
    tag: str | None = None
    placed_after: datetime | None = None
    placed_before: datetime | None = None
    settled_at: datetime | None = None

    def conditions(self) -> Q:
        """Return the filter."""
        wanted = {
            "status": self.status,
            "result": self.result,
            f"{EVENT}__competition__key": self.competition,
            f"{EVENT}_id": self.event,
            "selection__market__key": self.market,
            "bookmaker__key": self.bookmaker,
            "bankroll_id": self.bankroll,
            "tags__contains": None if self.tag is None else [self.tag],
            "placed_at__gte": self.placed_after,
            "placed_at__lt": self.placed_before,
            "settled_at": self.settled_at,
        }
        return Q(**{path: value for path, value in wanted.items() if value is not None})


def bets_open_on(owner_id: int, market_id: int) -> QuerySet[Bet]:
    """Return a person's bets at risk on one market, in whichever bankroll, the oldest first."""
    found = Bet.objects.filter(
        owner_id=owner_id, selection__market_id=market_id, status__in=AT_RISK
    )
    return found.select_related("selection", "bookmaker", "bankroll").order_by("placed_at", "pk")


@dataclass(frozen=True, slots=True)
class BetSums:
    """What some bets come to: stakes taken, and profit and stakes of the settled ones."""

    count: int
    staked: Decimal
    settled_stake: Decimal
    profit: Decimal
    clv_count: int
    clv: float | None

    @property
    def yield_share(self) -> float | None:
        """Return profit per unit staked of the settled bets; None where none is settled."""
        return float(self.profit / self.settled_stake) if self.settled_stake else None


ALL = BetFilter()


def bets(owner_id: int, which: BetFilter = ALL, *, order: Sequence[OrderBy] = ()) -> QuerySet[Bet]:
    """Return a person's bets with all that an export says of each, by `order`, newest first."""
    return (
        Bet.objects.filter(which.conditions(), owner_id=owner_id)
        .annotate(
            at_price=Coalesce("matched_price", "price"),
            at_stake=TAKEN,
            profit=F("returned") - TAKEN,
        )
        .select_related(
            "bankroll",
            "bookmaker",
            "opportunity__strategy",
            f"{EVENT}__competition",
            f"{EVENT}__home",
            f"{EVENT}__away",
        )
        .order_by(*order, "-placed_at", "-pk")
    )


# All that a row of the list shows of a bet (betting/templatetags/bets.py), and no more.
_LISTED = (
    "owner", "bankroll__currency", "bookmaker__title", "venue", "request_key", "placed_at", "tags",
    "price", "matched_price", "stake", "matched_stake", "returned",
    "status", "rejection", "result", "clv", "clv_note",
    "selection__side", "selection__point", "selection__market__key",
    f"{EVENT}__starts_at", f"{EVENT}__home_score", f"{EVENT}__away_score",
    f"{EVENT}__home__name", f"{EVENT}__away__name",
)  # fmt: skip


def bets_listed(
    owner_id: int, which: BetFilter = ALL, *, order: Sequence[OrderBy] = ()
) -> QuerySet[Bet]:
    """Return the same bets with only what a row of the list shows; anything else is a query."""
    return (
        bets(owner_id, which, order=order)
        .select_related(None)
        .select_related("bankroll", "bookmaker", f"{EVENT}__home", f"{EVENT}__away")
        .only(*_LISTED)
    )


def bets_by_number(owner_id: int, ids: Iterable[int]) -> QuerySet[Bet]:
    """Return some of a person's bets with what names each: no more than a sentence says."""
    return Bet.objects.filter(owner_id=owner_id, pk__in=set(ids)).select_related(
        "bankroll", "bookmaker", f"{EVENT}__home", f"{EVENT}__away"
    )


def bet_in_full(owner_id: int, bet_id: int) -> Bet | None:
    """Return one of a person's bets with all that moved for it; nobody sees another's."""
    found = (
        bets(owner_id)
        .filter(pk=bet_id)
        .select_related("assessment", "opportunity__prediction__version__predictor__competition")
        .select_related("selection__close", "closing")
        .prefetch_related(
            Prefetch("settlements", Settlement.objects.select_related("by").order_by("sequence")),
            Prefetch(
                "transfers",
                Transfer.objects.select_related("source", "destination", "reversed_by").order_by(
                    "pk"
                ),
            ),
        )
    )
    with weighing_few_joins():
        return found.first()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many bets wait for their venue's answer, and for how long the oldest has."""

    count: int
    longest: timedelta


def waiting_bets(now: datetime, *, owner_id: int | None = None) -> Waiting:
    """Return what waits for an answer: of one person, or of everybody. One query."""
    waiting = Bet.objects.filter(status__in=UNANSWERED)
    if owner_id is not None:
        waiting = waiting.filter(owner_id=owner_id)
    found = waiting.aggregate(count=Count("pk"), since=Min("placed_at"))
    return Waiting(found["count"], now - found["since"] if found["since"] else timedelta())


def waits_for_bettor(bet: Bet) -> bool:
    """Return whether the bettor is to say what they got of it."""
    return bet.status in UNANSWERED and venue_by_key(bet.venue).terms.asks_person


def can_be_cancelled(bet: Bet) -> bool:
    """Return whether its venue may still be asked to take it back."""
    return bet.status in UNANSWERED and venue_by_key(bet.venue).terms.cancels


def time_left(bet: Bet, *, now: datetime) -> timedelta | None:
    """Return how long a waiting bet has until it is withdrawn; None where it has no end."""
    longest = venue_by_key(bet.venue).terms.answers_within
    return None if longest is None else max(bet.placed_at + longest - now, timedelta())


def bet_sums(bets: BetColumns, names: Names, which: BetFilter = ALL) -> BetSums:
    """Return the sums over those of a person's bets that a filter keeps."""
    bets = bets.where(_kept_by(which, bets, names))
    is_settled, cents, clv = bets.is_settled, bets.whole("cents"), bets.real("clv")
    profit = np.rint(bets.real("profit")[is_settled] * 100)
    valued = clv[~np.isnan(clv)]
    return BetSums(
        count=len(bets),
        staked=_money(cents[bets.is_staked]),
        settled_stake=_money(cents[is_settled]),
        profit=_money(profit),
        clv_count=len(valued),
        clv=float(valued.mean()) if len(valued) else None,
    )


def _money(cents: IntArray | FloatArray) -> Decimal:
    return Decimal(int(cents.sum())).scaleb(-2)


def _kept_by(which: BetFilter, bets: BetColumns, names: Names) -> BoolArray:
    """Return which bets `which.conditions()` keeps, (n,)."""
    placed, settled = bets.moments("placed_at"), bets.moments("settled_at")

    def named(kind: str) -> Callable[[str], BoolArray]:
        return lambda key: np.isin(bets.whole(kind), names.numbers(kind, key))

    keeps: dict[str, Callable[[Any], BoolArray]] = {
        "status": lambda status: bets.whole("status") == STATUSES.index(status),
        "result": lambda result: bets.whole("result") == RESULTS.index(result),
        "competition": named("competition"),
        "event": lambda number: bets.whole("event") == number,
        "market": named("market"),
        "bookmaker": named("bookmaker"),
        "bankroll": lambda number: bets.whole("bankroll") == number,
        "tag": lambda tag: np.isin(bets.whole("tags"), names.tagged(tag)),
        "placed_after": lambda at: placed >= moment_of(at),
        "placed_before": lambda at: placed < moment_of(at),
        "settled_at": lambda at: settled == moment_of(at),
    }
    rows = np.ones(len(bets), bool)
    for field in fields(which):
        if (asked := getattr(which, field.name)) is not None:
            rows &= keeps[field.name](asked)
    return rows


def due_bets(
    now: datetime, *, owner_id: int | None = None, event_id: int | None = None
) -> QuerySet[Bet]:
    """Return the open bets that can be settled at `now`, those with the oldest results first.

    A result was known by then, or the event was broken off; it was cancelled, and would have
    started; or it was postponed, and has not been played for as long as stakes stand.
    """
    event = EVENT
    waited = now - settings.POSTPONED_STAKES_STAND
    due = Bet.objects.filter(
        Q(**{f"{event}__status": EventStatus.FINISHED, f"{event}__result_seen_at__lte": now})
        | Q(
            **{
                f"{event}__status__in": (EventStatus.CANCELLED, EventStatus.ABANDONED),
                f"{event}__starts_at__lte": now,
            }
        )
        | Q(**{f"{event}__status": EventStatus.POSTPONED, f"{event}__starts_at__lte": waited}),
        status=BetStatus.OPEN,
    )
    if owner_id is not None:
        due = due.filter(owner_id=owner_id)
    if event_id is not None:
        due = due.filter(**{f"{event}_id": event_id})
    return due.order_by(f"{event}__result_seen_at", "pk")
