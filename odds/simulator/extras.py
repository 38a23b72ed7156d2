"""Additional markets of one event, priced from the same law of scores as the featured ones.

Other lines come from the score itself, team totals from each team's score. The first half and a
player's share are the score thinned: each point falls into the half, or to the player, with a
fixed chance of its own. So no two markets of an event contradict each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln, ndtr

from odds.simulator import chances, market
from odds.simulator.boards import FloatArray, IntArray, Sport
from odds.simulator.scored import ScoredSport
from odds.simulator.scoring import chances_of
from odds.simulator.teams import BOOKS, Split
from odds.simulator.worlds import WorldMarket, WorldOdds, WorldOutcome

FIRST_HALF = {"basketball_sim": 0.5, "soccer_sim": 0.45, "americanfootball_sim": 0.48}
# What of a team's score its best player's market counts: every so many points one, by that chance.
PROPS = {
    "basketball_sim": ("player_points", 1, 0.22),
    "soccer_sim": ("player_shots_on_target", 1, 0.60),
    "americanfootball_sim": ("player_pass_tds", 7, 0.60),
}
_OTHER_LINES = (-3, -2, -1, 1, 2, 3)
_MOST_POINTS = 250


@dataclass(frozen=True, slots=True)
class Scores:
    """The chances of whole scores, each (k, values from 0): of both teams, and of their sum."""

    home: FloatArray
    away: FloatArray
    total: FloatArray


def scores(sport: Sport, seed: int, number: IntArray, at: FloatArray) -> Scores:
    """Return the chances of scores in events (k,) as known at moments (k,)."""
    if isinstance(sport, ScoredSport):
        table, margins, totals = sport.score_table(seed, number, at)
        at_home = (totals + margins[:, None]) // 2
        parts = [chances_of(table, value) for value in (at_home, totals - at_home, totals)]
        return Scores(*(_from_nought(chance, values) for chance, values in parts))
    known = market.belief(seed, number, at)
    sd = np.sqrt(known.margin_sd**2 + known.total_sd**2) / 2
    points = np.arange(_MOST_POINTS)
    home, away = ((known.total + sign * known.margin) / 2 for sign in (1, -1))
    of_total = np.arange(2 * _MOST_POINTS + 1, dtype=np.float64)[None, :]
    columns = (known.total, known.total_sd, known.margin, known.margin_sd)
    at_least = chances.total_at_least(of_total, *(each[:, None] for each in columns))
    return Scores(_bell(home, sd, points), _bell(away, sd, points), -np.diff(at_least, axis=1))


def _bell(mean: FloatArray, sd: FloatArray, points: IntArray) -> FloatArray:
    edges = np.append(points - 0.5, points[-1] + 0.5)
    return np.asarray(np.diff(ndtr((edges - mean[:, None]) / sd[:, None]), axis=1))


def _from_nought(chance: FloatArray, values: IntArray) -> FloatArray:
    return np.pad(chance, ((0, 0), (int(values[0]), 0)))


def thinned(chance: FloatArray, share: float, every: int = 1) -> FloatArray:
    """Return the chances of how many of a score's points (or of every so many) are kept.

    Each is kept with the chance `share`, by itself.

    >>> thinned(np.array([[0.0, 0.0, 1.0]]), 0.5)
    array([[0.25, 0.5 , 0.25]])
    """
    count = np.arange(chance.shape[1])[:, None] // every
    kept = np.arange(count[-1, 0] + 1)[None, :]
    lost = count - kept
    # Binomial chances by logarithms: scipy.stats would do, and takes half a second to import.
    ways = gammaln(count + 1.0) - gammaln(kept + 1.0) - gammaln(np.maximum(lost, 0) + 1.0)
    likely = np.exp(ways + kept * np.log(share) + lost * np.log1p(-share))
    return np.asarray(chance @ np.where(lost >= 0, likely, 0.0))


def with_extras(
    odds: WorldOdds, sport: Sport, seed: int, number: int, at: float, *, is_efficient: bool
) -> WorldOdds:
    """Return an event's odds with the additional markets of every book that is open."""
    own = sport.own_seed(seed)
    view = market.views(own, np.array([number]), np.array([at]), is_efficient=is_efficient)
    every = np.full(len(BOOKS), number)
    # As each book knew it when it last moved; errors of its own are in the featured markets only.
    known = scores(sport, seed, every, view.seen[0])
    places = {spec.key: place for place, spec in enumerate(BOOKS)}
    books = []
    for book in odds.books:
        place = places[book.key]
        price = _Pricer(place, bool(view.is_open[0, place]), sport.split)
        extra = tuple(_markets(odds, book.markets, sport, seed, number, view, known, price))
        stamped = tuple(replace(each, last_update=book.last_update) for each in extra)
        books.append(replace(book, markets=book.markets + stamped))
    return replace(odds, books=tuple(books))


@dataclass(frozen=True, slots=True)
class _Pricer:
    place: int
    is_open: bool
    split: Split

    def prices(self, chance: float) -> tuple[float, float]:
        """Return the prices of an outcome and its opposite; NaN where not offered."""
        both = np.array([[chance], [1 - chance]])
        spec = BOOKS[self.place : self.place + 1]
        told = market.priced(both, np.array([[self.is_open]]), spec, self.split, 2)
        return round(float(told[0, 0]), 3), round(float(told[1, 0]), 3)


def _markets(
    odds: WorldOdds,
    featured: tuple[WorldMarket, ...],
    sport: Sport,
    seed: int,
    number: int,
    view: market.View,
    known: Scores,
    price: _Pricer,
) -> Iterator[WorldMarket]:
    at = view.seen[:, price.place]
    event, one = odds.event, np.array([number])
    for main in featured:
        if main.key not in {"spreads", "totals"}:
            continue
        points = [(main.outcomes[0].point or 0.0) + by for by in _OTHER_LINES]
        points = [each for each in points if each > 0 or main.key == "spreads"]
        win, push = sport.truth(seed, one, at, main.key, np.array([points]))
        names = (main.outcomes[0].name, main.outcomes[1].name)
        sign = -1.0 if main.key == "spreads" else 1.0
        outcomes = [
            outcome
            for point, chance in zip(points, (win[0, :, 0] / (1 - push[0])).tolist(), strict=True)
            for outcome in _pair(names, price.prices(chance), (point, 0.0 + sign * point))
        ]
        yield WorldMarket(f"alternate_{main.key}", event.starts_at, tuple(outcomes))
    place = price.place
    teams = ((event.home, known.home[place]), (event.away, known.away[place]))
    totals = [
        outcome for team, chance in teams for outcome in _over_under(chance, price, describe=team)
    ]
    yield WorldMarket("team_totals", event.starts_at, tuple(totals))
    half = thinned(known.total[place : place + 1], FIRST_HALF[sport.key])[0]
    yield WorldMarket("totals_h1", event.starts_at, tuple(_over_under(half, price)))
    key, every, share = PROPS[sport.key]
    outcomes = [
        outcome
        for team, chance in teams
        for outcome in _over_under(
            thinned(chance[None, :], share, every)[0], price, describe=f"Captain of {team}"
        )
    ]
    yield WorldMarket(key, event.starts_at, tuple(outcomes))


def _over_under(
    chance: FloatArray, price: _Pricer, *, describe: str | None = None
) -> list[WorldOutcome]:
    """Return over and under on the half line that splits the chances most evenly."""
    over = 1.0 - np.cumsum(chance)
    below = int(np.abs(over - 0.5).argmin())
    both = _pair(("Over", "Under"), price.prices(float(over[below])), (below + 0.5, below + 0.5))
    return [replace(each, description=describe) for each in both]


def _pair(
    names: tuple[str, str], prices: tuple[float, float], points: tuple[float, float]
) -> list[WorldOutcome]:
    if np.isnan(prices).any():
        return []
    told = zip(names, prices, points, strict=True)
    return [WorldOutcome(name, price, point) for name, price, point in told]
