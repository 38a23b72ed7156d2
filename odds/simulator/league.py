"""Leagues that never were, whose true probabilities are known.

Everything is a function of (seed, moment): nothing is stored, so a restarted process, or another
one, tells the same story. docs/algorithms/simulator.md has the law of it.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from odds.simulator import listing
from odds.simulator.boards import Sport
from odds.simulator.extras import with_extras
from odds.simulator.history import write_history as write_history
from odds.simulator.listing import SPORT_KEY as SPORT_KEY
from odds.simulator.noise import FloatArray, uniform
from odds.simulator.schedule import (
    DAY,
    HOUR,
    IntArray,
    epoch,
    number_of,
    starts,
    to_datetime,
)
from odds.simulator.sports import SPORTS
from odds.simulator.teams import BOOKS
from odds.simulator.worlds import (
    WorldEvent,
    WorldOdds,
    WorldScore,
    WorldSport,
)

LISTED_AHEAD = 30 * HOUR
SCORES_KEPT = 3 * DAY
_DURATION = 31
_SIDES = {
    "h2h": ("home", "away", "draw"),
    "spreads": ("home", "away"),
    "totals": ("over", "under"),
}


class SimulatedLeague:
    """The world of one seed. In an efficient market no price is ever worth taking."""

    def __init__(self, seed: int = 1, *, is_efficient: bool = False) -> None:
        self.seed = seed
        self.is_efficient = is_efficient
        self._sports = {sport.key: sport for sport in SPORTS}

    def sports(self) -> Sequence[WorldSport]:
        return [
            WorldSport(sport.key, sport.group, sport.title, "Invented teams, known odds")
            for sport in SPORTS
        ]

    def book_keys(self) -> frozenset[str]:
        return frozenset(spec.key for spec in BOOKS)

    def participants(self, sport_key: str) -> Sequence[str]:
        sport = self._sports.get(sport_key)
        return sport.teams if sport else ()

    def events(self, sport_key: str, at: datetime) -> Sequence[WorldEvent]:
        sport = self._sports.get(sport_key)
        if sport is None:
            return []
        return listing.events(sport, self.seed, self._listed(sport, epoch(at)))

    def odds(self, sport_key: str, at: datetime) -> Sequence[WorldOdds]:
        """Return events with prices; those under way are listed without any."""
        sport = self._sports.get(sport_key)
        if sport is None:
            return []
        now = epoch(at)
        number = self._listed(sport, now)
        if not len(number):
            return []
        board = sport.board(
            self.seed, number, np.full(len(number), now), is_efficient=self.is_efficient
        )
        return [
            WorldOdds(event, tuple(listing.books(board, row, event)))
            for row, event in enumerate(listing.events(sport, self.seed, number))
        ]

    def event_odds(self, sport_key: str, identity: str, at: datetime) -> WorldOdds | None:
        """Return one event with its additional markets too."""
        sport = self._sports.get(sport_key)
        number = None if sport is None else number_of(sport.own_seed(self.seed), identity)
        if sport is None or number is None:
            return None
        for each in self.odds(sport_key, at):
            if each.event.id == identity:
                return with_extras(
                    each, sport, self.seed, number, epoch(at), is_efficient=self.is_efficient
                )
        return None

    def scores(self, sport_key: str, at: datetime) -> Sequence[WorldScore]:
        sport = self._sports.get(sport_key)
        if sport is None:
            return []
        now = epoch(at)
        number = self._numbers(sport, now - SCORES_KEPT, now + LISTED_AHEAD)
        home, away = sport.final_scores(self.seed, number)
        begins, ends = starts(number), self._ends(sport, number)
        answer = []
        for row, event in enumerate(listing.events(sport, self.seed, number)):
            if now < begins[row]:
                answer.append(WorldScore(event, completed=False))
                continue
            share = min(1.0, (now - begins[row]) / (ends[row] - begins[row]))
            answer.append(
                WorldScore(
                    event,
                    completed=bool(now >= ends[row]),
                    home_score=int(home[row] * share),
                    away_score=int(away[row] * share),
                    last_update=to_datetime(min(now - now % 30, ends[row])),
                )
            )
        return answer

    def true_probability(
        self,
        identity: str,
        market_key: str = "h2h",
        side: str = "home",
        point: float | None = None,
        *,
        at: datetime | None = None,
    ) -> tuple[float, float]:
        """Return the chances that a selection wins and that it pushes, knowing all news by `at`.

        Without `at`: at the event's start, when all is known but the result. `point` is from the
        selection's own side.

        Raises:
            KeyError: if the league has no such event, market or side.
        """
        sport, numbers = self._find(identity)
        when = starts(numbers) if at is None else np.array([epoch(at)])
        line = np.nan if point is None else float(point)
        if market_key == "spreads" and side == "away":
            line = -line
        win, push = sport.truth(self.seed, numbers, when, market_key, np.array([[line]]))
        sides = _SIDES[market_key][: win.shape[-1]]
        if side not in sides:
            raise KeyError(side)
        return float(win[0, 0, sides.index(side)]), float(push[0, 0])

    def result(self, identity: str) -> tuple[int, int]:
        """Return an event's final score, home first, whatever the clock says: for tests.

        Raises:
            KeyError: if the league has no such event.
        """
        sport, numbers = self._find(identity)
        home, away = sport.final_scores(self.seed, numbers)
        return int(home[0]), int(away[0])

    def _find(self, identity: str) -> tuple[Sport, IntArray]:
        for sport in SPORTS:
            number = number_of(sport.own_seed(self.seed), identity)
            if number is not None:
                return sport, np.array([number])
        raise KeyError(identity)

    def _listed(self, sport: Sport, now: float) -> IntArray:
        """Return the events that are under way or start within `LISTED_AHEAD`."""
        number = self._numbers(sport, now - 4 * HOUR, now + LISTED_AHEAD)
        return np.asarray(number[self._ends(sport, number) > now])

    def _numbers(self, sport: Sport, after: float, until: float) -> IntArray:
        """Return the events that start after one moment and not after another."""
        return sport.numbers(after, until)

    def _ends(self, sport: Sport, number: IntArray) -> FloatArray:
        """Return when results are known: two and a quarter to two and three quarter hours on."""
        minutes = 135 + np.floor(30 * uniform(sport.own_seed(self.seed), _DURATION, number))
        return np.asarray(starts(number) + minutes * 60)
