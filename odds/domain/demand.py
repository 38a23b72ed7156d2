"""What is wanted of a provider, on which terms, and what the rest of a month of it would cost.

Prices move most shortly before a start, so sweeps are sparse far from one and dense near it. A
fixed ladder makes all of it cheaper, rung by rung. docs/algorithms/budget.md has worked figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odds.domain.credits import month_of

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Up to so long before the next start, a sweep every so many base intervals.
BANDS = ((1 * _HOUR, 1 / 3), (3 * _HOUR, 1.0), (12 * _HOUR, 4.0), (48 * _HOUR, 16.0))
FAR = 48.0
_SECONDS = (*((within.total_seconds(), factor) for within, factor in BANDS), (float("inf"), FAR))
SCORES_COST = 2
# Results are waited for during so much of a day with events.
_WAITED_FOR = 8 * _HOUR


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


def _sweeps_until(starts: Sequence[datetime], now: datetime, base: timedelta) -> float:
    """Return how many sweeps there are from now to the last of these starts."""
    count, since = 0.0, now
    for start in starts:
        between, nearer = (start - since).total_seconds(), 0.0
        for within, factor in _SECONDS:
            if between <= nearer:
                break
            count += (min(between, within) - nearer) / factor
            nearer = within
        since = start
    return count / base.total_seconds()


def _growth(starts: Sequence[datetime], now: datetime, end: datetime) -> float:
    """Return how many times what is listed the rest of the month will bring."""
    listed = max(starts[-1] - now, _DAY)
    return max((end - now) / listed, 1.0)
