"""World values as The Odds API v4 writes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odds.simulator.worlds import (
    WorldBook,
    WorldEvent,
    WorldOdds,
    WorldOutcome,
    WorldScore,
    WorldSport,
)


@dataclass(frozen=True, slots=True)
class Form:
    """How the caller wants dates and prices, and which extras."""

    is_unix: bool = False
    is_american: bool = False
    with_book_update: bool = True
    with_links: bool = False
    with_sids: bool = False
    with_bet_limits: bool = False
    with_multipliers: bool = False
    with_rotation_numbers: bool = False

    def moment(self, value: datetime) -> str | int:
        # The world's times are UTC; this is what strftime would give, several times as fast.
        return int(value.timestamp()) if self.is_unix else value.isoformat()[:19] + "Z"

    def price(self, value: float) -> float | int:
        return american(value) if self.is_american else value


def american(price: float) -> int:
    """Return a decimal price as American odds, to the nearest whole number.

    >>> american(2.5), american(1.5), american(2.0)
    (150, -200, 100)
    """
    return round((price - 1) * 100) if price >= 2 else round(-100 / (price - 1))


def sport_body(sport: WorldSport) -> dict[str, Any]:
    return {
        "key": sport.key,
        "group": sport.group,
        "title": sport.title,
        "description": sport.description,
        "active": sport.active,
        "has_outrights": sport.has_outrights,
    }


def event_body(event: WorldEvent, form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": event.id,
        "sport_key": event.sport_key,
        "sport_title": event.sport_title,
        "commence_time": form.moment(event.starts_at),
        "home_team": event.home,
        "away_team": event.away,
    }
    if form.with_rotation_numbers:
        body |= {"home_rotation": None, "away_rotation": None}
    return body


def odds_body(odds: WorldOdds, form: Form) -> dict[str, Any]:
    books = [_book(book, form) for book in odds.books]
    return event_body(odds.event, form) | {"bookmakers": books}


def _book(book: WorldBook, form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {"key": book.key, "title": book.title}
    if form.with_book_update:
        body["last_update"] = form.moment(book.last_update)
    body |= _extras(form)
    body["markets"] = [
        {
            "key": market.key,
            "last_update": form.moment(market.last_update),
            **_extras(form),
            "outcomes": [_outcome(outcome, form) for outcome in market.outcomes],
        }
        for market in book.markets
    ]
    return body


def _outcome(outcome: WorldOutcome, form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {"name": outcome.name}
    if outcome.description is not None:
        body["description"] = outcome.description
    body["price"] = form.price(outcome.price)
    if outcome.point is not None:
        body["point"] = outcome.point
    body |= _extras(form)
    if form.with_bet_limits:
        body["bet_limit"] = None
    if form.with_multipliers:
        body["multiplier"] = None
    return body


def _extras(form: Form) -> dict[str, None]:
    """Return the optional links and ids, which no invented bookmaker has."""
    return ({"link": None} if form.with_links else {}) | ({"sid": None} if form.with_sids else {})


def score_body(score: WorldScore, form: Form) -> dict[str, Any]:
    scores = None
    if score.home_score is not None and score.away_score is not None:
        scores = [
            {"name": score.event.home, "score": str(score.home_score)},
            {"name": score.event.away, "score": str(score.away_score)},
        ]
    event = event_body(score.event, form)
    order = ("id", "sport_key", "sport_title", "commence_time")
    return (
        {name: event[name] for name in order}
        | {"completed": score.completed}
        | {name: event[name] for name in ("home_team", "away_team")}
        | {
            "scores": scores,
            "last_update": form.moment(score.last_update) if score.last_update else None,
        }
    )
