"""A made-up soccer league as football-data.co.uk would write it."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from odds.models import Competition, Event, Sport, Team, TeamGame

HEADER = [
    "Div", "Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG", "HS", "AS", "HST", "AST", "HC", "AC",
    *(book + side for book in ("B365", "PS", "PSC") for side in "HDA"),
    "AHh", "PAHH", "PAHA", "AHCh", "PCAHH", "PCAHA",
    "P>2.5", "P<2.5", "PC>2.5", "PC<2.5",
]  # fmt: skip
TEAMS = [f"Team {number}" for number in range(8)]


def rows(
    *, seasons: int = 4, rounds: int = 56, seed: int = 5, first: int = 2012
) -> list[list[object]]:
    """Return matches of teams whose strengths differ, four a round; the market knows something."""
    rng = np.random.default_rng(seed)
    strength = np.linspace(-0.5, 0.5, len(TEAMS))
    made: list[list[object]] = []
    for season in range(seasons):
        for number in range(rounds):
            day = np.datetime64(f"{first + season}-08-11") + 4 * number
            order = rng.permutation(len(TEAMS))
            for home, away in zip(order[::2], order[1::2], strict=True):
                gap = strength[home] - strength[away]
                rates = 1.4 * np.exp([gap / 2 + 0.15, -gap / 2 - 0.15])
                goals = rng.poisson(rates).tolist()
                counts = [
                    value
                    for each in (9.0, 4.0, 4.0)
                    for value in rng.poisson(each * rates).tolist()
                ]
                chances = np.array([np.exp(gap + 0.2), 1.0, np.exp(-gap)])
                price = np.round((1 / (chances / chances.sum())) / 1.05, 2).tolist()
                written = day.item().strftime("%d/%m/%Y")
                line = round(-4 * (rates[0] - rates[1])) / 4
                lines = [line + 0.5, 1.5, 2.5, line, 1.9, 2.0, 1.7, 2.2, 1.8, 2.1]
                made.append(
                    [
                        "E0", written, TEAMS[home], TEAMS[away], *goals, *counts, *price * 3,
                        *lines,
                    ]
                )  # fmt: skip
    return made


def write(path: Path, made: list[list[object]]) -> None:
    """Write matches as a file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *made])


# A moment after everything that `fill` makes.
AFTER = datetime(2016, 7, 1, tzinfo=UTC)


def fill(*, seasons: int = 5, first: int = 2011) -> Competition:
    """Make the league's finished events in the database, with what was counted; no prices."""
    sport, _ = Sport.objects.get_or_create(key="soccer", defaults={"title": "Soccer"})
    league = Competition.objects.create(
        sport=sport, key="soccer_epl", title="Premier League", time_zone="Europe/London"
    )
    teams = {name: Team(competition=league, name=name) for name in TEAMS}
    Team.objects.bulk_create(teams.values())
    made = rows(seasons=seasons, first=first)
    events = []
    for _, written, home, away, ours, theirs, *_ in made:
        starts_at = datetime.strptime(f"{written} 15:00+0000", "%d/%m/%Y %H:%M%z")
        year = starts_at.year - (starts_at.month < 7)
        events.append(
            Event(
                competition=league, season=f"{year}-{(year + 1) % 100:02d}", home=teams[home],
                away=teams[away], day=starts_at.date(), starts_at=starts_at, status="finished",
                home_score=ours, away_score=theirs, result_seen_at=starts_at + timedelta(hours=2),
            )
        )  # fmt: skip
    Event.objects.bulk_create(events)
    names = ("shots", "shots_on_target", "corners")
    TeamGame.objects.bulk_create(
        TeamGame(
            event=event, team=event.home if side == 0 else event.away, is_home=side == 0,
            stats=dict(zip(names, row[6 + side : 12 : 2], strict=True)),
            seen_at=event.result_seen_at,
        )
        for event, row in zip(events, made, strict=True)
        for side in (0, 1)
    )  # fmt: skip
    return league


def upcoming(league: Competition, home: str, away: str) -> Event:
    """Make one event that is yet to be played, six weeks after AFTER."""
    by_name = {team.name: team for team in Team.objects.filter(competition=league)}
    starts_at = AFTER + timedelta(days=42, hours=15)
    return Event.objects.create(
        competition=league, season="2016-17", home=by_name[home], away=by_name[away],
        day=starts_at.date(), starts_at=starts_at,
    )  # fmt: skip
