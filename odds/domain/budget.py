"""Where a month's credits are worth most: what to fetch now, and what to keep for later.

Prices move most shortly before a start, and the close is what everything is measured against. So:
sparse far from a start, dense near it, and one sweep before each distinct start whose credits are
kept back from everything else. What the rest of the month would cost at the present rate is worked
out from the starts we know; where that is more than is left, a fixed ladder is gone down. Nothing
is ever planned that could cost more than is left. docs/algorithms/budget.md has worked figures.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from odds.domain.credits import month_of

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Up to so long before the next start, a sweep every so many base intervals.
BANDS = ((1 * _HOUR, 1 / 3), (3 * _HOUR, 1.0), (12 * _HOUR, 4.0), (48 * _HOUR, 16.0))
FAR = 48.0
SPORTS_EVERY, EVENTS_EVERY = 6 * _HOUR, _HOUR / 2
SCORES_COST = 2
# Results are waited for during so much of a day with events.
_WAITED_FOR = 8 * _HOUR
EXTRAS_BEFORE, EXTRAS_EVERY = _HOUR, _HOUR / 2


class Kind(StrEnum):
    """What an action fetches, and why."""

    SPORTS = "sports"
    EVENTS = "events"
    CLOSE = "close"
    SCORES = "scores"
    SWEEP = "sweep"
    EXTRAS = "extras"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder; `stretch` lengthens all intervals, None leaves only the closes.

    Results are told for three days, so asking for them once a day loses none.
    """

    name: str
    has_all_markets: bool
    has_all_regions: bool
    stretch: float | None
    scores_every: timedelta

    @property
    def scores_a_day(self) -> float:
        """Return how often results are asked for on a day with events."""
        return max(_WAITED_FOR / self.scores_every, 1.0)


LADDER = (
    Rung("everything", True, True, 1.0, _HOUR / 2),
    Rung("fewer markets", False, True, 1.0, 4 * _HOUR),
    Rung("fewer regions", False, False, 1.0, 4 * _HOUR),
    Rung("twice the intervals", False, False, 2.0, _DAY),
    Rung("four times the intervals", False, False, 4.0, _DAY),
    Rung("eight times the intervals", False, False, 8.0, _DAY),
    Rung("closes only", False, False, None, _DAY),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is wanted. `base`: the interval three hours to one hour before a start.

    `region_count` counts as the provider does (ten bookmakers are one). `lead`: a sweep so long
    before a start, or less, is its close; it must be longer than the plan is asked apart.
    """

    market_count: int
    region_count: int
    base: timedelta
    lead: timedelta = timedelta(minutes=10)
    extra_market_count: int = 0

    def cost(self, rung: Rung) -> int:
        """Return what a sweep costs on a rung.

        >>> [Terms(3, 2, timedelta(minutes=15)).cost(rung) for rung in LADDER]
        [6, 2, 1, 1, 1, 1, 1]
        """
        markets = self.market_count if rung.has_all_markets else 1
        return markets * (self.region_count if rung.has_all_regions else 1)


@dataclass(frozen=True, slots=True)
class Coming:
    """An event to come, and when its additional markets were fetched last."""

    key: str
    starts_at: datetime
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class League:
    """What is known of a competition: distinct starts to come in order, and what was done last."""

    key: str
    starts: tuple[datetime, ...]
    swept_at: datetime | None = None
    listed_at: datetime | None = None
    scored_at: datetime | None = None
    waits_for_results: bool = False
    coming: tuple[Coming, ...] = ()


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


def demand(
    leagues: Sequence[League], terms: Terms, *, now: datetime
) -> list[tuple[float, float, float]]:
    """Return what the rest of the month would cost, rung by rung: closes, results, other sweeps.

    Beyond the last start that a league lists, its days are taken to go on as those it lists.
    """
    totals = [(0.0, 0.0, 0.0)] * len(LADDER)
    end = month_of(now)[1]
    for league in leagues:
        starts = [start for start in league.starts if now < start < end]
        if not starts:
            continue
        grows = _growth(starts, now, end)
        closes = captures(starts, terms.lead) * grows
        days = len({start.date() for start in starts}) * grows
        sweeps = _sweeps_until(starts, now, terms.base) * grows
        extras = terms.extra_market_count * terms.region_count * 2 * len(league.coming) * grows
        for place, rung in enumerate(LADDER):
            cost = terms.cost(rung)
            other = cost * sweeps / rung.stretch if rung.stretch else 0.0
            of_closes, of_scores, of_sweeps = totals[place]
            totals[place] = (
                of_closes + cost * closes,
                of_scores + SCORES_COST * days * rung.scores_a_day,
                of_sweeps + other + (extras if place == 0 else 0.0),
            )
    return totals


def captures(starts: Sequence[datetime], lead: timedelta) -> int:
    """Return how many sweeps capture the closes of these starts, in order: one may serve several.

    >>> noon = datetime(2026, 1, 1, 12)
    >>> captures([noon, noon + timedelta(minutes=9), noon + timedelta(minutes=30)],
    ...          timedelta(minutes=10))
    2
    """
    count = 0
    served_until: datetime | None = None
    for start in starts:
        if served_until is None or start >= served_until:
            count += 1
            # Made just before this start, it is within the lead of all that follow soon.
            served_until = start + lead
    return count


def interval(to_start: timedelta | None, base: timedelta) -> timedelta:
    """Return how far apart sweeps are, so long before the next start (None: none is listed).

    >>> base = timedelta(minutes=15)
    >>> [str(interval(timedelta(hours=hours), base)) for hours in (0.5, 2, 6, 24, 72)]
    ['0:05:00', '0:15:00', '1:00:00', '4:00:00', '12:00:00']
    """
    if to_start is not None:
        for within, factor in BANDS:
            if to_start <= within:
                return base * factor
    return base * FAR


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


def _sweeps_until(starts: Sequence[datetime], now: datetime, base: timedelta) -> float:
    """Return how many sweeps there are from now to the last of these starts."""
    count, since = 0.0, now
    for start in starts:
        nearer = timedelta(0)
        for within, factor in (*BANDS, (timedelta.max, FAR)):
            stretch_of_time = min(start - since, within) - nearer
            if stretch_of_time <= timedelta(0):
                break
            count += stretch_of_time / (base * factor)
            nearer = within
        since = start
    return count


def _growth(starts: Sequence[datetime], now: datetime, end: datetime) -> float:
    """Return how many times what is listed the rest of the month will bring."""
    listed = max(starts[-1] - now, _DAY)
    return max((end - now) / listed, 1.0)


def _next(league: League, now: datetime) -> datetime | None:
    place = bisect_right(league.starts, now)
    return league.starts[place] if place < len(league.starts) else None


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every
