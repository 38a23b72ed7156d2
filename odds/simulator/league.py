"""A basketball league that never was, whose true probabilities are known.

Everything is a function of (seed, moment): nothing is stored, so a restarted process, or another
one, tells the same story. docs/algorithms/simulator.md has the law of it.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from odds.simulator import chances, listing, market
from odds.simulator.history import write_history as write_history
from odds.simulator.listing import SPORT_KEY, SPORT_TITLE
from odds.simulator.noise import FloatArray, uniform
from odds.simulator.schedule import (
    DAY,
    HOUR,
    IntArray,
    epoch,
    number_of,
    numbers_starting,
    starts,
    to_datetime,
)
from odds.simulator.teams import BOOKS, TEAMS
from odds.simulator.worlds import (
    WorldEvent,
    WorldOdds,
    WorldScore,
    WorldSport,
)

LISTED_AHEAD = 30 * HOUR
SCORES_KEPT = 3 * DAY
_DURATION = 31


class SimulatedLeague:
    """The world of one seed. In an efficient market no price is ever worth taking."""

    def __init__(self, seed: int = 1, *, is_efficient: bool = False) -> None:
        self.seed = seed
        self.is_efficient = is_efficient

    def sports(self) -> Sequence[WorldSport]:
        return [WorldSport(SPORT_KEY, "Basketball", SPORT_TITLE, "Invented teams, known odds")]

    def book_keys(self) -> frozenset[str]:
        return frozenset(spec.key for spec in BOOKS)

    def participants(self, sport_key: str) -> Sequence[str]:
        return TEAMS if sport_key == SPORT_KEY else ()

    def events(self, sport_key: str, at: datetime) -> Sequence[WorldEvent]:
        if sport_key != SPORT_KEY:
            return []
        return listing.events(self.seed, self._listed(epoch(at)))

    def odds(self, sport_key: str, at: datetime) -> Sequence[WorldOdds]:
        """Return events with prices; those under way are listed without any."""
        if sport_key != SPORT_KEY:
            return []
        now = epoch(at)
        number = self._listed(now)
        prices = market.quote(
            self.seed, number, np.full(len(number), now), is_efficient=self.is_efficient
        )
        return [
            WorldOdds(event, tuple(listing.books(prices, row, event)))
            for row, event in enumerate(listing.events(self.seed, number))
        ]

    def scores(self, sport_key: str, at: datetime) -> Sequence[WorldScore]:
        if sport_key != SPORT_KEY:
            return []
        now = epoch(at)
        number = numbers_starting(now - SCORES_KEPT, now + LISTED_AHEAD)
        home, away = market.final_scores(self.seed, number)
        begins, ends = starts(number), self._ends(number)
        answer = []
        for row, event in enumerate(listing.events(self.seed, number)):
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

        Without `at`: at the event's start, when all is known but the result.

        Raises:
            KeyError: if the league has no such event, market or side.
        """
        number = number_of(self.seed, identity)
        if number is None:
            raise KeyError(identity)
        numbers = np.array([number])
        when = starts(numbers) if at is None else np.array([epoch(at)])
        known = market.belief(self.seed, numbers, when)
        if market_key == "h2h":
            win, push = chances.home_wins(known.margin, known.margin_sd), np.zeros(1)
        elif market_key == "spreads":
            line = np.array([point if side == "home" else -(point or 0.0)], dtype=np.float64)
            win, push = chances.home_covers(line, known.margin, known.margin_sd)
        else:
            line = np.array([point], dtype=np.float64)
            win, push = chances.goes_over(
                line, known.total, known.total_sd, known.margin, known.margin_sd
            )
        if side in {"away", "under"}:
            win = 1 - win - push
        elif side not in {"home", "over"}:
            raise KeyError(side)
        return float(win[0]), float(push[0])

    def result(self, identity: str) -> tuple[int, int]:
        """Return an event's final score, home first, whatever the clock says: for tests.

        Raises:
            KeyError: if the league has no such event.
        """
        number = number_of(self.seed, identity)
        if number is None:
            raise KeyError(identity)
        home, away = market.final_scores(self.seed, np.array([number]))
        return int(home[0]), int(away[0])

    def _listed(self, now: float) -> IntArray:
        """Return the events that are under way or start within `LISTED_AHEAD`."""
        number = numbers_starting(now - 4 * HOUR, now + LISTED_AHEAD)
        return np.asarray(number[self._ends(number) > now])

    def _ends(self, number: IntArray) -> FloatArray:
        """Return when results are known: two and a quarter to two and three quarter hours on."""
        minutes = 135 + np.floor(30 * uniform(self.seed, _DURATION, number))
        return np.asarray(starts(number) + minutes * 60)
