"""What the simulator can serve: anything that knows events, odds and scores at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WorldSport:
    """What The Odds API calls a sport: a competition."""

    key: str
    group: str
    title: str
    description: str
    active: bool = True
    has_outrights: bool = False


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """An event as listed; `id` is 32 hex digits, the same at every endpoint."""

    id: str
    sport_key: str
    sport_title: str
    starts_at: datetime
    home: str
    away: str


@dataclass(frozen=True, slots=True)
class WorldOutcome:
    """One decimal price; `name` is a team, Draw, Over or Under.

    `description` says whose total it is: a team's or a player's.
    """

    name: str
    price: float
    point: float | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class WorldMarket:
    """One market at one bookmaker."""

    key: str
    last_update: datetime
    outcomes: tuple[WorldOutcome, ...]


@dataclass(frozen=True, slots=True)
class WorldBook:
    """One bookmaker's prices for one event; an empty region means that every region lists it."""

    key: str
    title: str
    region: str
    last_update: datetime
    markets: tuple[WorldMarket, ...]


@dataclass(frozen=True, slots=True)
class WorldOdds:
    """An event with its bookmakers."""

    event: WorldEvent
    books: tuple[WorldBook, ...]


@dataclass(frozen=True, slots=True)
class WorldScore:
    """An event's score; no points and no time before the start."""

    event: WorldEvent
    completed: bool
    home_score: int | None = None
    away_score: int | None = None
    last_update: datetime | None = None


class World(Protocol):
    """A world at any moment. The same moment always gives the same answer."""

    def sports(self) -> Sequence[WorldSport]:
        """Return what the world has."""
        ...

    def participants(self, sport_key: str) -> Sequence[str]:
        """Return the teams of a competition."""
        ...

    def book_keys(self) -> frozenset[str]:
        """Return every bookmaker the world knows."""
        ...

    def events(self, sport_key: str, at: datetime) -> Sequence[WorldEvent]:
        """Return the events listed at a moment: upcoming and under way, by start."""
        ...

    def odds(self, sport_key: str, at: datetime) -> Sequence[WorldOdds]:
        """Return the same events with the prices that stood at that moment."""
        ...

    def event_odds(self, sport_key: str, identity: str, at: datetime) -> WorldOdds | None:
        """Return one listed event with every market there is, or None."""
        ...

    def scores(self, sport_key: str, at: datetime) -> Sequence[WorldScore]:
        """Return events with scores as known then: upcoming, under way, finished in 3 days."""
        ...
