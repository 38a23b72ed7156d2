"""A small made-up league in the database, big enough to train on in a second or two."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np

from models_registry.models import ModelVersion
from odds.models import Competition, Event, Sport, Team

KEY = "basketball_test"
FIRST_DAY = date(2020, 10, 1)
# A moment after everything that `fill` makes.
AFTER = datetime(2023, 7, 1, tzinfo=UTC)
# And after its newest season is over.
LATER = datetime(2023, 9, 1, tzinfo=UTC)


def competition(key: str = KEY) -> Competition:
    sport, _ = Sport.objects.get_or_create(key="basketball", defaults={"title": "Basketball"})
    return Competition.objects.create(
        sport=sport, key=key, title="Test League", time_zone="America/New_York"
    )


def fill(league: Competition, *, seasons: int = 3, games: int = 500) -> list[Event]:
    """Make finished events of ten teams whose true strengths differ; two games a day."""
    teams = [Team(competition=league, name=f"Team {n}") for n in range(10)]
    Team.objects.bulk_create(teams)
    return Event.objects.bulk_create(played(league, teams, seasons=seasons, games=games))


def played(league: Competition, teams: list[Team], *, seasons: int, games: int) -> list[Event]:
    """Return what `fill` makes, not yet stored."""
    return [
        Event(
            competition=league,
            season=season,
            home=teams[home],
            away=teams[away],
            day=starts_at.date(),
            starts_at=starts_at,
            status="finished",
            home_score=base + max(margin, 0),
            away_score=base + max(-margin, 0),
            result_seen_at=starts_at + timedelta(hours=3),
        )
        for season, home, away, starts_at, base, margin in _results(seasons, games)
    ]


@cache
def _results(seasons: int, games: int) -> list[tuple[str, int, int, datetime, int, int]]:
    rng = np.random.default_rng(7)
    results = []
    strength = rng.normal(0, 6, 10)
    for season in range(seasons):
        first = FIRST_DAY + timedelta(days=365 * season)
        name = f"{first.year}-{(first.year + 1) % 100:02d}"
        pair = np.array([], dtype=int)
        for number in range(games):
            day = first + timedelta(days=number // 2)
            pair = pair_of_others(rng, pair if number % 2 else [])
            home, away = (int(team) for team in pair)
            margin = round(strength[home] - strength[away] + 3 + rng.normal(0, 11)) or 1
            base = int(rng.integers(90, 120))
            starts_at = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
            results.append((name, home, away, starts_at, base, margin))
    return results


def once_more(version: ModelVersion) -> ModelVersion:
    """Register a version's artefact again, as training on the same history would."""
    again = ModelVersion.objects.select_related("predictor__competition").get(pk=version.pk)
    again.pk, again.number = None, version.number + 1
    again.save()
    return again


def pair_of_others(rng: np.random.Generator, taken: np.ndarray) -> np.ndarray:
    """A team plays once a day."""
    others = [n for n in range(10) if n not in taken]
    return rng.permutation(others)[:2]


def upcoming(league: Competition, *, day: date, home: int = 0, away: int = 1) -> Event:
    """Make one event that is yet to be played."""
    teams = list(Team.objects.filter(competition=league).order_by("pk"))
    return Event.objects.create(
        competition=league,
        season="2022-23",
        home=teams[home],
        away=teams[away],
        day=day,
        starts_at=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
    )
