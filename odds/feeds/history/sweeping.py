"""From stored snapshots to sweeps, each seen no earlier than it can have been."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from odds.feeds.parsed import ParsedEvent, ParsedQuote, ParsedSweep


@dataclass(slots=True)
class _Listed:
    event: ParsedEvent
    quotes: list[ParsedQuote] = field(default_factory=list)


class Snapshots:
    """Collects the prices of a file by collector and moment, and gives them as sweeps.

    A collector looks at all bookmakers that it shows anywhere in the file, so a bookmaker missing
    from one of its snapshots offered nothing then. A price whose bookmaker's time is later than
    the snapshot that holds it was not seen at that moment, whatever the file says: that event
    counts as seen at the newest such time.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._found: dict[tuple[str, str, datetime], dict[str, _Listed]] = defaultdict(dict)
        self._books: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._titles: dict[str, str] = {}

    def listed(self, collector: str, at: datetime, event: ParsedEvent) -> list[ParsedQuote]:
        """Return the list that takes an event's prices in one snapshot."""
        snapshot = self._found[event.competition_key, collector, at]
        entry = snapshot.get(event.key)
        if entry is None:
            entry = snapshot[event.key] = _Listed(event)
        return entry.quotes

    def name_books(self, titles: dict[str, str]) -> None:
        """Remember what bookmakers are called."""
        self._titles |= titles

    def sweeps(self) -> Iterator[ParsedSweep]:
        """Return the sweeps in order of the moments they count as seen at."""
        for (competition, collector, _), snapshot in self._found.items():
            books = self._books[competition, collector]
            for entry in snapshot.values():
                books.update(quote.bookmaker_key for quote in entry.quotes)
        sweeps = []
        for (competition, collector, at), snapshot in self._found.items():
            by_moment: dict[datetime, list[_Listed]] = defaultdict(list)
            for entry in snapshot.values():
                by_moment[_seen_at(entry.quotes, at)].append(entry)
            for seen_at, entries in by_moment.items():
                sweeps.append(
                    ParsedSweep(
                        provider=self._provider,
                        competition_key=competition,
                        seen_at=seen_at,
                        events=[entry.event for entry in entries],
                        quotes=[quote for entry in entries for quote in entry.quotes],
                        bookmaker_titles=self._titles,
                        books_asked=frozenset(self._books[competition, collector]),
                    )
                )
        yield from sorted(sweeps, key=lambda sweep: sweep.seen_at)


def _seen_at(quotes: list[ParsedQuote], at: datetime) -> datetime:
    return max([at, *(quote.last_update for quote in quotes if quote.last_update is not None)])
