"""Where a month's credits are worth most: what to fetch now, and what to keep for later.

Prices move most shortly before a start, and the close is what everything is measured against. So:
sparse far from a start, dense near it, and one sweep before each distinct start whose credits are
kept back from everything else. Where the rest of the month would cost more than is left, a fixed
ladder is gone down (demand.py). Nothing is ever planned that could cost more than is left.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from odds.domain.demand import LADDER, SCORES_COST, League, Rung, Terms, demand, interval

SPORTS_EVERY, EVENTS_EVERY = timedelta(hours=6), timedelta(minutes=30)
EXTRAS_BEFORE, EXTRAS_EVERY = timedelta(hours=1), timedelta(minutes=30)


class Kind(StrEnum):
    """What an action fetches, and why."""

    SPORTS = "sports"
    EVENTS = "events"
    CLOSE = "close"
    SCORES = "scores"
    SWEEP = "sweep"
    EXTRAS = "extras"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to fetch now; `cost` is the most it can take."""

    kind: Kind
    league: str = ""
    rung: Rung = LADDER[0]
    cost: int = 0
    event: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to fetch now, on which rung, and what is kept back for closes and results."""

    actions: tuple[Action, ...]
    rung: Rung
    kept_back: int


def plan(
    leagues: Sequence[League],
    terms: Terms,
    *,
    now: datetime,
    left: int | None,
) -> Plan:
    """Return what to pay for now with so many credits left this month.

    `left` None means that nothing limits us: each league every base interval, and its closes.
    The costs of the actions together never exceed `left`.
    """
    if left is None:
        return Plan(tuple(_unlimited(leagues, terms, now)), LADDER[0], 0)
    wanted = _Wanted(leagues, terms, now)
    if wanted.is_empty:
        return Plan((), LADDER[0], 0)
    demands = demand(leagues, terms, now=now)
    place = _place_on_ladder(demands, left)
    rung = LADDER[place]
    closes = -int(-demands[place][0] // 1)
    # Whatever the rung, results are kept for once a day.
    scores = -int(-demands[-1][1] // 1)
    spending = _Spending(max(left, 0))
    spending.closes(wanted.closes, terms, rung)
    # What was just captured needs no keeping back.
    closes = max(closes - sum(action.cost for action in spending.actions), 0)
    spending.scores(wanted.scores_due(rung), keep=closes)
    spending.sweeps(wanted.sweeps_due(rung), terms, rung, keep=closes + scores)
    if rung is LADDER[0]:
        spending.extras(wanted.extras, terms, keep=closes + scores)
    return Plan(tuple(spending.actions), rung, closes + scores)


def free_actions(
    leagues: Sequence[League], *, now: datetime, sports_at: datetime | None
) -> list[Action]:
    """Return what is due and costs nothing: which sports there are, and which events."""
    actions = []
    if _is_due(sports_at, SPORTS_EVERY, now):
        actions.append(Action(Kind.SPORTS))
    actions += [
        Action(Kind.EVENTS, league.key)
        for league in leagues
        if _is_due(league.listed_at, EVENTS_EVERY, now)
    ]
    return actions


def _unlimited(leagues: Sequence[League], terms: Terms, now: datetime) -> list[Action]:
    top = LADDER[0]
    wanted = _Wanted(leagues, terms, now)
    closing = {league.key for league in wanted.closes}
    actions = [Action(Kind.CLOSE, key, top, terms.cost(top)) for key in sorted(closing)]
    actions += [
        Action(Kind.SWEEP, league.key, top, terms.cost(top))
        for league in leagues
        if league.key not in closing and _is_due(league.swept_at, terms.base, now)
    ]
    actions += [
        Action(Kind.EXTRAS, league.key, top, terms.extra_market_count * terms.region_count, key)
        for league, key in wanted.extras
    ]
    return actions


class _Wanted:
    """What is due by the clock, whatever it costs."""

    def __init__(self, leagues: Sequence[League], terms: Terms, now: datetime) -> None:
        self._leagues, self._terms, self._now = leagues, terms, now
        near = [(league, _next(league, now)) for league in leagues]
        # The nearest start first: if credits run out here, they went where they are worth most.
        self._near = sorted(
            ((league, start) for league, start in near if start is not None),
            key=lambda pair: (pair[1], pair[0].key),
        )
        self.closes = [
            league
            for league, start in self._near
            if start - now <= terms.lead
            and (league.swept_at is None or league.swept_at < start - terms.lead)
        ]
        self.extras = [
            (league, event.key)
            for league in leagues
            for event in league.coming
            if terms.extra_market_count
            and timedelta(0) < event.starts_at - now <= EXTRAS_BEFORE
            and _is_due(event.fetched_at, EXTRAS_EVERY, now)
        ]

    @property
    def is_empty(self) -> bool:
        top = LADDER[0]
        due = self.closes or self.extras or self.sweeps_due(top) or self.scores_due(top)
        return not due

    def sweeps_due(self, rung: Rung) -> list[League]:
        if rung.stretch is None:
            return []
        closing = {league.key for league in self.closes}
        return [
            league
            for league, start in self._near
            if league.key not in closing
            and _is_due(
                league.swept_at,
                interval(start - self._now, self._terms.base) * rung.stretch,
                self._now,
            )
        ]

    def scores_due(self, rung: Rung) -> list[League]:
        return [
            league
            for league in self._leagues
            if league.waits_for_results and _is_due(league.scored_at, rung.scores_every, self._now)
        ]


class _Spending:
    """Takes actions while there are credits for them."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.actions: list[Action] = []

    def _take(self, action: Action, keep: float = 0.0) -> bool:
        if action.cost > self.left or self.left - action.cost < keep:
            return False
        self.left -= action.cost
        self.actions.append(action)
        return True

    def closes(self, leagues: Sequence[League], terms: Terms, rung: Rung) -> None:
        """Capture each, on this rung or the first below it that can be paid."""
        for league in leagues:
            for lower in LADDER[LADDER.index(rung) :]:
                if self._take(Action(Kind.CLOSE, league.key, lower, terms.cost(lower))):
                    break

    def scores(self, leagues: Sequence[League], *, keep: float) -> None:
        for league in leagues:
            self._take(Action(Kind.SCORES, league.key, LADDER[0], SCORES_COST), keep)

    def sweeps(self, leagues: Sequence[League], terms: Terms, rung: Rung, *, keep: float) -> None:
        for league in leagues:
            self._take(Action(Kind.SWEEP, league.key, rung, terms.cost(rung)), keep)

    def extras(self, events: Sequence[tuple[League, str]], terms: Terms, *, keep: float) -> None:
        cost = terms.extra_market_count * terms.region_count
        for league, key in events:
            self._take(Action(Kind.EXTRAS, league.key, LADDER[0], cost, key), keep)


def _place_on_ladder(demands: Sequence[tuple[float, float, float]], left: int) -> int:
    affordable = (place for place, parts in enumerate(demands) if sum(parts) <= left)
    return next(affordable, len(LADDER) - 1)


def _next(league: League, now: datetime) -> datetime | None:
    place = bisect_right(league.starts, now)
    return league.starts[place] if place < len(league.starts) else None


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every
