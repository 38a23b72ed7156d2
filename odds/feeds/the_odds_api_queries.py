"""The parameters of The Odds API v4, checked before they cost a call; and its two small answers.

What the provider would refuse is refused here, under the provider's own code.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from odds.domain.market_keys import FEATURED
from odds.feeds.parsed import BadPayload
from odds.feeds.provider import InvalidMarkets, InvalidRequest

# Additional markets were kept from this moment on, featured ones from the day below.
FIRST_SNAPSHOT = datetime(2020, 6, 6, tzinfo=UTC)
_SLUG = re.compile(r"[a-z0-9_]{1,64}")
_EVENT = re.compile(r"[0-9a-f]{32}")


def sport(key: str) -> str:
    """Return a sport's key, fit for a path."""
    if not _SLUG.fullmatch(key):
        raise InvalidRequest("INVALID_SPORT", f"{key[:80]!r} is no sport's key")
    return key


def event(event_id: str) -> str:
    """Return an event's id, fit for a path."""
    if not _EVENT.fullmatch(event_id):
        raise InvalidRequest("INVALID_EVENT_ID", f"{event_id[:80]!r} is not 32 hex digits")
    return event_id


def of_events(
    event_ids: Iterable[str], starts_from: datetime | None, starts_to: datetime | None
) -> dict[str, str]:
    """Return the parameters that choose events."""
    asked: dict[str, str] = {}
    if ids := list(event_ids):
        if any(not _EVENT.fullmatch(each) for each in ids):
            raise InvalidRequest("INVALID_EVENT_IDS", "each must be 32 hex digits")
        asked["eventIds"] = ",".join(ids)
    if starts_from and starts_to and starts_from > starts_to:
        raise InvalidRequest("INVALID_COMMENCE_TIME_RANGE", "the first is after the last")
    if starts_from:
        asked["commenceTimeFrom"] = written(starts_from)
    if starts_to:
        asked["commenceTimeTo"] = written(starts_to)
    return asked


def of_books(regions: Collection[str], bookmakers: Collection[str]) -> dict[str, str]:
    """Return the parameters that choose bookmakers; those named win over regions."""
    if bookmakers:
        _check_slugs(bookmakers, "INVALID_BOOKMAKERS")
        return {"bookmakers": ",".join(dict.fromkeys(bookmakers))}
    if not regions:
        raise InvalidRequest("MISSING_REGION", "name regions or bookmakers")
    _check_slugs(regions, "INVALID_REGION")
    return {"regions": ",".join(dict.fromkeys(regions))}


def of_odds(
    regions: Collection[str],
    bookmakers: Collection[str],
    markets: Collection[str],
    *,
    only_featured: bool,
) -> dict[str, str]:
    """Return the parameters of a question for prices."""
    if not markets:
        raise InvalidRequest("MISSING_MARKET", "name at least one market")
    if extra := sorted(
        market
        for market in markets
        if not _SLUG.fullmatch(market) or (only_featured and market not in FEATURED)
    ):
        raise InvalidMarkets(
            "INVALID_MARKET", f"Markets not supported by this endpoint: {', '.join(extra)}"
        )
    asked = of_books(regions, bookmakers)
    listed = ",".join(dict.fromkeys(markets))
    return asked | {"markets": listed, "oddsFormat": "decimal", "dateFormat": "iso"}


def of_scores(days_from: int | None) -> dict[str, str]:
    """Return the parameters of a question for scores."""
    if days_from is None:
        return {}
    if days_from not in (1, 2, 3):
        raise InvalidRequest("INVALID_SCORES_DAYS_FROM", f"{days_from} is not 1, 2 or 3")
    return {"daysFrom": str(days_from)}


def at_moment(at: datetime) -> dict[str, str]:
    """Return the parameter that names a moment of the past."""
    if at < FIRST_SNAPSHOT:
        raise InvalidRequest(
            "INVALID_HISTORICAL_TIMESTAMP", f"the first snapshot is of {FIRST_SNAPSHOT:%Y-%m-%d}"
        )
    return {"date": written(at)}


def written(moment: datetime) -> str:
    """Return a moment as the provider writes it, whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_event_markets(payload: object) -> dict[str, list[str]]:
    """Return the market keys by bookmaker of an event's markets.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    books = payload.get("bookmakers") if isinstance(payload, dict) else None
    if not isinstance(books, list):
        raise BadPayload("bookmakers", "a list was expected")
    found: dict[str, list[str]] = {}
    for index, book in enumerate(books):
        markets = book.get("markets") if isinstance(book, dict) else None
        if not isinstance(markets, list):
            raise BadPayload(f"bookmakers[{index}].markets", "a list was expected")
        found[_text(book, "key", f"bookmakers[{index}]")] = [
            _text(market, "key", f"bookmakers[{index}].markets[{place}]")
            for place, market in enumerate(markets)
        ]
    return found


def read_participants(payload: object) -> dict[str, str]:
    """Return participants' ids by full name.

    Raises:
        BadPayload: naming the first field that is missing or malformed.
    """
    if not isinstance(payload, list):
        raise BadPayload("answer", f"a list was expected, not {type(payload).__name__}")
    return {
        _text(entry, "full_name", f"[{index}]"): _text(entry, "id", f"[{index}]")
        for index, entry in enumerate(payload)
    }


def _text(entry: object, name: str, path: str) -> str:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value:
        raise BadPayload(f"{path}.{name}", f"text was expected, not {value!r}"[:200])
    return value


def _check_slugs(keys: Collection[str], code: str) -> None:
    if wrong := sorted(key for key in keys if not _SLUG.fullmatch(key)):
        raise InvalidRequest(code, f"{', '.join(wrong)[:200]!r}: lower case, digits, _ only")
