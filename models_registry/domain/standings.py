"""What teams still play for: the table of a season, and what it means for tonight.

Towards the end of a season sides that fight for a place in the playoffs win more than their ratings
say, and sides whose place can no longer change rest whom they need later.
"""

from dataclasses import dataclass, field

import numpy as np

from models_registry.domain.games import Games

NAMES = ("record", "contest", "locked", "last_game")
# How many games before its end a season begins to be about places.
CONTEST_GAMES = 20
LOCKED_GAMES = 10
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class SeasonRules:
    """Who plays for what in one season; public before it begins.

    `conference` has one number a team, UNKNOWN where it plays for no place; `games` is how many a
    team plays before the playoffs, `places` how many of a conference go on.
    """

    conference: tuple[int, ...]
    games: int
    places: int


def rules_of(games: Games) -> dict[int, SeasonRules]:
    """Return the rules of every season of a schedule."""
    rules = {}
    for season in np.unique(games.season).tolist():
        rows = np.flatnonzero(games.season == season)
        conference = np.full(games.team_count, UNKNOWN)
        conference[games.home[rows]] = games.conference[rows, 0]
        conference[games.away[rows]] = games.conference[rows, 1]
        rules[season] = SeasonRules(
            tuple(conference.tolist()),
            int(games.season_games[rows].max()),
            int(games.places[rows].max()),
        )
    return rules


@dataclass(slots=True)
class Table:
    """Wins and losses before the playoffs, by season."""

    team_count: int
    won: dict[int, list[int]] = field(default_factory=dict)
    lost: dict[int, list[int]] = field(default_factory=dict)

    def learn(self, *, home: int, away: int, season: int, home_won: bool) -> None:
        """Take one result of the regular season."""
        for counts, team in (
            (self.won, home if home_won else away),
            (self.lost, away if home_won else home),
        ):
            counts.setdefault(season, [0] * self.team_count)[team] += 1

    def read(self, *, home: int, away: int, season: int, rules: SeasonRules) -> list[float]:
        """Return the features of a game in the order of NAMES, home less away."""
        won = self.won.get(season) or [0] * self.team_count
        lost = self.lost.get(season) or [0] * self.team_count
        record = [won[team] / max(won[team] + lost[team], 1) for team in (home, away)]
        mine, theirs = (_stakes(team, won, lost, rules) for team in (home, away))
        return [record[0] - record[1], *(x - y for x, y in zip(mine, theirs, strict=True))]


def _stakes(
    team: int, won: list[int], lost: list[int], rules: SeasonRules
) -> tuple[float, float, float]:
    """Return how much is at stake for a team, how sure its rank is, and a last game of no use.

    The contest is near 1 for a side level with the last place that goes on, or with the first
    that does not, at the end of the season: e^-(b^2 / (2 x (left + 1))) x (1 - left / 20),
    b being the games it is ahead or behind, and left how many it still plays.
    """
    left = max(rules.games - won[team] - lost[team], 0)
    own = rules.conference[team]
    if own == UNKNOWN or left > CONTEST_GAMES:
        return 0.0, 0.0, 0.0
    others = [u for u, each in enumerate(rules.conference) if each == own and u != team]
    if len(others) < rules.places:
        return 0.0, 0.0, 0.0
    leads = sorted((won[u] - lost[u] for u in others), reverse=True)
    behind = (won[team] - lost[team] - leads[rules.places - 1]) / 2
    contest = float(np.exp(-(behind**2) / (2 * (left + 1)))) * (1 - left / CONTEST_GAMES)
    most = won[team] + left
    surely_above = sum(won[u] > most for u in others)
    perhaps_above = sum(max(rules.games - lost[u], won[u]) >= won[team] for u in others)
    locked = max(1 - left / LOCKED_GAMES, 0.0) if left and surely_above == perhaps_above else 0.0
    last_game = 1.0 if left <= 1 and perhaps_above < rules.places else 0.0
    return contest, locked, last_game
