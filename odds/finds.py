"""What the Scanner found, named for readers: events and books by name, stakes to the unit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import overload

from accounts.showing.formats import MINUS, fair_text, point_text, share_text
from odds.domain.arbitrage import BestBook, Stakes, stakes_for
from odds.domain.middles import Middle
from odds.domain.outliers import Outlier
from odds.domain.scan import Leg
from odds.domain.steam import Shift
from odds.models import Bookmaker, Event
from odds.screens import market_title

Raw = BestBook | Middle | Outlier | Shift
Numbers = dict[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True)
class FoundLeg:
    """One price to take: where, how much of the outlay, how long ago it was seen."""

    selection_id: int
    title: str
    bookmaker_id: int
    book: str
    bookmaker_key: str
    price: Decimal
    age: timedelta
    stake: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One find. `value` is what it is sorted by: profit, hold, expected, edge or change.

    `numbers` are its other figures by name, for the API; `note` says them in words.
    `profit` is what the stakes earn on `outlay` whichever leg wins alone, to the cent.
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
    numbers: Numbers
    profit: Decimal | None = None
    outlay: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """What differs by kind of find."""

    value: float
    note: str
    numbers: Numbers
    line: float | None = None
    legs: Sequence[Leg] = ()
    staked: Stakes | None = None


class Naming:
    """Names finds of one kind; two queries however many there are."""

    def __init__(self, kind: str, found: Iterable[Raw], *, outlay: Decimal, unit: Decimal) -> None:
        self.kind, self.outlay, self.unit = kind, outlay, unit
        found = list(found)
        self.events = {
            event.pk: event
            for event in Event.objects.filter(
                pk__in={each.event_id for each in found}
            ).select_related("home", "away", "competition")
        }
        keys = {leg.bookmaker_key for each in found for leg in _legs(each)}
        self.books = {book.key: book for book in Bookmaker.objects.filter(key__in=keys)}

    def named(self, find: Raw) -> Found:
        """Return one find for a reader."""
        told = self._told(find)
        stakes = told.staked.stakes if told.staked else (None,) * len(told.legs)
        return Found(
            kind=self.kind,
            event=self.events[find.event_id],
            market_key=find.market_key,
            market=market_title(find.market_key),
            line=told.line,
            legs=[
                self.leg(find.event_id, leg, stake)
                for leg, stake in zip(told.legs, stakes, strict=True)
            ],
            value=told.value,
            note=told.note,
            oldest=timedelta(minutes=find.oldest_age),
            doubts=self.doubts(find),
            numbers=told.numbers,
            profit=told.staked.profit if told.staked else None,
            outlay=told.staked.outlay if told.staked else None,
        )

    def doubts(self, find: Raw) -> tuple[str, ...]:
        """Return which gates a find breaks; an arbitrage also if its stakes earn nothing."""
        if self.kind == "arbitrages":
            staked, _ = self._stakes(_legs(find))
            if staked is not None and staked.profit <= 0:
                return (
                    *find.doubts,
                    f"in units of {self.unit} the stakes earn nothing for certain, "
                    f"{signed_amount(staked.profit)} of {staked.outlay:,}: "
                    "it takes a larger outlay or a smaller unit",
                )
        return find.doubts

    def _told(self, find: Raw) -> _Told:
        match find:
            case BestBook():
                return self._book(find)
            case Middle():
                return self._middle(find)
            case Outlier():
                return _outlier(find)
            case Shift():
                return self._shift(find)

    def _book(self, find: BestBook) -> _Told:
        staked, unstaked = self._stakes(find.legs)
        returned = {
            0.0: "",
            0.5: "On a score a quarter from the line half of every stake comes back, "
            "and so half the profit is made.",
            1.0: "On a push every stake comes back.",
        }[find.comes_back]
        return _Told(
            value=find.profit if self.kind == "arbitrages" else find.hold,
            note=f"{unstaked} {returned}".strip(),
            numbers={"comes_back": find.comes_back},
            line=_line(find.line),
            legs=find.legs,
            staked=staked,
        )

    def _middle(self, find: Middle) -> _Told:
        staked, unstaked = self._stakes(find.legs)
        known = (
            "How often it hits is not known: no bookmaker prices both lines."
            if find.hit_probability is None
            else f"It hits {share_text(find.hit_probability)} of the time, by the bookmakers that "
            "price both lines."
        )
        earned = (
            f"a miss costs {share_text(find.cost)}, a hit earns {share_text(find.gain)}; "
            f"it pays if it hits more than {share_text(find.break_even)} of the time"
            if find.cost > 0
            else f"a miss earns {share_text(-find.cost)} too, a hit {share_text(find.gain)}"
        )
        return _Told(
            value=-find.cost if find.expected is None else find.expected,
            note=f"Both win {_between(find, self.events[find.event_id])}: "
            f"{earned}. {known} {unstaked}".strip(),
            numbers={
                "from_score": find.from_score,
                "to_score": find.to_score,
                "cost": find.cost,
                "gain": find.gain,
                "break_even": find.break_even,
                "hit_probability": find.hit_probability,
                "expected": find.expected,
            },
            legs=find.legs,
            staked=staked,
        )

    def _shift(self, find: Shift) -> _Told:
        title = self._title(find.event_id, find.side, find.line)
        steam = "Steam: " if find.is_steam else ""
        return _Told(
            value=find.change,
            note=f"{steam}{title}, {share_text(find.before)} to {share_text(find.now)} "
            f"within the hour; {find.shortened} of {find.books} books shortened, "
            f"{find.drifted} drifted.",
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
            line=_line(find.line),
        )

    def _stakes(self, legs: Sequence[Leg]) -> tuple[Stakes | None, str]:
        """Return stakes for equal payouts, or None and why there are none."""
        try:
            staked = stakes_for(
                [three_places(each.price) for each in legs],
                [Decimal(repr(each.commission)) for each in legs],
                outlay=self.outlay,
                unit=self.unit,
            )
        except ValueError:
            return None, f"{self.outlay:,} in units of {self.unit} leaves a leg without a stake."
        return staked, ""

    def _title(self, event_id: int, side: str, line: float) -> str:
        event = self.events[event_id]
        name = {"home": event.home.name, "away": event.away.name}.get(side, side.capitalize())
        if line != line:
            return name
        point = -line if side == "away" else line
        return f"{name} {point_text(point, signed=side in ('home', 'away'))}"

    def leg(self, event_id: int, each: Leg, stake: Decimal | None) -> FoundLeg:
        """Return one leg for a reader."""
        book = self.books[each.bookmaker_key]
        return FoundLeg(
            selection_id=each.selection_id,
            title=self._title(event_id, each.side, each.line),
            bookmaker_id=book.pk,
            book=book.title,
            bookmaker_key=each.bookmaker_key,
            price=three_places(each.price),
            age=timedelta(minutes=each.age),
            stake=stake,
        )


class Finds(Sequence[Found]):
    """Finds in order, each named when it is read: a page shows 25 of hundreds."""

    def __init__(self, raw: Sequence[Raw], naming: Naming) -> None:
        self._raw, self._naming = raw, naming

    def __len__(self) -> int:
        """Return how many there are, without naming them."""
        return len(self._raw)

    @overload
    def __getitem__(self, at: int) -> Found: ...
    @overload
    def __getitem__(self, at: slice) -> list[Found]: ...
    def __getitem__(self, at: int | slice) -> Found | list[Found]:
        """Return the find at a place, or a list of those of a slice."""
        if isinstance(at, slice):
            return [self._naming.named(find) for find in self._raw[at]]
        return self._naming.named(self._raw[at])


def _outlier(find: Outlier) -> _Told:
    behind = ": left behind" if find.is_stale else ""
    return _Told(
        value=find.edge,
        note=f"The other books' fair price is {fair_text(find.fair)}; the consensus of all, as "
        f"Odds shows it, is {fair_text(find.consensus)}. "
        f"{find.moved_since} of {find.others} others moved since{behind}.",
        numbers={
            "fair_probability": find.fair,
            "consensus": find.consensus,
            "others": find.others,
            "moved_since": find.moved_since,
            "is_stale": find.is_stale,
        },
        line=_line(find.leg.line),
        legs=(find.leg,),
    )


def _legs(find: Raw) -> Sequence[Leg]:
    if isinstance(find, BestBook | Middle):
        return find.legs
    return (find.leg,) if isinstance(find, Outlier) else ()


def three_places(value: float) -> Decimal:
    """Return a price as it is kept."""
    return Decimal(repr(value)).quantize(Decimal("0.001"))


def signed_amount(amount: Decimal, sign: str = "") -> str:
    """Write an amount with a true minus, its currency's sign and thousands apart.

    >>> signed_amount(Decimal("-1234.50")), signed_amount(Decimal("6.5"), "€")
    ('−1,234.50', '€6.5')
    """
    return f"{MINUS if amount < 0 else ''}{sign}{abs(amount):,}"


def _between(find: Middle, event: Event) -> str:
    """Say between which scores both legs of a middle win, by the names of who has to."""
    low, high = find.from_score, find.to_score
    if find.legs[0].side not in {"home", "away"}:
        return f"on a total between {_score(low)} and {_score(high)}"
    if low >= 0:
        return f"where {event.home.name} win by {_score(low)} to {_score(high)}"
    if high <= 0:
        return f"where {event.away.name} win by {_score(-high)} to {_score(-low)}"
    return f"between {event.away.name} by {_score(-low)} and {event.home.name} by {_score(high)}"


def _score(value: float) -> str:
    return f"{value:g}".replace("-", MINUS)


def _line(value: float) -> float | None:
    return None if value != value else value
