"""What is known about two basketball teams before they meet, as a matrix.

Every feature of a game uses only results and box scores that were usable at its decision moment,
and the schedule. docs/algorithms/features.md describes each column.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models_registry.domain import league, schedule
from models_registry.domain.games import BoolArray, FloatArray, Games, IntArray, TimeArray
from models_registry.domain.league import League
from models_registry.domain.standings import rules_of

AnyArray = NDArray[Any]

# A full season's games of a team: the measure of how far into one a game is.
FULL_SEASON = 82.0
NAMES = (
    *league.NAMES,
    *schedule.NAMES,
    "playoffs",
    "neutral",
    "phase",
    "strength_by_phase",
    "strength_in_playoffs",
    "record_in_playoffs",
)


class SignatureMismatch(Exception):
    """Features that are not the ones a version was trained on."""


@dataclass(frozen=True, slots=True)
class FeatureMatrix:
    """`values` has one row a requested game and one column a name."""

    names: tuple[str, ...]
    values: FloatArray

    def column(self, name: str) -> FloatArray:
        """Return one feature of every game."""
        return self.values[:, self.names.index(name)]

    def must_have(self, signature: tuple[str, ...]) -> None:
        """Refuse to go on with other features than those of a signature, in its order.

        Raises:
            SignatureMismatch: saying how they differ.
        """
        if self.names != signature:
            different = sorted(set(self.names) ^ set(signature))
            raise SignatureMismatch(
                f"the version was trained on {len(signature)} features in one order; "
                f"it was given {len(self.names)}"
                + (f", differing in {', '.join(different)}" if different else " in another order")
            )


class Memory:
    """Ratings after some results, so that the next call learns only what is new.

    Kept results are compared with those of each call; if any changed, everything is learned
    afresh. The answers are the same to the bit as without a memory.
    """

    def __init__(self) -> None:
        self._league = League(0)
        self._results: tuple[AnyArray, ...] = ()
        self._count = 0

    def resume(
        self, team_count: int, results: tuple[AnyArray, ...], until: int
    ) -> tuple[League, int]:
        """Return ratings to go on from and how many results they hold, at most `until`."""
        count = self._count
        unchanged = (
            0 < count <= until
            and len(self._league.teams) == team_count
            and all(
                np.array_equal(kept, column[:count], equal_nan=column.dtype.kind in "fM")
                for kept, column in zip(self._results, results, strict=True)
            )
        )
        return (self._league, count) if unchanged else (League(team_count), 0)

    def keep(self, league_: League, results: tuple[AnyArray, ...], count: int) -> None:
        """Remember ratings and the results they hold, the first `count` of those given."""
        self._league, self._count = league_, count
        self._results = tuple(column[:count].copy() for column in results)


def build_features(
    games: Games,
    *,
    rows: IntArray | None = None,
    decided_at: TimeArray | None = None,
    memory: Memory | None = None,
) -> FeatureMatrix:
    """Return the features of the games at `rows` (all, if none are named), in that order.

    A row's decision moment is its `decided_at`, or its start where that is earlier. Only results
    with `known_at` at or before that moment are used; results usable at one moment are learned
    in order of event id. A game's own result is never used. Figures no box score has told are
    NaN. A `memory` saves time between calls and changes nothing else.
    """
    chosen: IntArray = np.arange(len(games)) if rows is None else rows
    moments = games.starts_at[chosen]
    if decided_at is not None:
        moments = np.minimum(moments, decided_at)
    values = np.empty((len(chosen), len(NAMES)))
    first = len(league.NAMES)
    values[:, :first] = _walk(games, chosen, moments, memory or Memory())
    values[:, first:-6] = schedule.schedule_features(games, chosen)
    values[:, -6] = games.playoffs[chosen]
    values[:, -5] = games.neutral[chosen]
    matrix = FeatureMatrix(NAMES, values)
    # The later in a season, the more the ratings know, and the more they deserve to be believed.
    played = (matrix.column("home_games") + matrix.column("away_games")) / 2
    values[:, -4] = np.minimum(played, FULL_SEASON) / FULL_SEASON
    values[:, -3] = values[:, -4] * matrix.column("strength")
    values[:, -2] = values[:, -6] * matrix.column("strength")
    values[:, -1] = values[:, -6] * matrix.column("record")
    return matrix


def _walk(games: Games, chosen: IntArray, moments: TimeArray, memory: Memory) -> FloatArray:
    """Learn the results in the order they became usable, reading each game at its moment."""
    finished: IntArray = np.flatnonzero(games.played & ~np.isnat(games.known_at))
    order = np.lexsort((games.event_id[finished], games.known_at[finished]))
    finished = finished[order]
    rules, tired = rules_of(games), schedule.back_to_backs(games)
    results = _results(games, finished, tired)
    # How many results are usable at each moment; the walk stops there to read.
    usable = np.searchsorted(games.known_at[finished], moments, side="right")
    state, learned = memory.resume(
        games.team_count, results, int(usable.min()) if len(usable) else 0
    )
    # Results that the memory holds are not even listed.
    begun, end = learned, int(usable.max()) if len(usable) else 0
    columns = [column[begun:end].tolist() for column in results[:-1]]
    values = np.empty((len(chosen), len(league.NAMES)))
    for position in np.argsort(usable, kind="stable").tolist():
        row, until = int(chosen[position]), int(usable[position])
        for result in range(learned, until):
            (_, home, away, season, neutral, playoffs, halls, home_tired, away_tired, *score) = (
                column[result - begun] for column in columns
            )
            state.learn(
                home=home,
                away=away,
                season=season,
                neutral=neutral,
                playoffs=playoffs,
                halls=halls,
                tired=(home_tired, away_tired),
                score=(score[0], score[1]),
                box=results[-1][result],
            )
        learned = max(learned, until)
        values[position] = state.read(
            home=int(games.home[row]),
            away=int(games.away[row]),
            season=int(games.season[row]),
            neutral=bool(games.neutral[row]),
            halls=int(games.halls[row]),
            tired=(bool(tired[row, 0]), bool(tired[row, 1])),
            rules=rules[int(games.season[row])],
        )
    memory.keep(state, results, learned)
    return values


def _results(games: Games, rows: IntArray, tired: BoolArray) -> tuple[AnyArray, ...]:
    """Return all that is learned from some results, in their order; boxes come last."""
    # A box score that came after its result was learned stays out.
    box_came: BoolArray = games.box_known_at[rows] <= games.known_at[rows]
    return (
        games.event_id[rows],
        games.home[rows],
        games.away[rows],
        games.season[rows],
        games.neutral[rows],
        games.playoffs[rows],
        games.halls[rows],
        tired[rows, 0],
        tired[rows, 1],
        games.home_score[rows],
        games.away_score[rows],
        np.where(box_came[:, None, None], games.box[rows], np.nan),
    )
