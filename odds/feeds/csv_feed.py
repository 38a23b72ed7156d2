"""Any CSV with one event, result or price a row, its columns named by a mapping.

docs/guides/add_a_feed.md describes the columns and has an example.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.domain.market_keys import market_fault
from odds.feeds.columns import ParsedQuote, columns_of
from odds.feeds.history.formats import Fact, Format, Row, read_rows
from odds.feeds.parsed import (
    BadPayload,
    ParsedEvent,
    ParsedResult,
    ParsedSweep,
    ParsedTeam,
    RejectedRow,
)
from odds.feeds.values import moment, number, whole

T = TypeVar("T")
NEEDED = ("competition", "home", "away", "starts_at")
RESULT = ("home_score", "away_score")
PRICE = ("bookmaker", "market", "side", "price")
COLUMNS = (*NEEDED, "event", *RESULT, *PRICE, "point", "last_update")
SIDES = ("home", "away", "draw", "over", "under")


class BadMapping(Exception):
    """A mapping that cannot be meant; the text names what to mend."""


def check_mapping(mapping: object) -> dict[str, str]:
    """Return a mapping: our column by name, theirs or a fixed value after "=".

    Raises:
        BadMapping: naming every fault.
    """
    if not isinstance(mapping, dict):
        raise BadMapping("columns must be an object: our column, theirs")
    faults = [f"{name!r} is no column of ours" for name in mapping if name not in COLUMNS]
    faults += [
        f"{name}: a column's name, or a value after '=', is missing"
        for name, theirs in mapping.items()
        if not isinstance(theirs, str) or theirs.strip() in ("", "=")
    ]
    if faults:
        raise BadMapping("; ".join(faults))
    return {str(name): str(theirs) for name, theirs in mapping.items()}


def csv_format(
    source: str, mapping: Mapping[str, str], *, now: datetime, names_teams: bool
) -> Format:
    """Return the format that reads a CSV by a mapping, its prices seen at `now`."""

    def read(path: Path) -> Iterator[Fact]:
        return _Reader(source, mapping, now, names_teams).read(path)

    return Format(
        name="CSV",
        source=source,
        rank=1,
        names_teams=names_teams,
        recognises=lambda _line: False,
        read=read,
    )


@dataclass(slots=True)
class _Reader:
    source: str
    mapping: Mapping[str, str]
    now: datetime
    names_teams: bool

    def read(self, path: Path) -> Iterator[Fact]:
        events: dict[str, ParsedEvent] = {}
        quotes: dict[str, list[ParsedQuote]] = {}
        results: dict[str, ParsedResult] = {}
        facts: list[Fact] = []
        unread: set[tuple[str, ...]] = set()
        for row_number, row in read_rows(path):
            event = None
            try:
                self._check_header(row)
                event = self._event(row)
                if all(self._text(row, name) for name in RESULT):
                    results[event.key] = self._result(row, event)
                if self._text(row, "price"):
                    quotes.setdefault(event.competition_key, []).append(self._quote(row, event))
            except BadPayload as bad:
                facts.append(RejectedRow(bad.field, bad.reason, dict(row), row_number))
                if event is not None:
                    unread.add((event.key, *(self._text(row, name) for name in PRICE[:2])))
            else:
                events[event.key] = event
        yield from self._teams(events.values())
        yield from facts
        yield from events.values()
        yield from results.values()
        for competition_key, of_competition in quotes.items():
            # Of a market that cannot be read whole nothing is known: what is missing is not gone.
            read = [q for q in of_competition if _market_of(q) not in unread]
            yield self._sweep(competition_key, read, events.values())

    def _teams(self, events: Iterable[ParsedEvent]) -> list[ParsedTeam]:
        if not self.names_teams:
            return []
        names = {(e.competition_key, name) for e in events for name in (e.home, e.away)}
        return [ParsedTeam(*name) for name in sorted(names)]

    def _sweep(
        self, competition_key: str, quotes: list[ParsedQuote], events: Iterable[ParsedEvent]
    ) -> ParsedSweep:
        return ParsedSweep(
            provider=self.source,
            competition_key=competition_key,
            seen_at=self.now,
            events=[e for e in events if e.competition_key == competition_key],
            quotes=columns_of(quotes),
            is_partial=True,
        )

    def _check_header(self, row: Row) -> None:
        for name in NEEDED:
            theirs = self.mapping.get(name, name)
            if not theirs.startswith("=") and theirs not in row:
                raise BadPayload(name, f"the file has no column {theirs!r}; map it to another")

    def _text(self, row: Row, name: str) -> str:
        theirs = self.mapping.get(name, name)
        return theirs[1:].strip() if theirs.startswith("=") else row.get(theirs, "").strip()

    def _must(self, row: Row, name: str) -> str:
        text = self._text(row, name)
        if not text:
            raise BadPayload(name, "blank")
        return text

    def _event(self, row: Row) -> ParsedEvent:
        competition, home, away = (self._must(row, name) for name in NEEDED[:3])
        starts_at = self._moment(row, "starts_at")
        day = starts_at.astimezone(ZoneInfo(competition_info(competition).time_zone)).date()
        key = self._text(row, "event") or f"{competition}_{day.isoformat()}_{home}_{away}"
        return ParsedEvent(
            source=self.source,
            key=key[:96],
            competition_key=competition[:64],
            home=home,
            away=away,
            day=day,
            starts_at=starts_at,
        )

    def _result(self, row: Row, event: ParsedEvent) -> ParsedResult:
        scores = [self._whole(row, name) for name in RESULT]
        return ParsedResult(self.source, event.key, scores[0], scores[1], self.now)

    def _quote(self, row: Row, event: ParsedEvent) -> ParsedQuote:
        book, market, side = (self._must(row, name) for name in PRICE[:3])
        if why := market_fault(market):
            raise BadPayload("market", f"{market[:48]!r} is not kept: {why}")
        if side.lower() not in SIDES:
            raise BadPayload("side", f"{side[:40]!r} is none of {', '.join(SIDES)}")
        point = self._text(row, "point")
        update = self._text(row, "last_update")
        return ParsedQuote(
            source=self.source,
            event_key=event.key,
            bookmaker_key=book[:64],
            market_key=market[:48],
            side=side.lower(),
            point=self._number(row, "point") if point else None,
            price=self._number(row, "price"),
            last_update=self._moment(row, "last_update") if update else None,
        )

    def _number(self, row: Row, name: str) -> Decimal:
        return _named(name, lambda: number(self._must(row, name)))

    def _whole(self, row: Row, name: str) -> int:
        return _named(name, lambda: whole(self._must(row, name)))

    def _moment(self, row: Row, name: str) -> datetime:
        text = self._must(row, name)
        return _named(name, lambda: moment(text))


def _market_of(quote: ParsedQuote) -> tuple[str, ...]:
    return quote.event_key, quote.bookmaker_key, quote.market_key


def _named(name: str, read: Callable[[], T]) -> T:
    """Return what is read, telling a fault by our column's name."""
    try:
        return read()
    except BadPayload as bad:
        raise BadPayload(name, bad.reason) from None
