"""What a person's bets came to over time, as breakers read it; what drills found in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from accounts.money import to_cents
from betting.selectors.columns import (
    BetColumns,
    bet_columns,
    datetime_of,
    moment_of,
    names_of,
)
from betting.selectors.paths import equity_path, equity_paths
from odds.domain.table import IntArray, TextArray
from odds.models import FeedRun
from risk.domain.breakers import History, Level, Reading, TimeArray, Trip, drill
from risk.models import Breaker
from risk.selectors import BreakersNow, levels_of

# Of CLV each strategy is judged alone: one that lost its edge says nothing of the others.
OF_PERSON = ("drawdown", "losing_streak", "daily_loss", "weekly_loss")
# What a breaker's figure counts, where it is no share of equity.
UNITS = {
    "losing_streak": "bets in a row",
    "clv_decay": "standard errors below zero",
    "stale_feed": "longest ages of a quote",
    "venue_unknowns": "bets without an answer",
}


@dataclass(frozen=True, slots=True)
class Past:
    """A person's taken bets, oldest settlement first and open ones last. Columns (n,).

    `cents` is what was staked; what names a bet is empty where nothing does. `titles` has what
    each strategy is called, by its key.
    """

    history: History
    placed: TimeArray
    cents: IntArray
    strategy: TextArray
    league: TextArray
    titles: Mapping[str, str]

    @property
    def strategies(self) -> list[str]:
        """Return the strategies that settled bets are of."""
        return [key for key in np.unique(self.strategy[: len(self.history.at)]).tolist() if key]

    def of_strategy(self, key: str) -> History:
        """Return the history of the bets of one strategy."""
        return self.history.where(self.strategy[: len(self.history.at)] == key)

    @property
    def profit_cents(self) -> IntArray:
        """Return what the settled bets earned, in cents."""
        return np.rint(self.history.profit * 100).astype(np.int64)


def past_of(owner_id: int, *, bankroll_id: int | None = None, anew: bool = False) -> Past:
    """Return a person's history over all bankrolls, or one. Three queries.

    With `anew` their bets are read from the database, whatever is kept of them.
    """
    bets = bet_columns(owner_id, anew=anew)
    taken = bets.is_staked
    if bankroll_id is not None:
        taken &= bets.whole("bankroll") == bankroll_id
    bets = bets.where(taken)
    is_open = ~bets.is_settled
    bets = bets.where(np.lexsort((bets.whole("id"), bets.whole("settled_at"), is_open)))
    settled = bets.where(bets.is_settled)
    one = None if bankroll_id is None else equity_path(bankroll_id)
    history = History(
        paths=(one,) if one else tuple(equity_paths(owner_id, anew=anew)),
        at=settled.moments("settled_at"),
        placed=settled.moments("placed_at"),
        profit=settled.real("profit"),
        clv=settled.real("clv"),
    )
    return Past(history, bets.moments("placed_at"), bets.whole("cents"), *_keys(bets))


def _keys(bets: BetColumns) -> tuple[TextArray, TextArray, dict[str, str]]:
    """Return keys of strategies and leagues of bets, and the strategies' titles. One query.

    A key is empty where there is none.
    """
    names, found = names_of(bets), []
    for kind in ("strategy", "competition"):
        each, place = np.unique(bets.whole(kind), return_inverse=True)
        keys = [names.of[kind].get(number, ("", ""))[0] for number in each.tolist()]
        found.append(np.array(keys, np.str_)[place])
    return found[0], found[1], dict(names.of["strategy"].values())


@dataclass(frozen=True, slots=True)
class BreakerNow:
    """What one breaker reads now, and what of a person it would stop.

    `strategy` is what its strategy is called, where it is of one.
    """

    breaker: str
    title: str
    reading: Reading
    strategy: str = ""

    @property
    def stops(self) -> str:
        """What a trip would stop, said exactly."""
        if self.strategy:
            return f"new stakes of yours by the strategy {self.strategy}"
        return "every new stake of yours"


def breakers_of(standing: BreakersNow) -> list[BreakerNow]:
    """Return what each of a person's breakers reads, as they stand. Writes nothing."""
    past = past_of(standing.owner_id)
    found = [
        BreakerNow(name, Breaker(name).label, standing.read(name, past.history))
        for name in OF_PERSON
    ]
    for key in past.strategies:
        reading = standing.read("clv_decay", past.of_strategy(key), strategy=key)
        found.append(BreakerNow("clv_decay", Breaker.CLV_DECAY.label, reading, past.titles[key]))
    return found


def drawdown_of(bankroll_id: int, standing: BreakersNow) -> float:
    """Return how far a bankroll's equity is below its peak, as the breaker reads it: a share."""
    return standing.read("drawdown", History.of_path(equity_path(bankroll_id))).figure


@dataclass(frozen=True, slots=True)
class Drilled:
    """One lock that would have been: what it would have blocked, and what came of that.

    `profit` is of the blocked bets that are settled: below zero, the lock would have saved it.
    """

    title: str
    stops: str
    at: datetime
    until: datetime
    words: str
    bets: int
    staked: Decimal
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Drill:
    """What each breaker would have blocked between two moments, had it been on all the time."""

    since: datetime
    until: datetime
    locks: list[Drilled]
    quiet: list[str]
    bets: int


def drill_of(
    owner_id: int,
    *,
    days: int,
    now: datetime,
    stale_minutes: float,
    levels: Mapping[str, Level] | None = None,
) -> Drill:
    """Return what a person's breakers, and stale feeds, would have blocked in the past days.

    From stored history, at today's levels; nothing is written. Each lock is taken alone: what one
    would have blocked is not taken out of what another reads. A lock that only a person ends is
    taken to last a day.
    """
    past = past_of(owner_id)
    at_levels = dict(levels or levels_of(owner_id))
    since = now - timedelta(days=days)
    locks = []
    for trip in drill(past.history, {name: at_levels[name] for name in OF_PERSON}):
        locks.append(_drilled(past, trip, at_levels[trip.breaker]))
    clv = {"clv_decay": at_levels["clv_decay"]}
    for key in past.strategies:
        for trip in drill(past.of_strategy(key), clv):
            locks.append(_drilled(past, trip, clv["clv_decay"], strategy=key))
    locks += _stale_feeds(past, since=since, now=now, minutes=stale_minutes)
    locks = [lock for lock in locks if lock.until > since and lock.at <= now]
    tripped = {lock.title for lock in locks}
    titles = [Breaker(name).label for name in (*OF_PERSON, "clv_decay", "stale_feed")]
    return Drill(
        since=since,
        until=now,
        locks=sorted(locks, key=lambda lock: (lock.at, lock.title)),
        quiet=[title for title in titles if title not in tripped],
        bets=int((past.placed >= moment_of(since)).sum()),
    )


def _drilled(past: Past, trip: Trip, level: Level, *, strategy: str = "") -> Drilled:
    chosen = past.strategy == strategy if strategy else np.ones(len(past.placed), bool)
    reading = Reading(trip.breaker, trip.figure, level, "")
    figure = f"{trip.figure:.1%}" if reading.is_share else f"{trip.figure:.1f}".removesuffix(".0")
    bound = f"{level.trip:.1%}" if reading.is_share else f"{level.trip:g}"
    return _blocked(
        past,
        chosen & (past.placed >= trip.at) & (past.placed < trip.until),
        title=Breaker(trip.breaker).label,
        stops=BreakerNow(trip.breaker, "", reading, past.titles.get(strategy, "")).stops,
        at=datetime_of(trip.at),
        until=datetime_of(trip.until),
        words=f"{figure} {UNITS.get(trip.breaker, 'of equity')}, trips at {bound}",
    )


def _stale_feeds(past: Past, *, since: datetime, now: datetime, minutes: float) -> list[Drilled]:
    """Return where a league's feed was silent for too long, from the fetches that succeeded."""
    runs = FeedRun.objects.filter(
        kind=FeedRun.Kind.ODDS,
        outcome=FeedRun.Outcome.SUCCEEDED,
        finished_at__gte=since,
        finished_at__lte=now,
    )
    by_league: dict[str, list[datetime]] = {}
    for league, finished in runs.order_by("finished_at").values_list("subject", "finished_at"):
        by_league.setdefault(league, []).append(finished)  # type: ignore[arg-type]
    found = []
    for league, moments in by_league.items():
        for one, next_one in zip(moments, [*moments[1:], now], strict=True):
            at = one + timedelta(minutes=minutes)
            if at >= next_one:
                continue
            chosen = past.league == league
            placed = (past.placed >= moment_of(at)) & (past.placed < moment_of(next_one))
            silent = (next_one - one).total_seconds() / 60
            found.append(
                _blocked(
                    past,
                    chosen & placed,
                    title=Breaker.STALE_FEED.label,
                    stops=f"new stakes of everybody in the league {league}",
                    at=at,
                    until=next_one,
                    words=f"{silent:.0f} minutes without prices, trips at {minutes:.0f}",
                )
            )
    return found


def _blocked(
    past: Past,
    mask: np.ndarray,
    *,
    title: str,
    stops: str,
    at: datetime,
    until: datetime,
    words: str,
) -> Drilled:
    settled = mask[: len(past.history.at)]
    return Drilled(
        title=title,
        stops=stops,
        at=at,
        until=until,
        words=words,
        bets=int(mask.sum()),
        staked=to_cents(Decimal(int(past.cents[mask].sum())) / 100),
        profit=to_cents(Decimal(int(past.profit_cents[settled].sum())) / 100),
    )
