"""What is known about two basketball teams before they meet, as a matrix.

Every feature of a game uses only results and box scores that were usable at its decision moment,
and the schedule. docs/algorithms/features.md describes each column.
"""

from dataclasses import dataclass

import numpy as np

from models_registry.domain import league, schedule
from models_registry.domain.games import BOX, FloatArray, Games, IntArray, TimeArray
from models_registry.domain.league import League

NO_BOX = np.full((2, len(BOX)), np.nan)
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
)


@dataclass(frozen=True, slots=True)
class FeatureMatrix:
    """`values` has one row a requested game and one column a name."""

    names: tuple[str, ...]
    values: FloatArray

    def column(self, name: str) -> FloatArray:
        """Return one feature of every game."""
        return self.values[:, self.names.index(name)]


def build_features(
    games: Games, *, rows: IntArray | None = None, decided_at: TimeArray | None = None
) -> FeatureMatrix:
    """Return the features of the games at `rows` (all, if none are named), in that order.

    A row's decision moment is its `decided_at`, or its start where that is earlier. Only results
    with `known_at` at or before that moment are used; results usable at one moment are learned
    in order of event id. A game's own result is never used. Figures no box score has told are
    NaN.
    """
    chosen: IntArray = np.arange(len(games)) if rows is None else rows
    moments = games.starts_at[chosen]
    if decided_at is not None:
        moments = np.minimum(moments, decided_at)
    values = np.empty((len(chosen), len(NAMES)))
    first = len(league.NAMES)
    values[:, :first] = _walk(games, chosen, moments)
    values[:, first:-5] = schedule.schedule_features(games)[chosen]
    values[:, -5] = games.playoffs[chosen]
    values[:, -4] = games.neutral[chosen]
    matrix = FeatureMatrix(NAMES, values)
    # The later in a season, the more the ratings know, and the more they deserve to be believed.
    played = (matrix.column("home_games") + matrix.column("away_games")) / 2
    values[:, -3] = np.minimum(played, FULL_SEASON) / FULL_SEASON
    values[:, -2] = values[:, -3] * matrix.column("strength_luck_free")
    values[:, -1] = values[:, -5] * matrix.column("strength_luck_free")
    return matrix


def _walk(games: Games, chosen: IntArray, moments: TimeArray) -> FloatArray:
    """Learn the results in the order they became usable, reading each game at its moment."""
    state = League(games.team_count)
    finished: IntArray = np.flatnonzero(games.played & ~np.isnat(games.known_at))
    known = games.known_at[finished]
    order = np.lexsort((games.event_id[finished], known))
    finished, known = finished[order], known[order]
    has_box = games.box_known_at <= games.known_at
    where = [
        {"home": home, "away": away, "season": season, "neutral": neutral}
        for home, away, season, neutral in zip(
            games.home.tolist(),
            games.away.tolist(),
            games.season.tolist(),
            games.neutral.tolist(),
            strict=True,
        )
    ]
    scores = list(zip(games.home_score.tolist(), games.away_score.tolist(), strict=True))
    values = np.empty((len(chosen), len(league.NAMES)))
    # How many results are usable at each moment; the walk stops there to read.
    usable = np.searchsorted(known, moments, side="right")
    learned = 0
    for position in np.argsort(usable, kind="stable").tolist():
        row, until = int(chosen[position]), int(usable[position])
        for result in finished[learned:until].tolist():
            state.learn(
                **where[result],
                score=scores[result],
                box=games.box[result] if has_box[result] else NO_BOX,
            )
        learned = max(learned, until)
        values[position] = state.read(**where[row])
    return values
