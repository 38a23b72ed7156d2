"""What a call to The Odds API costs, known before it is made, and what a month comes to.

Source: the provider's guide, version 4, and what its answers were seen to charge.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

BOOKS_A_REGION = 10
HISTORICAL_FACTOR = 10


class Endpoint(StrEnum):
    """The ten endpoints of version 4."""

    SPORTS = "sports"
    EVENTS = "events"
    ODDS = "odds"
    SCORES = "scores"
    EVENT_ODDS = "event_odds"
    EVENT_MARKETS = "event_markets"
    PARTICIPANTS = "participants"
    PAST_ODDS = "past_odds"
    PAST_EVENTS = "past_events"
    PAST_EVENT_ODDS = "past_event_odds"


FREE = frozenset({Endpoint.SPORTS, Endpoint.EVENTS})
_ONE = frozenset({Endpoint.EVENT_MARKETS, Endpoint.PARTICIPANTS, Endpoint.PAST_EVENTS})
_PAST = frozenset({Endpoint.PAST_ODDS, Endpoint.PAST_EVENT_ODDS})
# These are charged for the markets that came back, not for those asked for.
_BY_RETURNED = frozenset({Endpoint.EVENT_ODDS, Endpoint.PAST_EVENT_ODDS})


def regions_charged(regions: Collection[str] = (), bookmakers: Collection[str] = ()) -> int:
    """Return how many regions a call counts as.

    Bookmakers win over regions; each started ten of them count as one. Names are counted once.

    >>> regions_charged({"us", "eu"}), regions_charged({"us", "eu"}, range(11))
    (2, 2)
    >>> regions_charged({"us", "eu"}, ["pinnacle"])
    1
    """
    if books := set(bookmakers):
        return -(-len(books) // BOOKS_A_REGION)
    return len(set(regions))


def cost_of(
    endpoint: Endpoint,
    *,
    markets: Collection[str] = (),
    regions: Collection[str] = (),
    bookmakers: Collection[str] = (),
    has_days_from: bool = False,
) -> int:
    """Return the most that a call can cost, in credits.

    >>> cost_of(Endpoint.ODDS, markets=["h2h", "spreads", "totals"], regions=["us", "eu"])
    6
    >>> cost_of(Endpoint.SCORES), cost_of(Endpoint.SCORES, has_days_from=True)
    (1, 2)
    """
    if endpoint in FREE:
        return 0
    if endpoint is Endpoint.SCORES:
        return 2 if has_days_from else 1
    if endpoint in _ONE:
        return 1
    credits = len(set(markets)) * regions_charged(regions, bookmakers)
    return HISTORICAL_FACTOR * credits if endpoint in _PAST else credits


def charge_of(
    endpoint: Endpoint,
    *,
    status: int,
    is_empty: bool,
    planned: int,
    region_count: int,
    returned_markets: Collection[str] = (),
) -> int | None:
    """Return what an answer should have cost by the rules, or None where they do not say.

    Nothing for an empty answer, for 401, 404, 422 and 429; events' odds by the markets that came
    back. `planned` is what `cost_of` gave. Whether a failure of the provider (5xx) is charged is
    not written anywhere.

    >>> charge_of(Endpoint.EVENT_ODDS, status=200, is_empty=False, planned=4, region_count=2,
    ...           returned_markets={"btts"})
    2
    """
    if 400 <= status < 500:
        return 0
    if status != 200:
        return None
    if is_empty and endpoint not in (Endpoint.SCORES, Endpoint.EVENT_MARKETS):
        # An empty list of participants or scores was never seen priced; the rest is free.
        return planned if endpoint is Endpoint.PARTICIPANTS else 0
    if endpoint in _BY_RETURNED:
        factor = HISTORICAL_FACTOR if endpoint in _PAST else 1
        return factor * len(set(returned_markets)) * region_count
    return planned


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """Return the first moment of the month that credits are counted in, and of the next (UTC).

    >>> [at.isoformat() for at in month_of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))]
    ['2026-12-01T00:00:00+00:00', '2027-01-01T00:00:00+00:00']
    """
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Account:
    """A provider's credits in one month, by our ledger and by its headers.

    `spent` is by our ledger: what was charged, by the rules where the answer did not say, and
    where nothing is known, as for calls without an answer, the most it can be (`guessed` of it,
    up to the newest headers). `held` is for calls under way. `used` and `remaining` are what the
    newest headers said; None means that none did, never nought. `spent_when_said` is our sum then.
    """

    budget: int | None
    spent: int
    held: int = 0
    used: int | None = None
    remaining: int | None = None
    spent_when_said: int = 0
    guessed: int = 0

    @property
    def difference(self) -> int | None:
        """Return what the provider counts beyond our ledger, None where it has not said.

        Above nought, someone else spent it; below, calls that we counted were not charged.
        """
        return None if self.used is None else self.used - self.spent_when_said

    @property
    def committed(self) -> int:
        """Return what counts as spent this month: the most that ledger and headers agree with.

        What was only guessed is dropped as soon as the headers tell.

        >>> Account(None, 120, used=130, spent_when_said=100).committed
        150
        """
        if self.used is None:
            return self.spent
        known = self.spent_when_said - self.guessed
        return max(self.used, known) + self.spent - self.spent_when_said

    @property
    def left(self) -> int | None:
        """Return what may still be spent: the least of budget and plan; None: no limit known.

        >>> Account(500, 120, held=6, used=130, remaining=370, spent_when_said=120).left
        364
        """
        limits = []
        if self.budget is not None:
            limits.append(self.budget - self.committed - self.held)
        if self.remaining is not None:
            limits.append(self.remaining - (self.spent - self.spent_when_said) - self.held)
        return min(limits) if limits else None


def forecast(*, spent: int, recent: int, recent_span: timedelta, now: datetime) -> int | None:
    """Return what will have been spent at the end of the month, at the recent pace.

    `recent` credits were spent in the `recent_span` before now. None where that span is too short
    to tell (under an hour).

    >>> forecast(spent=100, recent=70, recent_span=timedelta(days=7),
    ...          now=datetime(2026, 1, 22, tzinfo=UTC))
    200
    """
    if recent_span < timedelta(hours=1):
        return None
    to_come = month_of(now)[1] - now
    return spent + round(recent * (to_come / recent_span))
