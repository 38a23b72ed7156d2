"""Query parameters of The Odds API v4, each refused by its own code when it is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from odds.simulator.render import Form
from odds.simulator.worlds import World, WorldEvent, WorldOdds

REGIONS = frozenset({"us", "us2", "us_dfs", "us_ex", "uk", "eu", "fr", "se", "au"})
FEATURED = frozenset({"h2h", "spreads", "totals", "outrights", "h2h_lay", "outrights_lay"})
_OUTRIGHTS = frozenset({"outrights", "outrights_lay"})
_ADDITIONAL = frozenset(
    {
        "alternate_spreads",
        "alternate_totals",
        "btts",
        "draw_no_bet",
        "double_chance",
        "h2h_3_way",
        "team_totals",
        "alternate_team_totals",
    }
)
_PERIOD = re.compile(
    r"(h2h|h2h_3_way|spreads|totals|team_totals|alternate_(spreads|totals|team_totals))"
    r"_(q[1-4]|h[12]|p[1-3]|1st_[1357]_innings|s[12])"
)
_PROP = re.compile(r"(player|batter|pitcher)_[a-z0-9_]+")
ADDITIONAL_MARKETS_FROM = datetime(2023, 5, 3, 5, 30, tzinfo=UTC)
_LAY = "_lay"
_STATUSES = {"pre", "live"}
_BOOKS_A_REGION = 10
_ISO = "%Y-%m-%dT%H:%M:%SZ"


class Refused(Exception):
    """A request that gets an error: its status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class BookFilter:
    """Which bookmakers were asked for, and how many regions that costs."""

    keys: frozenset[str] | None
    in_regions: frozenset[str]
    regions: int

    def of(self, odds: WorldOdds, markets: frozenset[str] | None) -> WorldOdds:
        """Return an event with the wanted books and markets only; books left empty are left out."""
        books = []
        for book in odds.books:
            if self.keys is not None:
                is_wanted = book.key in self.keys
            else:
                is_wanted = not book.region or book.region in self.in_regions
            if not is_wanted:
                continue
            kept = tuple(
                market
                for market in book.markets
                # An exchange's lay prices come along with its back prices, unasked.
                if markets is None or {market.key, market.key.removesuffix(_LAY)} & markets
            )
            if kept:
                books.append(replace(book, markets=kept))
        return replace(odds, books=tuple(books))


@dataclass(frozen=True, slots=True)
class Query:
    """One request: its parameters, what its path names, and the moment it is answered."""

    world: World
    now: datetime
    params: Mapping[str, str]
    named: Mapping[str, str]
    has_history: bool

    def sport(self) -> str:
        key = self.named["sport"]
        if not re.fullmatch("[a-z0-9_]+", key):
            raise Refused(422, "INVALID_SPORT", "Invalid sport key")
        if key not in {sport.key for sport in self.world.sports()}:
            raise Refused(404, "UNKNOWN_SPORT", "Unknown sport")
        return key

    def event_id(self) -> str:
        identity = self.named["event"]
        if not re.fullmatch("[0-9a-f]{32}", identity):
            raise Refused(422, "INVALID_EVENT_ID", "Invalid event id: 32 hex digits expected")
        return identity

    def books(self) -> BookFilter:
        """Return the wanted bookmakers; `bookmakers` wins over `regions`."""
        if books := _listed(self.params.get("bookmakers", "")):
            if unknown := sorted(set(books) - self.world.book_keys()):
                raise Refused(422, "INVALID_BOOKMAKERS", f"Invalid bookmakers: {','.join(unknown)}")
            groups = -(-len(set(books)) // _BOOKS_A_REGION)
            return BookFilter(frozenset(books), frozenset(), groups)
        regions = frozenset(_listed(self.params.get("regions", "")))
        if not regions:
            raise Refused(422, "MISSING_REGION", "Missing regions or bookmakers key")
        if unknown := sorted(regions - REGIONS):
            raise Refused(422, "INVALID_REGION", f"Invalid regions: {','.join(unknown)}")
        return BookFilter(None, regions, len(regions))

    def markets(self, *, allowed: frozenset[str] | None) -> frozenset[str]:
        """Return the markets asked for; `allowed` None means that any known one will do."""
        outrights = {sport.key for sport in self.world.sports() if sport.has_outrights}
        is_outright = self.named["sport"] in outrights
        asked = _listed(self.params.get("markets", "outrights" if is_outright else "h2h"))
        if not asked:
            raise Refused(422, "MISSING_MARKET", "Missing markets")
        if unknown := [market for market in asked if not _is_market(market)]:
            raise Refused(422, "INVALID_MARKET", f"Invalid markets: {','.join(unknown)}")
        if allowed is not None and (extra := [each for each in asked if each not in allowed]):
            raise Refused(
                422,
                "INVALID_MARKET",
                f"Markets not supported by this endpoint: {', '.join(extra)}",
            )
        if any((market in _OUTRIGHTS) != is_outright for market in asked):
            raise Refused(
                422, "INVALID_MARKET_COMBO", "This combination of sport and markets is not offered"
            )
        return frozenset(asked)

    def form(self) -> Form:
        """Return how to write the answer."""
        dates = self._choice("dateFormat", ("iso", "unix"), "INVALID_DATE_FORMAT")
        odds = self._choice("oddsFormat", ("decimal", "american"), "INVALID_ODDS_FORMAT")
        return Form(
            is_unix=dates == "unix",
            is_american=odds == "american",
            with_links=self.flag("includeLinks", "INVALID_INCLUDE_LINKS"),
            with_sids=self.flag("includeSids", "INVALID_INCLUDE_SIDS"),
            with_bet_limits=self.flag("includeBetLimits", "INVALID_INCLUDE_BET_LIMITS"),
            with_multipliers=self.flag("includeMultipliers", "INVALID_INCLUDE_MULTIPLIERS"),
            with_rotation_numbers=self.flag(
                "includeRotationNumbers", "INVALID_INCLUDE_ROTATION_NUMBERS"
            ),
        )

    def wanted(self) -> Callable[[WorldEvent], bool]:
        """Return the test that eventIds and the commence filters put to an event."""
        ids = _listed(self.params.get("eventIds", ""))
        if any(not re.fullmatch("[0-9a-f]{32}", each) for each in ids):
            raise Refused(422, "INVALID_EVENT_IDS", "Invalid event ids: 32 hex digits each")
        first = self._moment("commenceTimeFrom", "INVALID_COMMENCE_TIME_FROM")
        last = self._moment("commenceTimeTo", "INVALID_COMMENCE_TIME_TO")
        if first and last and first > last:
            raise Refused(
                422, "INVALID_COMMENCE_TIME_RANGE", "commenceTimeFrom is after commenceTimeTo"
            )

        # The guide has codes for these two but does not describe them: checked, and status kept.
        people = _listed(self.params.get("participantIds", ""))
        if any(not re.fullmatch("par_[0-9a-z]{26}", each) for each in people):
            raise Refused(422, "INVALID_PARTICIPANT_ID", "Invalid participant id")
        statuses = set(_listed(self.params.get("status", "")))
        if not statuses <= _STATUSES:
            raise Refused(422, "INVALID_STATUS", "Invalid status: comma-separated pre, live")

        def is_wanted(event: WorldEvent) -> bool:
            status = "live" if event.starts_at <= self.now else "pre"
            return (
                (not ids or event.id in ids)
                and (not statuses or status in statuses)
                and (first is None or event.starts_at >= first)
                and (last is None or event.starts_at <= last)
            )

        return is_wanted

    def days_from(self) -> int | None:
        """Return daysFrom, 1 to 3, or None."""
        text = self.params.get("daysFrom")
        if text is None:
            return None
        if text not in {"1", "2", "3"}:
            raise Refused(
                422, "INVALID_SCORES_DAYS_FROM", "Invalid daysFrom: a whole number from 1 to 3"
            )
        return int(text)

    def past_moment(self) -> datetime:
        """Return the date a historical endpoint is asked for."""
        if not self.has_history:
            raise Refused(
                401,
                "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN",
                "Historical odds are only available on paid usage plans",
            )
        if not self.params.get("date"):
            raise Refused(422, "MISSING_HISTORICAL_TIMESTAMP", "Missing date parameter")
        moment = self._moment("date", "INVALID_HISTORICAL_TIMESTAMP")
        if moment is None:
            raise Refused(422, "INVALID_HISTORICAL_TIMESTAMP", "Invalid date")
        return moment

    def flag(self, name: str, code: str) -> bool:
        return self._choice(name, ("false", "true"), code) == "true"

    def _choice(self, name: str, choices: tuple[str, ...], code: str) -> str:
        value = self.params.get(name, choices[0])
        if value not in choices:
            raise Refused(422, code, f"Invalid {name}: one of {', '.join(choices)}")
        return value

    def _moment(self, name: str, code: str) -> datetime | None:
        text = self.params.get(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, _ISO).replace(tzinfo=UTC)
        except ValueError:
            raise Refused(422, code, f"Invalid {name}: YYYY-MM-DDTHH:MM:SSZ expected") from None


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _is_market(key: str) -> bool:
    return bool(
        key in FEATURED or key in _ADDITIONAL or _PERIOD.fullmatch(key) or _PROP.fullmatch(key)
    )
