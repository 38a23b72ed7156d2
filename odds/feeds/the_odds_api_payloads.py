"""What The Odds API v4 answers, read into values: events, odds, scores, stored responses.

Tolerant of what is added (unknown keys, markets, bookmakers), strict about what is used. Outcomes
are matched to sides by name, never by order. Sections refer to the provider's guide, version 4.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.domain.market_keys import has_line
from odds.feeds.columns import (
    NO_POINT,
    NO_TIME,
    NOWHERE,
    SIDES,
    Point,
    Price,
    QuoteBuilder,
    QuoteColumns,
    micros,
    no_quotes,
)
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedResult, RejectedRow
from odds.feeds.values import american_price, decimal_price, line, moment, whole

SOURCE = "the_odds_api"


@dataclass(slots=True)
class ListedEvent:
    """One event of an answer with its prices, and the outcomes that could not be used."""

    event: ParsedEvent
    quotes: QuoteColumns = field(default_factory=no_quotes)
    titles: dict[str, str] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)


def read_events(payload: object) -> list[ParsedEvent]:
    """Return the events of an answer; outright markets (no teams) are left out.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    found = (_event(item, f"[{index}]") for index, item in enumerate(_items(payload, "answer")))
    return [event for event in found if event is not None]


def read_odds(payload: object, *, odds_format: str) -> list[ListedEvent]:
    """Return the events of an odds answer with their prices; `odds_format` decimal or american.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    quotes = QuoteBuilder()
    listed = read_into(quotes, payload, odds_format=odds_format, group_of=lambda _, place: place)
    for entry, columns in zip(listed, quotes.split(len(listed)), strict=True):
        entry.quotes = columns
    return listed


def read_into(
    quotes: QuoteBuilder,
    payload: object,
    *,
    odds_format: str,
    group_of: Callable[[ParsedEvent, int], int],
) -> list[ListedEvent]:
    """Add the prices of an odds answer to `quotes` and return its events, without prices.

    `group_of` an event and its place among them tells the group of its prices. After a BadPayload
    the builder holds what it held before.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    listed: list[ListedEvent] = []
    before = len(quotes)
    reader = _Reader(quotes, odds_format)
    try:
        for index, item in enumerate(_items(payload, "answer")):
            path = f"[{index}]"
            event = _event(item, path)
            if event is not None:
                entry = ListedEvent(event)
                try:
                    reader.read(item, entry, group_of(event, len(listed)))
                except BadPayload as bad:
                    raise BadPayload(f"{path}{bad.field}", bad.reason) from None
                listed.append(entry)
    except BadPayload:
        quotes.cut_back(before)
        raise
    return listed


def read_scores(payload: object, *, seen_at: datetime) -> list[ParsedResult]:
    """Return the results of completed events; scores are text, in any order.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    results = []
    for index, item in enumerate(_items(payload, "answer")):
        path = f"[{index}]"
        event = _event(item, path)
        completed = _object(item, path).get("completed")
        if not isinstance(completed, bool):
            raise BadPayload(f"{path}.completed", f"neither true nor false: {completed!r}")
        if event is None or not completed:
            continue
        scores = _scores(_object(item, path).get("scores"), f"{path}.scores")
        missing = {event.home, event.away} - scores.keys()
        if missing:
            raise BadPayload(f"{path}.scores", f"no score of {sorted(missing)[0]!r}")
        results.append(
            ParsedResult(SOURCE, event.key, scores[event.home], scores[event.away], seen_at)
        )
    return results


def read_sports(payload: object) -> list[dict[str, Any]]:
    """Return the sports of an answer: key, group, title, active, has_outrights.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    sports = []
    for index, item in enumerate(_items(payload, "answer")):
        entry = _object(item, f"[{index}]")
        sports.append(
            {
                "key": _text(entry, "key", f"[{index}]"),
                "group": str(entry.get("group", "")),
                "title": _text(entry, "title", f"[{index}]"),
                "active": bool(entry.get("active", True)),
                "has_outrights": bool(entry.get("has_outrights", False)),
            }
        )
    return sports


def as_moment(value: object, path: str) -> datetime:
    """Return a time given as ISO text or whole seconds (dateFormat iso or unix).

    Raises:
        BadPayload: naming the field.
    """
    if isinstance(value, str):
        try:
            return moment(value)
        except BadPayload as bad:
            raise BadPayload(path, bad.reason) from None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**11:
        return datetime.fromtimestamp(value, UTC)
    raise BadPayload(path, f"neither ISO time nor unix seconds: {value!r}")


def _event(item: object, path: str) -> ParsedEvent | None:
    entry = _object(item, path)
    key = _text(entry, "id", path)
    competition_key = _text(entry, "sport_key", path)
    if len(key) > 96 or len(competition_key) > 64:
        raise BadPayload(f"{path}.id", "longer than any id")
    starts_at = as_moment(entry.get("commence_time"), f"{path}.commence_time")
    if entry.get("home_team") is None and entry.get("away_team") is None:
        return None
    try:
        day = starts_at.astimezone(ZoneInfo(competition_info(competition_key).time_zone)).date()
    except OverflowError:
        raise BadPayload(f"{path}.commence_time", "out of range") from None
    return ParsedEvent(
        source=SOURCE,
        key=key,
        competition_key=competition_key,
        home=_text(entry, "home_team", path),
        away=_text(entry, "away_team", path),
        day=day,
        starts_at=starts_at,
    )


class _Reader:
    """Reads the bookmakers of each event. This loop is what reading a large answer costs.

    Names, prices, lines and times repeat, so each is understood once: what was found sound is
    looked up by its own value. What is at fault is told by who reads it, with the path above it.
    """

    def __init__(self, quotes: QuoteBuilder, odds_format: str) -> None:
        self.quotes = quotes
        self.price = american_price if odds_format == "american" else decimal_price
        self._prices: dict[object, int] = {}
        self._points: dict[object, int] = {}
        self._times: dict[object, int] = {None: NO_TIME}

    def read(self, item: dict[str, Any], entry: ListedEvent, group: int) -> None:
        event = entry.event
        self.entry, self.group = entry, group
        self.event = self.quotes.event(SOURCE, event.key)
        # Teams come first, whatever they are called.
        self.sides = _SIDES_BY_NAME | {event.away: "away"} | {event.home: "home"}
        self._codes = {name: SIDES.index(side) for name, side in self.sides.items()}
        for index, found in enumerate(_items(item.get("bookmakers", []), ".bookmakers")):
            try:
                self._read_book(found)
            except BadPayload as bad:
                raise BadPayload(f".bookmakers[{index}]{bad.field}", bad.reason) from None

    def _read_book(self, found: object) -> None:
        book = _object(found, "")
        key = _text(book, "key", "")
        title = book.get("title")
        self.entry.titles[key] = title if isinstance(title, str) else key
        of_book, place = book.get("last_update"), self.quotes.bookmaker(key)
        for index, market in enumerate(_items(book.get("markets", []), ".markets")):
            try:
                self._read_market(market, key, place, of_book)
            except BadPayload as bad:
                raise BadPayload(f".markets[{index}]{bad.field}", bad.reason) from None

    def _read_market(self, item: object, book: str, at_book: int, of_book: object) -> None:
        market = _object(item, "")
        key = _text(market, "key", "")
        # The market's own time tells more than the bookmaker's; older answers have only the latter.
        update = self._time(market.get("last_update", of_book))
        of_market, event, group = self.quotes.market(key), self.event, self.group
        take, codes, prices, points = self.quotes.take, self._codes, self._prices, self._points
        must_have_point = has_line(key)
        for index, outcome in enumerate(_items(market.get("outcomes"), ".outcomes")):
            try:
                point = outcome.get("point")
                hundredths = NO_POINT if point is None else points[point]
                side, price = codes[outcome["name"]], prices[outcome["price"]]
                if "description" in outcome or (must_have_point and point is None):
                    raise KeyError
            except (KeyError, TypeError, AttributeError):
                self._read_outcome(outcome, index, (book, at_book), (key, of_market), update)
                continue
            take((event, at_book, of_market, side, hundredths, price, update, group))

    def _read_outcome(
        self,
        outcome: object,
        index: int,
        book: tuple[str, int],
        market: tuple[str, int],
        update: int,
    ) -> None:
        """Read an outcome of which something is new, or not as it should be."""
        try:
            found = _object(outcome, "")
            name = _text(found, "name", "")
            price = _price(found.get("price"), self.price)
            point = _point(found.get("point"))
            if has_line(market[0]) and point is NOWHERE:
                raise BadPayload(".point", f"missing, and {market[0][:64]} is about it")
        except BadPayload as bad:
            raise BadPayload(f".outcomes[{index}]{bad.field}", bad.reason) from None
        if price.fault is not None and price.exact < 0:
            # The market's other prices would pass for decimal ones: +150 is not 150.0.
            raise BadPayload(".outcomes", f"price {price.exact}: American odds?")
        if price.fault is None:
            _remember(self._prices, found["price"], price.thousandths)
        if point.fault is None and point is not NOWHERE:
            _remember(self._points, found["point"], point.hundredths)
        side = self.sides.get(name)
        if side is None or found.get("description"):
            self._reject(found, name, side, (book[0], market[0]))
        else:
            self.quotes.add(self.event, book[1], market[1], side, point, price, update, self.group)

    def _time(self, said_at: object) -> int:
        try:
            return self._times[said_at]
        except (KeyError, TypeError):
            update = micros(as_moment(said_at, ".last_update"))
            _remember(self._times, said_at, update)
            return update

    def _reject(
        self, outcome: dict[str, Any], name: str, side: str | None, where: tuple[str, str]
    ) -> None:
        reason = "an outcome of a player or a kind we do not keep" if side else "matches no side"
        raw = {"event": self.entry.event.key, "bookmaker": where[0], "market": where[1], **outcome}
        self.entry.rejected.append(RejectedRow("name", f"{name[:80]!r} {reason}", raw))


def _remember(values: dict[object, int], said: object, means: int) -> None:
    # Python takes 1 and 0 for true and false, which are no numbers here: each is looked at.
    if said not in (0, 1):
        values[said] = means


_SIDES_BY_NAME = {"Draw": "draw", "Over": "over", "Under": "under"}


def side_of(name: str, home: str, away: str) -> str | None:
    """Return the side an outcome's name means; teams come first, whatever they are called.

    >>> side_of("Miami Heat", "Boston Celtics", "Miami Heat"), side_of("Over", "A", "B")
    ('away', 'over')
    """
    if name == home:
        return "home"
    if name == away:
        return "away"
    return _SIDES_BY_NAME.get(name)


def _scores(value: object, path: str) -> dict[str, int]:
    scores: dict[str, int] = {}
    for index, item in enumerate(_items(value, path)):
        at = f"{path}[{index}]"
        entry = _object(item, at)
        score = entry.get("score")
        if isinstance(score, bool) or not isinstance(score, str | int):
            raise BadPayload(f"{at}.score", f"no score: {score!r}")
        try:
            scores[_text(entry, "name", at)] = whole(str(score))
        except BadPayload as bad:
            raise BadPayload(f"{at}.score", bad.reason) from None
    return scores


def _price(value: object, of_text: Callable[[str], Price]) -> Price:
    if type(value) is not float and type(value) is not int:
        raise BadPayload(".price", f"no price: {value!r}")
    try:
        return of_text(str(value))
    except BadPayload as bad:
        raise BadPayload(".price", bad.reason) from None


def _point(value: object) -> Point:
    if value is None:
        return NOWHERE
    if type(value) is not float and type(value) is not int:
        raise BadPayload(".point", f"no point: {value!r}")
    try:
        return line(str(value))
    except BadPayload as bad:
        raise BadPayload(".point", bad.reason) from None


def _items(value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadPayload(path, f"a list was expected, not {type(value).__name__}")
    return value


def _object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadPayload(path, f"an object was expected, not {type(value).__name__}")
    return value


def _text(entry: dict[str, Any], name: str, path: str) -> str:
    if type(entry) is not dict:
        raise BadPayload(path, f"an object was expected, not {type(entry).__name__}")
    value = entry.get(name)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise BadPayload(f"{path}.{name}", f"text was expected, not {value!r}"[:200])
    return value
