"""The Scanner: arbitrages, low holds, middles, outliers and moves of the coming week."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from odds.as_of import quotes_as_of
from odds.domain.arbitrage import arbitrages, best_books, low_holds
from odds.domain.consensus import BY_SPORT
from odds.domain.middles import middles
from odds.domain.outliers import outliers
from odds.domain.scan import Gates
from odds.domain.steam import shifts
from odds.domain.table import QuoteTable
from odds.finds import Finds, Naming, Raw
from odds.selectors import latest_quotes

AHEAD = timedelta(days=7)
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to search for: `outlay` and `unit` of the stakes, the oldest a leg may be, in minutes.

    Finds that break a gate are left out unless `with_doubtful`; simulated competitions unless
    `with_simulated`.
    """

    outlay: Decimal = Decimal(100)
    unit: Decimal = Decimal(1)
    max_age: float = 15.0
    competition_key: str = ""
    with_doubtful: bool = False
    with_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """The finds of one kind, and how many more were left out for breaking a gate."""

    found: Finds
    left_out: int
    quotes: int
    books: int
    events: int
    newest: datetime | None


_Search = Callable[[QuoteTable, Asked, Gates, datetime], Sequence[Raw]]


def scan(kind: str, asked: Asked, *, now: datetime) -> Scan:
    """Search the slate of the next seven days for one of KINDS.

    Raises:
        KeyError: for a kind that is none.
    """
    search = _SEARCHES[kind]
    table = latest_quotes(
        now=now, starts_before=now + AHEAD, competition_key=asked.competition_key or None
    )
    raw = search(table, asked, Gates(max_age=asked.max_age), now)
    naming = Naming(kind, raw, outlay=asked.outlay, unit=asked.unit)
    wanted = [
        find
        for find in raw
        if asked.with_simulated or not naming.events[find.event_id].competition.is_simulated
    ]
    sound = [find for find in wanted if not naming.doubts(find)]
    newest = table.confirmed_at.max().item().replace(tzinfo=UTC) if len(table) else None
    return Scan(
        found=Finds(wanted if asked.with_doubtful else sound, naming),
        left_out=len(wanted) - len(sound),
        quotes=len(table),
        books=len(np.unique(table.bookmaker_id)),
        events=len(np.unique(table.event_id)),
        newest=newest,
    )


def as_moment(at: datetime) -> np.datetime64:
    """Return a time as tables of quotes have it."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def _arbitrages(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return arbitrages(best_books(table, at=as_moment(now), gates=gates))


def _low_holds(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return low_holds(best_books(table, at=as_moment(now), gates=gates))


def _middles(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return middles(table, at=as_moment(now), gates=gates, method=BY_SPORT)


def _outliers(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return outliers(table, at=as_moment(now), gates=gates, method=BY_SPORT)


def _moves(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    minute = now.replace(second=0, microsecond=0)
    before = slate_before(minute, asked.competition_key or None)
    return shifts(before, table, at=as_moment(now), method=BY_SPORT, gates=gates)


@lru_cache(maxsize=2)
def slate_before(minute: datetime, competition_key: str | None) -> QuoteTable:
    """Return the slate of the next seven days as it was known an hour before this minute.

    Read once a minute, whoever asks: what was known then does not change, but for a sweep that is
    filled in late. A page that asks with each changed price reads only the prices of now.
    """
    return quotes_as_of(
        at=minute - WINDOW,
        starts_after=minute,
        # Whatever starts within seven days of any moment of this minute.
        starts_before=minute + timedelta(minutes=1) + AHEAD,
        competition_key=competition_key,
    )


_SEARCHES: dict[str, _Search] = {
    "arbitrages": _arbitrages,
    "low-holds": _low_holds,
    "middles": _middles,
    "outliers": _outliers,
    "steam": _moves,
}
KINDS = {
    "arbitrages": "Arbitrages",
    "low-holds": "Low hold",
    "middles": "Middles",
    "outliers": "Outliers",
    "steam": "Steam and shifts",
}
