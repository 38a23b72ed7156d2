"""Answers of The Odds API: exact in shape, made up in value."""

import copy
from collections.abc import Iterator
from typing import Any

EVENT: dict[str, Any] = {
    "id": "0f3c9b1e5a7d4c2b8e6f0a1b2c3d4e5f",
    "sport_key": "basketball_nba",
    "sport_title": "NBA",
    "commence_time": "2026-01-15T00:10:00Z",
    "home_team": "Boston Celtics",
    "away_team": "Miami Heat",
}
ODDS: list[dict[str, Any]] = [
    {
        **EVENT,
        "home_rotation": 501,
        "bookmakers": [
            {
                "key": "draftkings",
                "title": "DraftKings",
                "last_update": "2026-01-14T22:01:12Z",
                "link": None,
                "markets": [
                    {
                        "key": "h2h",
                        "last_update": "2026-01-14T22:01:11Z",
                        "outcomes": [
                            {"name": "Miami Heat", "price": 2.75, "sid": "x"},
                            {"name": "Boston Celtics", "price": 1.48},
                        ],
                    },
                    {
                        "key": "spreads",
                        "last_update": "2026-01-14T22:01:12Z",
                        "outcomes": [
                            {"name": "Boston Celtics", "price": 1.91, "point": -6.5},
                            {"name": "Miami Heat", "price": 1.91, "point": 6.5},
                        ],
                    },
                    {
                        "key": "player_points",
                        "outcomes": [
                            {
                                "name": "Over",
                                "description": "Player A",
                                "price": 1.8,
                                "point": 20.5,
                            }
                        ],
                    },
                ],
            }
        ],
    }
]
SCORES: list[dict[str, Any]] = [
    {
        **EVENT,
        "completed": True,
        "scores": [
            {"name": "Miami Heat", "score": "103"},
            {"name": "Boston Celtics", "score": "113"},
        ],
        "last_update": "2026-01-15T02:40:19Z",
    },
    {**EVENT, "id": "f" * 32, "completed": False, "scores": None, "last_update": None},
]
SPORTS = [
    {
        "key": "basketball_nba",
        "group": "Basketball",
        "title": "NBA",
        "description": "US Basketball",
        "active": True,
        "has_outrights": False,
    }
]


def odds() -> list[dict[str, Any]]:
    """Return an odds answer that may be changed."""
    return copy.deepcopy(ODDS)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where everything in an answer stands, from the outside in."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in inside:
        yield (*path, step)
        if isinstance(inner, dict | list):
            yield from leaves(inner, (*path, step))


def refusal(code: str, message: str) -> dict[str, str]:
    """Return the body of a refusal."""
    return {"message": message, "error_code": code, "details_url": "https://example.test"}
