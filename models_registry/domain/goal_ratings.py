"""How strong each soccer team is in attack and defence, from goals and from chances, as features.

Maher (1982), "Modelling association football scores": the goals of a side are Poisson, their log
rate the sum of a level, an edge at home, the side's attack and what the other's defence gives
away. Newer matches count more (Dixon and Coles 1997), and strengths are drawn towards what is
usual, so that a promoted team is neither unknown nor infinitely bad. docs/algorithms/goals.md
describes each column and how each constant was chosen.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv

from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import FloatArray, Games, IntArray, TimeArray

NAMES = ("goals_supremacy", "goals_total", "chances_supremacy", "chances_total")
# What one shot, shot on target and corner is worth: the three together tell of a goal.
WORTH = (0.036, 0.087, 0.088)
# Matches older than this many half-lives weigh less than a sixtieth, and are left out.
HALF_LIVES_KEPT = 6.0
# With fewer matches of this age a rating would be all prior.
FEWEST_MATCHES = 100
CLOSE_ENOUGH = 1e-9
STEPS = 40


@dataclass(frozen=True, slots=True)
class RatingSettings:
    """How a rating learns: days until a match counts half, and how far strengths may lie apart.

    `spread` is the standard deviation of attack and of defence before any match, in log goals;
    a team that was not in the competition the season before is expected `promoted` lower in both.
    """

    half_life: float
    spread: float
    promoted: float = 0.1


GOALS = RatingSettings(half_life=300.0, spread=0.25)
CHANCES = RatingSettings(half_life=120.0, spread=0.35)

ELO_STEP = 20.0
ELO_EDGE = 60.0
ELO_CARRY_OVER = 0.8


@dataclass(frozen=True, slots=True)
class Rates:
    """A fitted rating: log goals of a side = level + or - edge / 2 + attack - other's defence."""

    level: float
    edge: float
    attack: FloatArray
    defence: FloatArray

    def log_rates(self, home: IntArray, away: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the log rates of home and away sides, each shaped as the teams."""
        ours = self.level + self.edge / 2 + self.attack[home] - self.defence[away]
        theirs = self.level - self.edge / 2 + self.attack[away] - self.defence[home]
        return ours, theirs


def fit_rates(
    home: IntArray,
    away: IntArray,
    seen: FloatArray,
    weight: FloatArray,
    *,
    expected: FloatArray,
    spread: float,
) -> Rates:
    """Return the strengths that explain weighted scores best, drawn towards what is expected.

    `seen` has shape (n, 2): what home and away sides scored, whole or not; `weight` (n,). Attack
    and defence of every team have a normal prior about `expected`, one value a team, with that
    spread; level and edge have none. The likelihood is Poisson's; with the prior it has one
    summit, which Newton's method climbs with the exact gradient and curvature. It starts afresh
    each time, so the answer depends on nothing but the arguments.
    """
    teams = len(expected)
    tight, at = spread**-2, np.arange(teams)
    # Matches of the same two sides at the same place tell alike: [home side, away side].
    met = _by_pair(home, away, weight, teams)
    ours = _by_pair(home, away, weight * seen[:, 0], teams)
    theirs = _by_pair(home, away, weight * seen[:, 1], teams)
    scored = np.concatenate(
        [
            [ours.sum() + theirs.sum(), (ours.sum() - theirs.sum()) / 2],
            ours.sum(axis=1) + theirs.sum(axis=0),
            -ours.sum(axis=0) - theirs.sum(axis=1),
        ]
    )
    prior = np.concatenate([np.zeros(2), expected, expected])
    theta = prior.copy()
    theta[0] = np.log(max(scored[0] / (2 * met.sum()), 1e-3))
    curve = np.zeros((2 + 2 * teams, 2 + 2 * teams))
    attack, defence = slice(2, 2 + teams), slice(2 + teams, None)
    for _ in range(STEPS):
        strong, leaky = np.exp(theta[attack]), np.exp(-theta[defence])
        home_rate = met * np.outer(strong, leaky) * np.exp(theta[0] + theta[1] / 2)
        away_rate = met * np.outer(leaky, strong) * np.exp(theta[0] - theta[1] / 2)
        # What each side should have scored at home and away, and conceded there.
        for_home, for_away = home_rate.sum(axis=1), away_rate.sum(axis=0)
        against_home, against_away = away_rate.sum(axis=1), home_rate.sum(axis=0)
        total, edge = for_home.sum() + for_away.sum(), for_home.sum() - for_away.sum()
        slope = np.concatenate(
            [[total, edge / 2], for_home + for_away, -against_home - against_away]
        )
        slope -= scored
        slope[2:] += tight * (theta[2:] - prior[2:])
        curve[0, 0], curve[1, 1], curve[0, 1] = total, total / 4, edge / 2
        curve[0, attack], curve[0, defence] = for_home + for_away, -against_home - against_away
        curve[1, attack] = (for_home - for_away) / 2
        curve[1, defence] = (against_home - against_away) / 2
        curve[2 + at, 2 + at] = for_home + for_away + tight
        curve[2 + teams + at, 2 + teams + at] = against_home + against_away + tight
        curve[attack, defence] = -home_rate - away_rate.T
        # LAPACK at first hand: its wrapper costs more than so small a system. Reads above only.
        step = dposv(curve, slope)[1]
        # From a far start a full step may overshoot; no strength moves by more than one at once.
        theta -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    return Rates(float(theta[0]), float(theta[1]), theta[attack], theta[defence])


def _by_pair(home: IntArray, away: IntArray, values: FloatArray, teams: int) -> FloatArray:
    sums = np.bincount(home * teams + away, values, teams**2).astype(np.float64)
    return sums.reshape(teams, teams)


def build_goal_features(
    games: Games, *, rows: IntArray | None = None, decided_at: TimeArray | None = None
) -> FeatureMatrix:
    """Return the ratings before the games at `rows` (all, if none are named), in that order.

    As `features.build_features`: a row's decision moment is its `decided_at`, or its start where
    that is earlier, and only results and counts usable by then are read, never its own. `box`
    holds MATCH_BOX. A rating is fitted afresh for each season and state of knowledge, as of the
    newest match known, so it changes with nothing but results. NaN where fewer than 100 usable
    matches tell a rating.

    Supremacy is half the log ratio of the two sides' expected goals (or chances), total half the
    log of their product: log goals of the home side = total + supremacy.
    """
    chosen: IntArray = np.arange(len(games)) if rows is None else rows
    moments = games.starts_at[chosen]
    if decided_at is not None:
        moments = np.minimum(moments, decided_at)
    finished = _in_order(games)
    usable = np.searchsorted(games.known_at[finished], moments, side="right")
    values = np.full((len(chosen), len(NAMES)), np.nan)
    chances = _chances(games, finished)
    goals = np.column_stack([games.home_score, games.away_score])[finished]
    state = np.column_stack([usable, games.season[chosen]])
    states, of_state = np.unique(state, axis=0, return_inverse=True)
    order = np.argsort(of_state, kind="stable")
    ends = np.cumsum(np.bincount(of_state, minlength=len(states))).tolist()
    members = _Members(games)
    for (count, season), start, end in zip(states.tolist(), [0, *ends[:-1]], ends, strict=True):
        here = order[start:end]
        known = finished[:count]
        for first, settings, seen in ((0, GOALS, goals), (2, CHANCES, chances)):
            values[here, first : first + 2] = _rated(
                games, known, seen[:count], settings, chosen[here],
                new=members.new_in(season),
            )  # fmt: skip
    return FeatureMatrix(NAMES, values)


class _Members:
    """Which teams were not in the competition the season before one, by the schedule."""

    def __init__(self, games: Games) -> None:
        self._there = {
            int(season): np.bincount(
                np.concatenate([games.home[rows], games.away[rows]]), minlength=games.team_count
            )
            > 0
            for season in np.unique(games.season)
            for rows in [np.flatnonzero(games.season == season)]
        }
        self._nobody = np.zeros(games.team_count, dtype=np.bool_)

    def new_in(self, season: int) -> FloatArray:
        """Return 1.0 for each team that is new in a season, else 0.0."""
        return (~self._there.get(season - 1, self._nobody)).astype(np.float64)


def _rated(
    games: Games,
    known: IntArray,
    seen: FloatArray,
    settings: RatingSettings,
    rows: IntArray,
    *,
    new: FloatArray,
) -> FloatArray:
    """Return supremacy and total of some games by one rating, shape (len(rows), 2)."""
    day = games.day[known].astype("M8[D]").astype(np.int64)
    age = day.max(initial=0) - day
    use = (age < HALF_LIVES_KEPT * settings.half_life) & np.isfinite(seen).all(axis=1)
    if use.sum() < FEWEST_MATCHES:
        return np.full((len(rows), 2), np.nan)
    known, age, seen = known[use], age[use], seen[use]
    # Only teams that have been seen are fitted; the others are what is expected of them.
    teams, numbered = np.unique(
        np.concatenate([games.home[known], games.away[known]]), return_inverse=True
    )
    expected = -settings.promoted * new
    fitted = fit_rates(
        numbered[: len(known)], numbered[len(known) :], seen, 0.5 ** (age / settings.half_life),
        expected=expected[teams], spread=settings.spread,
    )  # fmt: skip
    attack, defence = expected.copy(), expected.copy()
    attack[teams], defence[teams] = fitted.attack, fitted.defence
    every = Rates(fitted.level, fitted.edge, attack, defence)
    ours, theirs = every.log_rates(games.home[rows], games.away[rows])
    return np.column_stack([(ours - theirs) / 2, (ours + theirs) / 2])


def _chances(games: Games, finished: IntArray) -> FloatArray:
    """Return what each side's shots and corners are worth in goals, shape (n, 2); NaN unknown."""
    # Counts published later than the result are not waited for: they stay out for good.
    in_time = games.box_known_at[finished] <= games.known_at[finished]
    worth: FloatArray = (games.box[finished] * np.array(WORTH)).sum(axis=2)
    return np.where(in_time[:, None], worth, np.nan)


def _in_order(games: Games) -> IntArray:
    """Return the rows of results in the order in which they may be used."""
    finished: IntArray = np.flatnonzero(games.played & ~np.isnat(games.known_at))
    return finished[np.lexsort((games.event_id[finished], games.known_at[finished]))]


def elo_before(games: Games) -> FloatArray:
    """Return the Elo difference before each game, with home edge: the plain baseline.

    A draw counts half, a new season keeps 0.8. Only results usable at the start are learned.
    """
    finished = _in_order(games)
    usable = np.searchsorted(games.known_at[finished], games.starts_at, side="right")
    rating, season_of = [0.0] * games.team_count, [0] * games.team_count
    columns = (games.home, games.away, games.season, games.home_score, games.away_score)
    results = list(zip(*(column[finished].tolist() for column in columns), strict=True))
    asked = list(zip(*(column.tolist() for column in columns[:3]), strict=True))

    def now(team: int, season: int) -> float:
        return rating[team] * (ELO_CARRY_OVER if 0 < season_of[team] < season else 1.0)

    values, learned = np.empty(len(games)), 0
    for position in np.argsort(usable, kind="stable").tolist():
        for home, away, season, ours, theirs in results[learned : int(usable[position])]:
            before = now(home, season), now(away, season)
            won = 0.5 if ours == theirs else float(ours > theirs)
            expected = 1 / (1 + 10 ** (-(before[0] - before[1] + ELO_EDGE) / 400))
            change = ELO_STEP * (won - expected)
            rating[home], rating[away] = before[0] + change, before[1] - change
            season_of[home] = max(season_of[home], season)
            season_of[away] = max(season_of[away], season)
        learned = max(learned, int(usable[position]))
        home, away, season = asked[position]
        values[position] = now(home, season) - now(away, season) + ELO_EDGE
    return values
