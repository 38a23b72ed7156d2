"""What The Odds API v4 answers, read into values: events, odds, scores, stored responses.

Tolerant of what is added (unknown keys, markets, bookmakers), strict about what is used. Outcomes
are matched to sides by name, never by order. Sections refer to the provider's guide, version 4.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from odds.domain.competitions import competition_info
from odds.feeds.parsed import BadPayload, ParsedEvent, ParsedQuote, ParsedResult, RejectedRow
from odds.feeds.values import american, moment, number, whole

SOURCE = "the_odds_api"


@dataclass(slots=True)
class ListedEvent:
    """One event of an answer with its prices, and the outcomes that could not be used."""

    event: ParsedEvent
    quotes: list[ParsedQuote] = field(default_factory=list)
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
    listed = []
    for index, item in enumerate(_items(payload, "answer")):
        path = f"[{index}]"
        event = _event(item, path)
        if event is not None:
            entry = ListedEvent(event)
            for at, book in enumerate(
                _items(_object(item, path).get("bookmakers", []), f"{path}.bookmakers")
            ):
                _read_book(entry, book, f"{path}.bookmakers[{at}]", odds_format)
            listed.append(entry)
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


def _read_book(entry: ListedEvent, item: object, path: str, odds_format: str) -> None:
    book = _object(item, path)
    key = _text(book, "key", path)
    title = book.get("title")
    entry.titles[key] = title if isinstance(title, str) else key
    of_book = book.get("last_update")
    for index, found in enumerate(_items(book.get("markets", []), f"{path}.markets")):
        at = f"{path}.markets[{index}]"
        market = _object(found, at)
        market_key = _text(market, "key", at)
        # The market's own time tells more than the bookmaker's; older answers have only the latter.
        said_at = market.get("last_update", of_book)
        update = None if said_at is None else as_moment(said_at, f"{at}.last_update")
        for number_, outcome in enumerate(_items(market.get("outcomes"), f"{at}.outcomes")):
            where = f"{at}.outcomes[{number_}]"
            _read_outcome(
                entry, _object(outcome, where), where, (key, market_key), update, odds_format
            )


def _read_outcome(
    entry: ListedEvent,
    outcome: dict[str, Any],
    path: str,
    where: tuple[str, str],
    update: datetime | None,
    odds_format: str,
) -> None:
    name = _text(outcome, "name", path)
    price = _price(outcome.get("price"), f"{path}.price", odds_format)
    point = _point(outcome.get("point"), f"{path}.point")
    event = entry.event
    side = side_of(name, event.home, event.away)
    if side is None or outcome.get("description"):
        reason = "an outcome of a player or a kind we do not keep" if side else "matches no side"
        raw = {"event": event.key, "bookmaker": where[0], "market": where[1], **outcome}
        entry.rejected.append(RejectedRow("name", f"{name[:80]!r} {reason}", raw))
        return
    entry.quotes.append(
        ParsedQuote(SOURCE, event.key, where[0], where[1], side, point, price, update)
    )


def side_of(name: str, home: str, away: str) -> str | None:
    """Return the side an outcome's name means; teams come first, whatever they are called.

    >>> side_of("Miami Heat", "Boston Celtics", "Miami Heat"), side_of("Over", "A", "B")
    ('away', 'over')
    """
    if name == home:
        return "home"
    if name == away:
        return "away"
    return name.lower() if name in ("Draw", "Over", "Under") else None


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


def _price(value: object, path: str, odds_format: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadPayload(path, f"no price: {value!r}")
    try:
        return american(str(value)) if odds_format == "american" else number(str(value))
    except BadPayload as bad:
        raise BadPayload(path, bad.reason) from None


def _point(value: object, path: str) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadPayload(path, f"no point: {value!r}")
    try:
        return number(str(value))
    except BadPayload as bad:
        raise BadPayload(path, bad.reason) from None


def _items(value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadPayload(path, f"a list was expected, not {type(value).__name__}")
    return value


def _object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadPayload(path, f"an object was expected, not {type(value).__name__}")
    return value


def _text(entry: dict[str, Any], name: str, path: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise BadPayload(f"{path}.{name}", f"text was expected, not {value!r}"[:200])
    return value
