"""Team ratings learned game by game: Elo, and a Kalman filter on the margin.

Both only ever move forward: `update` takes one result, `expect` reads without changing anything,
so a rating can never have seen a game it is asked about.
"""

from dataclasses import dataclass

import numpy as np

from models_registry.domain.games import FloatArray

# Ratings so far apart are certainty; made-up scores of an attack can drive them past any float.
FARTHEST = 300.0


@dataclass(frozen=True, slots=True)
class EloSettings:
    """The constants FiveThirtyEight published for its NBA Elo, with a home edge of 80, not 100.

    Silver, Fischer-Baum (2015), "How We Calculate NBA Elo Ratings". The edge is the one that fits
    2010-11 to 2017-18 best; home teams win less often than when theirs was set.
    """

    start: float = 1500.0
    step: float = 20.0
    home_edge: float = 80.0
    carry_over: float = 0.75
    mean: float = 1505.0


class Elo:
    """Elo with margin of victory, home edge and season carry-over.

    >>> elo = Elo(team_count=2)
    >>> round(elo.expect(home=0, away=1, season=2021, neutral=False), 4)
    0.6131
    >>> elo.update(home=0, away=1, season=2021, neutral=False, margin=10.0)
    >>> elo.rating.round(2).tolist()
    [1507.55, 1492.45]
    """

    def __init__(self, team_count: int, settings: EloSettings | None = None) -> None:
        self.settings = settings or EloSettings()
        self.rating: FloatArray = np.full(team_count, self.settings.start)
        self.season = np.zeros(team_count, dtype=np.int64)

    def rating_in(self, team: int, season: int) -> float:
        """Return a team's rating in a season: between seasons it moves towards the mean."""
        rating = float(self.rating[team])
        if 0 < self.season[team] < season:
            keep = self.settings.carry_over
            return keep * rating + (1 - keep) * self.settings.mean
        return rating

    def difference(self, *, home: int, away: int, season: int, neutral: bool) -> float:
        """Return home minus away, home edge included, in Elo points."""
        edge = 0.0 if neutral else self.settings.home_edge
        return self.rating_in(home, season) - self.rating_in(away, season) + edge

    def expect(self, *, home: int, away: int, season: int, neutral: bool) -> float:
        """Return the probability that the home team wins: 1 / (1 + 10^(-difference / 400))."""
        difference = self.difference(home=home, away=away, season=season, neutral=neutral)
        return float(1 / (1 + 10 ** min(-difference / 400, FARTHEST)))

    def update(self, *, home: int, away: int, season: int, neutral: bool, margin: float) -> None:
        """Learn one result; `margin` is home points minus away points, never zero."""
        difference = self.difference(home=home, away=away, season=season, neutral=neutral)
        won = 1.0 if margin > 0 else 0.0
        lead = difference if margin > 0 else -difference
        # A favourite that wins big tells less than an underdog that does.
        weight = (abs(margin) + 3) ** 0.8 / (7.5 + 0.006 * lead)
        expected = 1 / (1 + 10 ** min(-difference / 400, FARTHEST))
        change = self.settings.step * weight * (won - expected)
        for team, sign in ((home, 1.0), (away, -1.0)):
            self.rating[team] = self.rating_in(team, season) + sign * change
            self.season[team] = max(int(self.season[team]), season)


COMPRESSION = 0.7
UNCHANGED = 12.0


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """Variances in squared points. Chosen on seasons up to 2017-18 only (docs/algorithms)."""

    strength_variance: float = 25.0
    strength_drift: float = 0.1
    carry_over: float = 0.84
    edge_mean: float = 3.0
    edge_variance: float = 4.0
    edge_drift: float = 0.0002
    tired_variance: float = 1.0
    noise_variance: float = 140.0
    # What the away side's strength counts: -1 in a margin, 1 in a total.
    away_counts: float = -1.0


def compressed(margin: float) -> float:
    """Return a margin with blow-outs counted less: 12 stays 12, 30 becomes 23, 4 becomes 6.

    The last points of a game that is decided say little about either team.

    >>> [round(compressed(margin), 1) for margin in (4.0, 12.0, -30.0)]
    [5.6, 12.0, -22.8]
    """
    size = float(abs(margin) ** COMPRESSION * UNCHANGED ** (1 - COMPRESSION))
    return size if margin > 0 else -size


class MarginFilter:
    """Strength of every team in (compressed) points, with what is not known about it.

    State: one strength a team, the league's home edge, and what a side that played the day before
    loses, at home and away. The expected margin is the difference of strengths plus what applies
    of the rest; a result moves all of them in proportion to how unsure they are (Glickman and
    Stern 1998, "A State-Space Model for National Football League Scores"). Because the whole
    covariance is kept, opponents' strength is accounted for without iteration.

    Totals are learned the same way: the strengths, which then add up, are points above the
    league's level, which stands in the place of the home edge.
    """

    def __init__(self, team_count: int, settings: FilterSettings | None = None) -> None:
        self.settings = s = settings or FilterSettings()
        self.teams = team_count
        self.season = 0
        self.mean: FloatArray = np.array([*([0.0] * team_count), s.edge_mean, 0.0, 0.0])
        self.variance: FloatArray = np.diag(
            [s.strength_variance] * team_count + [s.edge_variance] + [s.tired_variance] * 2
        )

    def expect(
        self,
        *,
        home: int,
        away: int,
        season: int,
        neutral: bool,
        tired: tuple[bool, bool] = (False, False),
    ) -> tuple[float, float]:
        """Return the expected margin and the variance of the margin around it.

        `tired` says of home and away whether it played the day before. Read-only: a season not
        yet begun is looked at through its carry-over.
        """
        s, v = self.settings, self.variance
        others = self._others(neutral=neutral, tired=tired)
        keep = s.carry_over if 0 < self.season < season else 1.0
        sign = s.away_counts
        mean = keep * float(self.mean[home] + sign * self.mean[away])
        strengths = float(v[home, home] + v[away, away] + 2 * sign * v[home, away])
        variance = keep**2 * strengths + 2 * (1 - keep**2) * s.strength_variance
        for one in others:
            mean += float(self.mean[one])
            variance += 2 * keep * float(v[home, one] + sign * v[away, one])
            for other in others:
                variance += float(v[one, other])
        return mean, variance + s.noise_variance

    def update(
        self,
        *,
        home: int,
        away: int,
        season: int,
        neutral: bool,
        margin: float,
        tired: tuple[bool, bool] = (False, False),
    ) -> None:
        """Learn one result: `margin` in compressed points, home minus away."""
        if season > self.season:
            self._begin(season)
        s, v = self.settings, self.variance
        others = self._others(neutral=neutral, tired=tired)
        v[home, home] += s.strength_drift
        v[away, away] += s.strength_drift
        v[self.teams, self.teams] += s.edge_drift
        # Elementwise only, so the answer does not depend on how many teams there are.
        sign = s.away_counts
        seen = v[home] + sign * v[away]
        mean = float(self.mean[home] + sign * self.mean[away])
        for one in others:
            seen = seen + v[one]
            mean += float(self.mean[one])
        spread = float(seen[home] + sign * seen[away]) + s.noise_variance
        for one in others:
            spread += float(seen[one])
        gain = seen / spread
        self.mean += gain * (margin - mean)
        v -= gain[:, None] * seen[None, :]

    def doubt_edge(self) -> None:
        """Doubt the home edge anew: what it was learned from has changed."""
        self.variance[self.teams, self.teams] += self.settings.edge_variance

    def _others(self, *, neutral: bool, tired: tuple[bool, bool]) -> list[int]:
        """Return which elements of the state count in full besides the two strengths."""
        edge = self.teams
        edges = [] if neutral else [edge]
        return edges + [edge + 1 + side for side in (0, 1) if tired[side]]

    def _begin(self, season: int) -> None:
        if self.season:
            keep, teams = self.settings.carry_over, self.teams
            self.mean[:teams] *= keep
            self.variance[:teams] *= keep
            self.variance[:, :teams] *= keep
            fresh = np.arange(teams)
            self.variance[fresh, fresh] += (1 - keep**2) * self.settings.strength_variance
        self.season = season
