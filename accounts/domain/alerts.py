"""What is worth telling whom, when it may be told, and how long to wait after a failure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from string import Template
from zoneinfo import ZoneInfo

LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 15
# What a template may name, beside what the fact itself brings.
NAMES = ("title", "text", "link", "kind", "at")


class Kind(enum.StrEnum):
    """What one may be told of."""

    EDGE = "edge"
    MOVEMENT = "movement"
    ARBITRAGE = "arbitrage"
    BREAKER = "breaker"
    FEED = "feed"
    MODEL = "model"
    SETTLEMENT = "settlement"
    CORRECTION = "correction"
    LIMITS = "limits"


# What invites to bet: never sent to somebody who has excluded themselves.
NUDGES = frozenset({Kind.EDGE, Kind.MOVEMENT, Kind.ARBITRAGE})
# About one's own money: in the notices even where no rule asks for it.
ALWAYS_NOTED = frozenset({Kind.SETTLEMENT, Kind.CORRECTION})


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, in plain values. `key` says what it is about, for telling it once.

    With an `owner_id` it is that person's alone; without, everybody's.
    """

    kind: Kind
    key: str
    title: str
    text: str
    path: str
    at: datetime
    owner_id: int | None = None
    competition: str = ""
    strategy: str = ""
    bookmaker: str = ""
    edge: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule asks for; empty means any."""

    kind: str
    competition: str = ""
    strategy: str = ""
    bookmaker: str = ""
    least_edge: float | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours of a day in which nothing is sent; over midnight where the end comes first."""

    begin: time
    end: time


def matches(wanted: Wanted, fact: Fact) -> bool:
    """Say whether a rule asks for a fact.

    >>> from datetime import UTC
    >>> moment = datetime(2026, 3, 1, tzinfo=UTC)
    >>> fact = Fact(Kind.EDGE, "q1", "", "", "/", moment, competition="basketball_nba", edge=0.03)
    >>> matches(Wanted("edge", least_edge=0.02), fact), matches(Wanted("edge", bookmaker="x"), fact)
    (True, False)
    """
    return (
        wanted.kind == fact.kind
        and wanted.competition in ("", fact.competition)
        and wanted.strategy in ("", fact.strategy)
        and wanted.bookmaker in ("", fact.bookmaker)
        and (wanted.least_edge is None or (fact.edge or 0.0) >= wanted.least_edge)
    )


def sent_at(now: datetime, *, digest: str, quiet: Quiet | None, zone: str) -> datetime:
    """Return when what is known now may be sent: at once, with the digest, after quiet hours.

    A digest goes at the next full hour, or at 8:00 of the person's zone, and waits for the end of
    quiet hours too.

    >>> from datetime import UTC
    >>> late = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
    >>> sent_at(late, digest="", quiet=Quiet(time(23), time(7)), zone="Europe/Paris").isoformat()
    '2026-07-02T05:00:00+00:00'
    """
    due = now
    if digest == "hourly":
        due = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    elif digest == "daily":
        due = _next(now, time(8), zone)
    if quiet is None or not is_quiet(due, quiet, zone):
        return due
    return _next(due, quiet.end, zone)


def is_quiet(moment: datetime, quiet: Quiet, zone: str) -> bool:
    """Say whether a moment lies in somebody's quiet hours."""
    here = moment.astimezone(ZoneInfo(zone)).time()
    if quiet.begin <= quiet.end:
        return quiet.begin <= here < quiet.end
    return here >= quiet.begin or here < quiet.end


def _next(moment: datetime, at: time, zone: str) -> datetime:
    here = moment.astimezone(ZoneInfo(zone))
    day = here.date() if here.time() < at else here.date() + timedelta(days=1)
    return datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(moment.tzinfo)


def wait_after(
    failures: int, *, first: timedelta, spread: float, asked: timedelta | None = None
) -> timedelta:
    """Return how long to wait after so many failures: doubling, an hour at most, in [half, whole].

    `spread` in [0, 1) draws from that half, so that what failed together does not come back
    together. Where the receiver asked for longer, so long, an hour at most.

    Brooker (2015), "Exponential Backoff and Jitter".

    >>> wait_after(3, first=timedelta(seconds=10), spread=0.5).total_seconds()
    30.0
    """
    # Past this the doubling is far over the longest wait, and a float soon too small for it.
    doublings: int = 2 ** min(failures - 1, 20)
    whole = min(first * doublings, LONGEST_WAIT)
    wait = whole * (0.5 + spread / 2)
    return wait if asked is None else min(max(wait, asked), LONGEST_WAIT)


def unknown_names(template: str) -> list[str]:
    """Return the names in a template that mean nothing; `?` for a dollar sign without a name.

    >>> unknown_names("$title: $tilte costs $$5"), unknown_names("$5")
    (['tilte'], ['?'])
    """
    plain = Template(template)
    if not plain.is_valid():
        return ["?"]
    return [name for name in plain.get_identifiers() if name not in NAMES]


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its names replaced; an empty one is the title, the text, the link."""
    return Template(template or "$title\n$text\n$link").safe_substitute(values).strip()
