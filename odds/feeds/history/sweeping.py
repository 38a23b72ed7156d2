"""From a file's prices to sweeps, each seen no earlier than it can have been."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from odds.domain.table import IntArray
from odds.feeds.columns import NO_TIME, QuoteBuilder, moment_of
from odds.feeds.parsed import ParsedEvent, ParsedSweep


class Archive:
    """Collects prices that a file tells match by match, each match and moment a sweep of its own.

    Only what is listed was looked at.
    """

    def __init__(self, provider: str) -> None:
        self.quotes = QuoteBuilder()
        self.titles: dict[str, str] = {}
        self._provider = provider
        self._groups: dict[tuple[str, str, datetime], int] = {}
        self._events: list[ParsedEvent] = []

    def group(self, event: ParsedEvent, seen_at: datetime) -> int:
        """Return the group that takes an event's prices of one moment."""
        key = (event.source, event.key, seen_at)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = len(self._events)
            self._events.append(event)
        return found

    def sweeps(self) -> Iterator[ParsedSweep]:
        """Return the sweeps in the order of the file; one without a price is left out."""
        parts = self.quotes.split(len(self._events))
        for (_, _, seen_at), event, quotes in zip(self._groups, self._events, parts, strict=True):
            if len(quotes):
                yield ParsedSweep(
                    provider=self._provider,
                    competition_key=event.competition_key,
                    seen_at=seen_at,
                    events=[event],
                    quotes=quotes,
                    bookmaker_titles=self.titles,
                    is_partial=True,
                )


@dataclass(slots=True)
class _Listed:
    """An event in one snapshot; `key` is the competition and the collector."""

    event: ParsedEvent
    key: tuple[str, str]
    at: datetime


class Snapshots:
    """Collects the prices of a file by collector and moment, and gives them as sweeps.

    A collector looks at all bookmakers that it shows anywhere in the file, so a bookmaker missing
    from one of its snapshots offered nothing then. A price whose bookmaker's time is later than
    the snapshot that holds it was not seen at that moment, whatever the file says: that event
    counts as seen at the newest such time.
    """

    def __init__(self, provider: str) -> None:
        self.quotes = QuoteBuilder()
        self._provider = provider
        self._groups: dict[tuple[str, str, datetime, str], int] = {}
        self._listed: list[_Listed] = []
        self._titles: dict[str, str] = {}

    def group(self, collector: str, at: datetime, event: ParsedEvent) -> int:
        """Return the group that takes an event's prices in one snapshot."""
        key = (event.competition_key, collector, at, event.key)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = len(self._listed)
            self._listed.append(_Listed(event, (event.competition_key, collector), at))
        return found

    def name_books(self, titles: dict[str, str]) -> None:
        """Remember what bookmakers are called."""
        self._titles |= titles

    def sweeps(self) -> Iterator[ParsedSweep]:
        """Return the sweeps in order of the moments they count as seen at."""
        rows, group = self.quotes.columns(), self.quotes.groups()
        books = self._books(rows.bookmaker, group)
        # Which listings make a sweep: those of one snapshot that count as seen at one moment.
        newest = np.full(len(self._listed), NO_TIME)
        np.maximum.at(newest, group, rows.last_update)
        members: dict[tuple[tuple[str, str], datetime, datetime], list[int]] = defaultdict(list)
        snapshots: dict[tuple[tuple[str, str], datetime], int] = {}
        for place, (entry, update) in enumerate(zip(self._listed, newest.tolist(), strict=True)):
            seen_at = max(entry.at, moment_of(update) or entry.at)
            members[entry.key, entry.at, seen_at].append(place)
            snapshots.setdefault((entry.key, entry.at), len(snapshots))
        keys = sorted(members, key=lambda key: snapshots[key[:2]])
        order_of = np.empty(len(self._listed), np.int64)
        order_of[[place for key in keys for place in members[key]]] = np.arange(len(self._listed))
        order = np.argsort(order_of[group], kind="stable")
        rows, placed = rows.rows(order), order_of[group][order]
        ends = np.cumsum([len(members[key]) for key in keys])
        stops = np.searchsorted(placed, ends, side="left").tolist()
        sweeps = []
        for key, start, stop in zip(keys, [0, *stops[:-1]], stops, strict=True):
            (competition, collector), _, seen_at = key
            sweeps.append(
                ParsedSweep(
                    provider=self._provider,
                    competition_key=competition,
                    seen_at=seen_at,
                    events=[self._listed[place].event for place in members[key]],
                    quotes=rows.rows(slice(start, stop)),
                    bookmaker_titles=self._titles,
                    books_asked=books[competition, collector],
                )
            )
        yield from sorted(sweeps, key=lambda sweep: sweep.seen_at)

    def _books(self, bookmaker: IntArray, group: IntArray) -> dict[tuple[str, str], frozenset[str]]:
        names = list(self.quotes.names.bookmakers)
        of: dict[tuple[str, str], int] = {}
        codes = [of.setdefault(entry.key, len(of)) for entry in self._listed]
        keys = list(of)
        found: dict[tuple[str, str], set[str]] = {key: set() for key in keys}
        width = max(len(names), 1)
        for pair in np.unique(np.array(codes, np.int64)[group] * width + bookmaker).tolist():
            found[keys[pair // width]].add(names[pair % width])
        return {key: frozenset(books) for key, books in found.items()}
