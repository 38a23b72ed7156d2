"""All teams of a basketball competition after the results learned so far."""

from dataclasses import dataclass, field

import numpy as np

from models_registry.domain import standings
from models_registry.domain.games import BOX, FloatArray
from models_registry.domain.ratings import Elo, FilterSettings, MarginFilter, compressed
from models_registry.domain.standings import SeasonRules, Table

STEADY = FilterSettings()
QUICK = FilterSettings(strength_drift=1.0, carry_over=0.75)
TOTALS = FilterSettings(
    strength_variance=30.0,
    strength_drift=0.5,
    carry_over=0.7,
    edge_mean=200.0,
    edge_variance=900.0,
    edge_drift=0.05,
    noise_variance=290.0,
    away_counts=1.0,
)
HALF_LIVES = (4.0, 16.0)
VENUE_HALF_LIFE = 20.0
TEAM_HALF_LIFE = 14.0
LEAGUE_HALF_LIFE = 300.0
# What of a team's form and figures lives on into its next season.
CARRY_OVER = 0.6

# The share of what three-pointers and free throws brought above the league's own rates that is
# taken for luck and left out of the luck-free margin.
LUCK_IN_THREES = 0.2
LUCK_IN_FREE_THROWS = 0.08

# Box-score figures of a team, each its own less its opponents'.
FACTORS = ("shooting", "turnovers", "rebounds", "free_throws")
NAMES = (
    "elo",
    "strength",
    "strength_quick",
    "strength_sd",
    *(f"form_{half_life:g}" for half_life in HALF_LIVES),
    "venue_form",
    "attack",
    "defence",
    "expected_total",
    "home_pace",
    "away_pace",
    *FACTORS,
    "home_games",
    "away_games",
    *standings.NAMES,
)


def _rate(half_life: float) -> float:
    """Return the weight of the newest game so that a game's weight halves every `half_life`."""
    return float(1 - 0.5 ** (1 / half_life))


FORM_RATES = tuple(_rate(half_life) for half_life in HALF_LIVES)
VENUE_RATE, TEAM_RATE = _rate(VENUE_HALF_LIFE), _rate(TEAM_HALF_LIFE)
LEAGUE_RATE = _rate(LEAGUE_HALF_LIFE)


@dataclass(slots=True)
class Team:
    """What one team has shown so far, smoothed; NaN where no box score told."""

    season: int = 0
    games: float = 0.0
    form: list[float] = field(default_factory=lambda: [0.0] * len(HALF_LIVES))
    venue_form: list[float] = field(default_factory=lambda: [0.0, 0.0])
    attack: float = 0.0
    defence: float = 0.0
    pace: float = np.nan
    factors: list[float] = field(default_factory=lambda: [np.nan] * len(FACTORS))

    def kept(self, season: int) -> float:
        """Return what share of the figures counts in a season."""
        return CARRY_OVER if 0 < self.season < season else 1.0

    def begin(self, season: int) -> None:
        """Carry the figures into a season, if it is a new one."""
        keep = self.kept(season)
        if keep < 1:
            self.games = 0.0
            self.form = [keep * value for value in self.form]
            self.venue_form = [keep * value for value in self.venue_form]
            self.attack *= keep
            self.defence *= keep
            self.factors = [keep * value for value in self.factors]
        self.season = max(self.season, season)


class League:
    """Every rating at one moment; `learn` takes one more result, `read` changes nothing."""

    def __init__(self, team_count: int) -> None:
        self.elo = Elo(team_count)
        self.steady = MarginFilter(team_count, STEADY)
        self.quick = MarginFilter(team_count, QUICK)
        self.totals = MarginFilter(team_count, TOTALS)
        self.table = Table(team_count)
        self.teams = [Team() for _ in range(team_count)]
        self.halls = 0
        self.points = np.nan
        self.three_rate = 0.36
        self.free_throw_rate = 0.76

    def read(
        self,
        *,
        home: int,
        away: int,
        season: int,
        neutral: bool,
        halls: int,
        tired: tuple[bool, bool],
        rules: SeasonRules,
    ) -> list[float]:
        """Return the features of a game between two teams, in the order of NAMES.

        Differences are home minus away, in points of margin where not said otherwise.
        """
        h, a = self.teams[home], self.teams[away]
        keep_h, keep_a = h.kept(season), a.kept(season)
        nobodys = neutral or halls < 0
        strength, variance = self.steady.expect(
            home=home, away=away, season=season, neutral=nobodys, tired=tired
        )
        quick, _ = self.quick.expect(
            home=home, away=away, season=season, neutral=nobodys, tired=tired
        )
        return [
            self.elo.difference(home=home, away=away, season=season, neutral=neutral),
            strength,
            quick,
            variance**0.5,
            *(keep_h * x - keep_a * y for x, y in zip(h.form, a.form, strict=True)),
            keep_h * h.venue_form[0] - keep_a * a.venue_form[1],
            keep_h * h.attack - keep_a * a.attack,
            keep_h * h.defence - keep_a * a.defence,
            self.totals.expect(home=home, away=away, season=season, neutral=False)[0],
            h.pace,
            a.pace,
            *(keep_h * x - keep_a * y for x, y in zip(h.factors, a.factors, strict=True)),
            h.games if keep_h == 1 else 0.0,
            a.games if keep_a == 1 else 0.0,
            *self.table.read(home=home, away=away, season=season, rules=rules),
        ]

    def learn(
        self,
        *,
        home: int,
        away: int,
        season: int,
        neutral: bool,
        playoffs: bool,
        halls: int,
        tired: tuple[bool, bool],
        score: tuple[float, float],
        box: FloatArray,
    ) -> None:
        """Take one result: home and away points, and the box score (2, len(BOX)), NaN if none."""
        h, a = self.teams[home], self.teams[away]
        h.begin(season)
        a.begin(season)
        margin = score[0] - score[1]
        if halls > self.halls:
            self.halls = halls
            for ratings in (self.steady, self.quick):
                ratings.doubt_edge()
        nobodys = neutral or halls < 0
        luck = self._learn_box(h, a, box) if np.isfinite(box).all() else 0.0
        seen = compressed(margin - luck)
        expected, _ = self.steady.expect(
            home=home, away=away, season=season, neutral=nobodys, tired=tired
        )
        _learn_form(h, seen - expected, venue=None if nobodys else 0)
        _learn_form(a, expected - seen, venue=None if nobodys else 1)
        self._learn_points(h, a, score, edge=0.0 if nobodys else STEADY.edge_mean)
        if not playoffs:
            self.table.learn(home=home, away=away, season=season, home_won=margin > 0)
        # The baseline reads what is listed, as published.
        self.elo.update(home=home, away=away, season=season, neutral=neutral, margin=margin)
        self.totals.update(
            home=home, away=away, season=season, neutral=False, margin=score[0] + score[1]
        )
        for ratings in (self.steady, self.quick):
            ratings.update(
                home=home, away=away, season=season, neutral=nobodys, margin=seen, tired=tired
            )

    def _learn_points(self, h: Team, a: Team, score: tuple[float, float], *, edge: float) -> None:
        """Move attack and defence, each seen against the other side's."""
        mean = (score[0] + score[1]) / 2
        self.points = _moved(self.points, mean, LEAGUE_RATE)
        off_home = score[0] - edge / 2 - self.points - (h.attack - a.defence)
        off_away = score[1] + edge / 2 - self.points - (a.attack - h.defence)
        # Half of each surprise is the attack's doing, half the defence's.
        h.attack += TEAM_RATE * off_home / 2
        a.defence -= TEAM_RATE * off_home / 2
        a.attack += TEAM_RATE * off_away / 2
        h.defence -= TEAM_RATE * off_away / 2

    def _learn_box(self, h: Team, a: Team, box: FloatArray) -> float:
        """Move pace and the four factors; return the luck in the margin, in points."""
        mine, theirs = box.tolist()
        home = dict(zip(BOX, mine, strict=True))
        away = dict(zip(BOX, theirs, strict=True))
        possessions = (_possessions(home) + _possessions(away)) / 2
        gaps = [
            x - y for x, y in zip(four_factors(home, away), four_factors(away, home), strict=True)
        ]
        for team, sign in ((h, 1.0), (a, -1.0)):
            team.pace = _moved(team.pace, possessions, TEAM_RATE)
            team.factors = [
                TEAM_RATE * sign * gap + (1 - TEAM_RATE) * (0.0 if value != value else value)
                for value, gap in zip(team.factors, gaps, strict=True)
            ]
        luck = self._luck(home) - self._luck(away)
        for side in (home, away):
            if side["fg3a"]:
                rate = side["fg3m"] / side["fg3a"]
                self.three_rate += LEAGUE_RATE * (rate - self.three_rate)
            if side["fta"]:
                rate = side["ftm"] / side["fta"]
                self.free_throw_rate += LEAGUE_RATE * (rate - self.free_throw_rate)
        return luck

    def _luck(self, side: dict[str, float]) -> float:
        threes = 3 * (side["fg3m"] - self.three_rate * side["fg3a"])
        free_throws = side["ftm"] - self.free_throw_rate * side["fta"]
        return LUCK_IN_THREES * threes + LUCK_IN_FREE_THROWS * free_throws


def four_factors(own: dict[str, float], other: dict[str, float]) -> tuple[float, ...]:
    """Return effective shooting, turnovers kept low, offensive rebounds and free throws.

    Oliver (2004), "Basketball on Paper". All are shares, more is better.

    >>> own = dict(fgm=40, fga=80, fg3m=10, ftm=20, fta=25, oreb=10, dreb=30, tov=11, fg3a=30)
    >>> [round(value, 4) for value in four_factors(own, own)]
    [0.5625, -0.1196, 0.25, 0.25]
    """
    shots = max(own["fga"], 1.0)
    return (
        (own["fgm"] + 0.5 * own["fg3m"]) / shots,
        -own["tov"] / max(_possessions(own), 1.0),
        own["oreb"] / max(own["oreb"] + other["dreb"], 1.0),
        own["ftm"] / shots,
    )


def _possessions(side: dict[str, float]) -> float:
    return side["fga"] + 0.44 * side["fta"] - side["oreb"] + side["tov"]


def _moved(value: float, towards: float, rate: float) -> float:
    """Return a smoothed figure after one more; the first stands as it is."""
    return towards if value != value else value + rate * (towards - value)


def _learn_form(team: Team, surprise: float, *, venue: int | None) -> None:
    team.games += 1
    team.form = [
        value + rate * (surprise - value) for value, rate in zip(team.form, FORM_RATES, strict=True)
    ]
    if venue is not None:
        team.venue_form[venue] += VENUE_RATE * (surprise - team.venue_form[venue])
