"""What the Scanner shows: arbitrages, low holds, middles, outliers and moves, each by name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from accounts.formats import point_text
from odds.domain.arbitrage import BestBook, arbitrages, best_books, low_holds, stakes_for
from odds.domain.consensus import BY_SPORT
from odds.domain.middles import Middle, middles
from odds.domain.outliers import Outlier, outliers
from odds.domain.scan import Gates, Leg
from odds.domain.steam import Shift, shifts
from odds.domain.table import QuoteTable
from odds.models import Bookmaker, Event
from odds.screens import market_title
from odds.selectors import latest_quotes, quotes_as_of

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
class FoundLeg:
    """One price to take: where, how much of the outlay, how long ago it was seen."""

    selection_id: int
    title: str
    book: str
    bookmaker_key: str
    price: Decimal
    age: timedelta
    stake: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One find. `value` is what it is sorted by: profit, hold, expected, edge or change.

    `numbers` are its other figures by name, for the API; `note` says them in words.
    """

    kind: str
    event: Event
    market_key: str
    market: str
    line: float | None
    legs: list[FoundLeg]
    value: float
    note: str
    oldest: timedelta
    doubts: tuple[str, ...]
    profit: Decimal | None = None
    outlay: Decimal | None = None
    numbers: dict[str, float | int | str | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """The finds of one kind, and how many more were left out for breaking a gate."""

    found: list[Found]
    left_out: int
    quotes: int
    books: int
    events: int
    newest: datetime | None


def scan(kind: str, asked: Asked, *, now: datetime) -> Scan:
    """Search the slate of the next seven days for one of KINDS.

    Raises:
        KeyError: for a kind that is none.
    """
    search = _SEARCHES[kind]
    table = latest_quotes(
        now=now, starts_before=now + AHEAD, competition_key=asked.competition_key or None
    )
    gates = Gates(max_age=asked.max_age)
    raw = search(table, asked, gates, now)
    names = _Names(
        {each.event_id for each in raw},
        {each.bookmaker_key for find in raw for each in _legs(find)},
    )
    named = [
        _named(kind, find, asked, names)
        for find in raw
        if asked.with_simulated or not names.events[find.event_id].competition.is_simulated
    ]
    sound = [each for each in named if not each.doubts]
    newest = table.confirmed_at.max().item().replace(tzinfo=UTC) if len(table) else None
    return Scan(
        found=named if asked.with_doubtful else sound,
        left_out=len(named) - len(sound),
        quotes=len(table),
        books=len(np.unique(table.bookmaker_id)),
        events=len(np.unique(table.event_id)),
        newest=newest,
    )


Raw = BestBook | Middle | Outlier | Shift
_Search = Callable[[QuoteTable, Asked, Gates, datetime], Sequence[Raw]]


def _moment(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def _arbitrages(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return arbitrages(best_books(table, at=_moment(now), gates=gates))


def _low_holds(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return low_holds(best_books(table, at=_moment(now), gates=gates))


def _middles(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return middles(table, at=_moment(now), gates=gates)


def _outliers(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    return outliers(table, at=_moment(now), gates=gates, method=BY_SPORT)


def _moves(table: QuoteTable, asked: Asked, gates: Gates, now: datetime) -> Sequence[Raw]:
    before = quotes_as_of(
        at=now - WINDOW,
        starts_after=now,
        starts_before=now + AHEAD,
        competition_key=asked.competition_key or None,
    )
    return shifts(before, table, at=_moment(now), method=BY_SPORT, gates=gates)


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


class _Names:
    """Events with their teams, and what bookmakers are called: two queries however many finds."""

    def __init__(self, event_ids: set[int], book_keys: set[str]) -> None:
        self.events = {
            event.pk: event
            for event in Event.objects.filter(pk__in=event_ids).select_related(
                "home", "away", "competition"
            )
        }
        self.books = dict(Bookmaker.objects.filter(key__in=book_keys).values_list("key", "title"))

    def selection(self, event_id: int, side: str, line: float) -> str:
        event = self.events[event_id]
        name = {"home": event.home.name, "away": event.away.name}.get(side, side.capitalize())
        if line != line:
            return name
        point = Decimal(repr(-line if side == "away" else line))
        return f"{name} {point_text(point, signed=side in ('home', 'away'))}"

    def leg(self, event_id: int, each: Leg, stake: Decimal | None = None) -> FoundLeg:
        return FoundLeg(
            selection_id=each.selection_id,
            title=self.selection(event_id, each.side, each.line),
            book=self.books[each.bookmaker_key],
            bookmaker_key=each.bookmaker_key,
            price=_price(each.price),
            age=timedelta(minutes=each.age),
            stake=stake,
        )


def _price(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.001"))


def _legs(find: Raw) -> Iterable[Leg]:
    if isinstance(find, BestBook | Middle):
        return find.legs
    return (find.leg,) if isinstance(find, Outlier) else ()


def _named(kind: str, find: Raw, asked: Asked, names: _Names) -> Found:
    if isinstance(find, BestBook):
        return _of_book(kind, find, asked, names)
    if isinstance(find, Middle):
        return _of_middle(find, asked, names)
    if isinstance(find, Outlier):
        return _of_outlier(find, names)
    return _of_shift(find, names)


def _of_book(kind: str, find: BestBook, asked: Asked, names: _Names) -> Found:
    try:
        staked = stakes_for(
            [_price(each.price) for each in find.legs],
            [Decimal(repr(each.commission)) for each in find.legs],
            outlay=asked.outlay,
            unit=asked.unit,
        )
    except ValueError:
        # The outlay is too small for a stake on every leg.
        staked = None
    stakes = staked.stakes if staked else (None,) * len(find.legs)
    note = "On a push every stake comes back." if find.can_push else ""
    if staked is None:
        note = f"{asked.outlay} in units of {asked.unit} leaves a leg without a stake. {note}"
    doubts = find.doubts
    if kind == "arbitrages" and staked is not None and staked.profit <= 0:
        doubts += (
            f"in units of {asked.unit} the stakes earn nothing for certain, {staked.profit} of "
            f"{staked.outlay}: it takes a larger outlay or a smaller unit",
        )
    return Found(
        kind=kind,
        event=names.events[find.event_id],
        market_key=find.market_key,
        market=market_title(find.market_key),
        line=_line(find.line),
        legs=[
            names.leg(find.event_id, each, stake)
            for each, stake in zip(find.legs, stakes, strict=True)
        ],
        value=find.profit if kind == "arbitrages" else find.hold,
        note=note.strip(),
        oldest=timedelta(minutes=find.oldest_age),
        doubts=doubts,
        profit=staked.profit if staked else None,
        outlay=staked.outlay if staked else None,
        numbers={"can_push": find.can_push},
    )


def _of_middle(find: Middle, asked: Asked, names: _Names) -> Found:
    payout = 1 - find.cost
    shares = [payout / each.net for each in find.legs]
    stakes = [
        (asked.outlay * Decimal(repr(share)) / asked.unit).quantize(Decimal(1)) * asked.unit
        for share in shares
    ]
    known = (
        "no score distribution speaks about it, so only its width is known"
        if find.hit_probability is None
        else f"hit {find.hit_probability:.1%} of the time"
    )
    return Found(
        kind="middles",
        event=names.events[find.event_id],
        market_key=find.market_key,
        market=market_title(find.market_key),
        line=None,
        legs=[
            names.leg(find.event_id, each, stake)
            for each, stake in zip(find.legs, stakes, strict=True)
        ],
        value=-find.cost if find.expected is None else find.expected,
        note=f"Both win between {find.from_score:g} and {find.to_score:g}: "
        f"a miss costs {find.cost:.1%}, a hit earns {find.gain:.1%}; "
        f"pays if hit more than {find.break_even:.1%} of the time; {known}.",
        oldest=timedelta(minutes=find.oldest_age),
        doubts=find.doubts,
        numbers={
            "from_score": find.from_score,
            "to_score": find.to_score,
            "cost": find.cost,
            "gain": find.gain,
            "break_even": find.break_even,
            "hit_probability": find.hit_probability,
        },
    )


def _of_outlier(find: Outlier, names: _Names) -> Found:
    stale = (
        f"{find.moved_since} of {find.others} others moved since: left behind."
        if find.is_stale
        else f"{find.moved_since} of {find.others} others moved since."
    )
    return Found(
        kind="outliers",
        event=names.events[find.event_id],
        market_key=find.market_key,
        market=market_title(find.market_key),
        line=_line(find.leg.line),
        legs=[names.leg(find.event_id, find.leg)],
        value=find.edge,
        note=f"The other books' fair price is {1 / find.fair:.3f}. {stale}",
        oldest=timedelta(minutes=find.oldest_age),
        doubts=find.doubts,
        numbers={
            "fair_probability": find.fair,
            "others": find.others,
            "moved_since": find.moved_since,
            "is_stale": find.is_stale,
        },
    )


def _of_shift(find: Shift, names: _Names) -> Found:
    title = names.selection(find.event_id, find.side, find.line)
    steam = "Steam: " if find.is_steam else ""
    return Found(
        kind="steam",
        event=names.events[find.event_id],
        market_key=find.market_key,
        market=market_title(find.market_key),
        line=_line(find.line),
        legs=[],
        value=find.change,
        note=f"{steam}{title}, {find.before:.1%} to {find.now:.1%} within the hour; "
        f"{find.shortened} of {find.books} books shortened, {find.drifted} drifted.",
        oldest=timedelta(minutes=find.oldest_age),
        doubts=find.doubts,
        numbers={
            "selection": find.selection_id,
            "before": find.before,
            "now": find.now,
            "books": find.books,
            "shortened": find.shortened,
            "drifted": find.drifted,
            "is_steam": find.is_steam,
            "first_mover": find.first_mover,
        },
    )


def _line(value: float) -> float | None:
    return None if value != value else value
