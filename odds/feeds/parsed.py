"""What every feed and importer produces, whatever the outside format."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from odds.feeds.columns import QuoteColumns, no_quotes


class BadPayload(Exception):
    """An answer or a row that cannot be used, naming the first field at fault and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be used: kept with its first fault until someone mends it."""

    field: str
    reason: str
    raw: dict[str, Any]
    row_number: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedTeam:
    """A team as a results file lists it: `name` is shown, `aliases` are its other spellings."""

    competition_key: str
    name: str
    code: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event as a source lists it; `key` is the source's own name for it."""

    source: str
    key: str
    competition_key: str
    home: str
    away: str
    day: date
    starts_at: datetime
    start_is_exact: bool = True
    season: str = ""
    stage: str = "regular"
    neutral_site: bool = False


@dataclass(frozen=True, slots=True)
class ParsedResult:
    """A final score, and when it was, or could first have been, known."""

    source: str
    event_key: str
    home_score: int
    away_score: int
    seen_at: datetime
    overtimes: int = 0


@dataclass(frozen=True, slots=True)
class ParsedBoxScore:
    """One side's box score."""

    source: str
    event_key: str
    is_home: bool
    stats: dict[str, float]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line published without a price."""

    source: str
    event_key: str
    market_key: str
    moment: str
    point: Decimal
    seen_at: datetime


@dataclass(slots=True)
class ParsedSweep:
    """What one answer of a provider said, all of it seen at one moment.

    What is missing from it was withdrawn, within what was looked at: the markets asked for (None:
    those that occur in the sweep), at the bookmakers asked for (None: any). In a partial sweep,
    such as an archive that holds a few columns, only the bookmakers that an event lists in a
    market were looked at there.
    """

    provider: str
    competition_key: str
    seen_at: datetime
    events: list[ParsedEvent] = field(default_factory=list)
    quotes: QuoteColumns = field(default_factory=no_quotes)
    bookmaker_titles: dict[str, str] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    markets_asked: frozenset[str] | None = None
    books_asked: frozenset[str] | None = None
    is_partial: bool = False

    def of_listed_books(self) -> "ParsedSweep":
        """Return it as a look at no bookmakers but those it lists, or those asked for by name.

        For an answer about fewer regions than are asked for elsewhere: which bookmakers a region
        has, nobody tells, so of those that are missing nothing is known.
        """
        if self.books_asked is not None:
            return self
        return replace(self, books_asked=frozenset(self.bookmaker_titles))
