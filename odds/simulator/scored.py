"""Soccer and American football: sports whose law is a table of scores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from odds.simulator import market
from odds.simulator.boards import Board, FloatArray, IntArray, Offer
from odds.simulator.noise import bits
from odds.simulator.schedule import MEAN_TOTAL, expectations, numbers_starting
from odds.simulator.scoring import (
    Fates,
    Law,
    at_least,
    chances,
    chances_of,
    fates,
    final_scores,
    law_of,
)
from odds.simulator.teams import (
    BOOKS,
    FOOTBALL_SPLIT,
    FOOTBALL_TEAMS,
    SOCCER_SPLIT,
    SOCCER_TEAMS,
    Split,
)

_NOISE = (12.0, 17.0)  # as in basketball, so that news tells as much of the result
_EVENT_CHUNK = 250


@dataclass(frozen=True, slots=True)
class ScoredSport:
    """A sport with a table of scores: where a margin of nought is a draw, or a push."""

    key: str
    title: str
    group: str
    teams: tuple[str, ...]
    has_draw: bool
    every: int
    split: Split
    table: Callable[[FloatArray, FloatArray], tuple[FloatArray, IntArray, IntArray]]

    def numbers(self, after: float, until: float) -> IntArray:
        number = numbers_starting(after, until)
        return np.asarray(number[number % self.every == 0])

    def board(self, seed: int, number: IntArray, at: FloatArray, *, is_efficient: bool) -> Board:
        parts = [
            self._board(seed, each, at[number_range], is_efficient=is_efficient)
            for each, number_range in _chunks(number)
        ]
        offers = zip(*(part.offers for part in parts), strict=True)
        return Board(
            np.concatenate([part.updated for part in parts]),
            tuple(
                Offer(
                    each[0].market_key,
                    each[0].sides,
                    np.concatenate([one.line for one in each]),
                    np.concatenate([one.prices for one in each]),
                )
                for each in offers
            ),
        )

    def _board(self, seed: int, number: IntArray, at: FloatArray, *, is_efficient: bool) -> Board:
        seed = self.own_seed(seed)
        view = market.views(seed, number, at, is_efficient=is_efficient)
        law = self.law(seed, number)
        known = fates(seed, number, view.seen, _NOISE, view.error)
        margin, total, totals = _marginals(law, known)
        half = np.where(market.has_whole_lines(seed, number), 0.0, 0.5)
        spread = 0.0 - _fair_line(margin, law.margins, half)
        total_line = _fair_line(total, totals, half)
        win, tie = at_least(margin, law.margins, np.zeros(view.seen.shape))
        cover, push = at_least(margin, law.margins, -spread)
        over, on_it = at_least(total, totals, total_line)
        if self.has_draw:
            moneyline = _offer(
                "h2h", ("home", "away", "draw"), None, view, self.split, win, 1 - win - tie, tie
            )
        else:
            home = win / (1 - tie)
            moneyline = _offer("h2h", ("home", "away"), None, view, self.split, home, 1 - home)
        cover, over = cover / (1 - push), over / (1 - on_it)
        return Board(
            view.updated,
            (
                moneyline,
                _offer("spreads", ("home", "away"), spread, view, self.split, cover, 1 - cover),
                _offer("totals", ("over", "under"), total_line, view, self.split, over, 1 - over),
            ),
        )

    def truth(
        self, seed: int, number: IntArray, at: FloatArray, market_key: str, line: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        wins, pushes = [], []
        for each, place in _chunks(number):
            win, push = self._truth(seed, each, at[place], market_key, line[place])
            wins.append(win)
            pushes.append(push)
        return np.concatenate(wins), np.concatenate(pushes)

    def _truth(
        self, seed: int, number: IntArray, at: FloatArray, market_key: str, line: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        seed = self.own_seed(seed)
        law = self.law(seed, number)
        known = fates(seed, number, at[:, None], _NOISE, np.zeros((len(number), 1)))
        of_margin, of_total, totals = _marginals(law, known)
        margin, total = of_margin[:, 0], of_total[:, 0]
        if market_key == "h2h":
            win, tie = at_least(margin, law.margins, np.zeros(line.shape))
            if self.has_draw:
                return np.stack([win, 1 - win - tie, tie], axis=-1), np.zeros(line.shape)
            return np.stack([win, 1 - win - tie], axis=-1), tie
        if market_key == "spreads":
            win, push = at_least(margin, law.margins, -line)
        elif market_key == "totals":
            win, push = at_least(total, totals, line)
        else:
            raise KeyError(market_key)
        return np.stack([win, 1 - win - push], axis=-1), push

    def final_scores(self, seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
        own = self.own_seed(seed)
        parts = [
            final_scores(own, each, self.law(own, each), _NOISE) for each, _ in _chunks(number)
        ]
        home, away = zip(*parts, strict=True)
        return np.concatenate(home), np.concatenate(away)

    def score_table(
        self, seed: int, number: IntArray, at: FloatArray
    ) -> tuple[FloatArray, IntArray, IntArray]:
        """Return the chances of all scores at moments (n,), and their margins and totals."""
        own = self.own_seed(seed)
        law = self.law(own, number)
        known = fates(own, number, at[:, None], _NOISE, np.zeros((len(number), 1)))
        return chances(law, known, 0), law.margins, law.totals

    def own_seed(self, seed: int) -> int:
        """Return the seed of this sport's own numbers in a world."""
        return int(bits(seed, sum(map(ord, self.key))) >> np.uint64(33))

    def law(self, seed: int, number: IntArray) -> Law:
        """Return the law of events by the sport's own seed."""
        return _law(self, seed, number.tobytes())


@lru_cache(maxsize=4)
def _law(sport: ScoredSport, seed: int, numbers: bytes) -> Law:
    # A sweep asks of the events that the one before asked of.
    margin, total = expectations(seed, np.frombuffer(numbers, np.int64))
    return law_of(*sport.table(margin, total - MEAN_TOTAL))


def _chunks(number: IntArray) -> list[tuple[IntArray, slice]]:
    """Return events by the hundreds: tables of all their scores are large."""
    first = range(0, max(len(number), 1), _EVENT_CHUNK)
    return [(number[at : at + _EVENT_CHUNK], slice(at, at + _EVENT_CHUNK)) for at in first]


def _marginals(law: Law, known: Fates) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the chances of margins (n, k, m) and totals (n, k, t) for every column; the totals."""
    margin, total, values = [], [], law.margins
    for column in range(known.margin.shape[1]):
        table = chances(law, known, column)
        margin.append(table.sum(axis=2))
        of_total, values = chances_of(table, law.totals)
        total.append(of_total)
    return np.stack(margin, axis=1), np.stack(total, axis=1), values


def _fair_line(chance: FloatArray, values: IntArray, half: FloatArray) -> FloatArray:
    """Return the line (n, k), whole or half, that splits the chances most evenly."""
    candidate = values[1:-1] + half[..., None]
    above, below = np.cumsum(chance[..., ::-1], axis=-1)[..., ::-1], np.cumsum(chance, axis=-1)
    over = above[..., 2:]
    # Below a half line lies the value itself; on a whole one it is a push.
    under = np.where(half[..., None] > 0, below[..., 1:-1], below[..., :-2])
    best = np.abs(over - under).argmin(axis=-1)
    return np.take_along_axis(np.broadcast_to(candidate, over.shape), best[..., None], -1)[..., 0]


def _offer(
    market_key: str,
    sides: tuple[str, ...],
    line: FloatArray | None,
    view: market.View,
    split: Split,
    *probability: FloatArray,
) -> Offer:
    prices = np.stack(
        [market.priced(each, view.is_open, BOOKS, split, len(sides)) for each in probability],
        axis=-1,
    )
    lines = np.full(prices.shape[:2], np.nan) if line is None else line
    return Offer(market_key, sides, lines, np.asarray(np.round(prices, 3), dtype=np.float64))


# --- the tables of scores; expectations come in basketball's points

_MOST_GOALS = 11
# Dixon and Coles (1997): low draws are likelier, one-goal games by 1-0 less so.
_LOW_SCORES = -0.06


def soccer_table(margin: FloatArray, pace: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the chances of soccer's margins and totals: Poisson goals, low scores corrected."""
    supremacy, goals = 0.11 * margin, np.clip(2.7 + 0.04 * pace, 1.6, 4.2)
    home = np.clip((goals + supremacy) / 2, 0.25, 4.0)[:, None]
    away = np.clip((goals - supremacy) / 2, 0.25, 4.0)[:, None]
    goal = np.arange(_MOST_GOALS)
    scores = _poisson(home, goal)[:, :, None] * _poisson(away, goal)[:, None, :]
    rho = _LOW_SCORES
    scores[:, 0, 0] *= 1 - home[:, 0] * away[:, 0] * rho
    scores[:, 0, 1] *= 1 + home[:, 0] * rho
    scores[:, 1, 0] *= 1 + away[:, 0] * rho
    scores[:, 1, 1] *= 1 - rho
    return _by_margin_and_total(scores, _MOST_GOALS - 1, _MOST_GOALS - 1)


def _poisson(mean: FloatArray, count: IntArray) -> FloatArray:
    return np.asarray(np.exp(count * np.log(mean) - mean - gammaln(count + 1.0)))


_MOST_POINTS = 66
# How much likelier a margin is than its neighbours: field goals and touchdowns make them.
_KEY_MARGINS = {0: 0.06, 3: 3.0, 4: 1.15, 6: 1.4, 7: 2.1, 10: 1.5, 14: 1.5, 17: 1.25, 21: 1.2}
_ODD_MARGINS = {1: 0.75, 2: 0.75, 5: 0.7, 9: 0.6, 12: 0.7, 15: 0.7, 19: 0.7, 22: 0.75}
_SELDOM_SCORES = {1: 0.0, 2: 0.04, 4: 0.0, 5: 0.06, 8: 0.25, 11: 0.12, 18: 0.4, 25: 0.5}
_OFTEN_SCORES = {0: 1.3, 3: 1.4, 10: 1.7, 13: 1.4, 17: 1.9, 20: 1.9, 24: 1.9, 27: 1.7, 31: 1.4}
_MARGIN_SD, _TOTAL_SD = 12.5, 13.0


def football_table(margin: FloatArray, pace: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the chances of American football's scores: two bells, heaped on the key numbers."""
    points = np.arange(_MOST_POINTS)
    home, away = points[:, None], points[None, :]
    weight = np.ones((_MOST_POINTS, _MOST_POINTS))
    for value, factor in (_KEY_MARGINS | _ODD_MARGINS).items():
        weight[np.abs(home - away) == value] *= factor
    for value, factor in (_SELDOM_SCORES | _OFTEN_SCORES).items():
        weight[value, :] *= factor
        weight[:, value] *= factor
    total = np.clip(44.5 + 0.5 * pace, 34, 56)[:, None, None]
    scores = weight * np.exp(
        -(((home - away) - margin[:, None, None]) ** 2) / (2 * _MARGIN_SD**2)
        - ((home + away) - total) ** 2 / (2 * _TOTAL_SD**2)
    )
    return _by_margin_and_total(scores, 48, 45)


def _by_margin_and_total(
    scores: FloatArray, most_margin: int, most_low: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return chances by home and away score as chances by margin and by the lower of the scores.

    Totals rise with the lower score; what lies beyond the greatest of either is left out.
    """
    points = np.arange(scores.shape[1])
    home, away = np.meshgrid(points, points, indexing="ij")
    kept = (np.abs(home - away) <= most_margin) & (np.minimum(home, away) <= most_low)
    home, away = home[kept], away[kept]
    margins, low = np.arange(-most_margin, most_margin + 1), np.arange(most_low + 1)
    table = np.zeros((len(scores), len(margins), len(low)))
    table[:, home - away + most_margin, np.minimum(home, away)] = scores[:, kept]
    return table, margins, 2 * low[None, :] + np.abs(margins)[:, None]


SOCCER = ScoredSport(
    "soccer_sim",
    "Simulated Premier Division",
    "Soccer",
    SOCCER_TEAMS,
    True,
    2,
    SOCCER_SPLIT,
    soccer_table,
)
FOOTBALL = ScoredSport(
    "americanfootball_sim",
    "Simulated Football League",
    "American Football",
    FOOTBALL_TEAMS,
    False,
    4,
    FOOTBALL_SPLIT,
    football_table,
)
