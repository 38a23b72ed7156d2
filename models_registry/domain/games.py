"""Games as columns: what the features read, whatever they were loaded from."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.datetime64]

# The box-score counts that features use, in the order of the last axis of `Games.box`; of a match
# that may be drawn, which here is soccer's.
BOX = ("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "tov")
MATCH_BOX = ("shots", "shots_on_target", "corners")


@dataclass(frozen=True, slots=True)
class Games:
    """One row a game, in order of `starts_at`; every column has length n.

    `season` is the year the season starts in. `home` and `away` number the teams from 0.
    `known_at` is when the result may first be used (see `usable_from`); NaT: no result.
    Scores are NaN where there is none. `box` has shape (n, 2, k), home, then away, with the counts
    of BOX or MATCH_BOX; NaN where unknown, and `box_known_at` says from when it may be used. Times
    are datetime64[us] in UTC, `day` datetime64[D] in the competition's own calendar.
    `conference`, shape (n, 2), numbers the conferences of home and away (-1: none known); `halls`
    rises by one whenever what it means to play at home changed for all (crowds shut out, or back)
    and is -1 where nobody is at home though `neutral` does not say so; `season_games` and `places`
    say how many games a team plays before the playoffs and how many of a conference go on (0:
    unknown).
    """

    event_id: IntArray
    season: IntArray
    day: TimeArray
    starts_at: TimeArray
    home: IntArray
    away: IntArray
    neutral: BoolArray
    playoffs: BoolArray
    halls: IntArray
    conference: IntArray
    season_games: IntArray
    places: IntArray
    known_at: TimeArray
    home_score: FloatArray
    away_score: FloatArray
    box: FloatArray
    box_known_at: TimeArray

    def __len__(self) -> int:
        return len(self.event_id)

    @property
    def team_count(self) -> int:
        """How many teams the numbers in `home` and `away` may name."""
        return int(max(self.home.max(), self.away.max())) + 1 if len(self) else 0

    @property
    def played(self) -> BoolArray:
        """True where there is a result."""
        return np.isfinite(self.home_score) & np.isfinite(self.away_score)

    @property
    def home_won(self) -> BoolArray:
        """True where the home side scored more; meaningless where not `played`."""
        return self.home_score > self.away_score

    def where(self, mask: BoolArray) -> "Games":
        """Return the rows where the mask holds."""
        return Games(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def as_known_at(self, moment: np.datetime64) -> "Games":
        """Return the same games with every result and box score learned after `moment` gone.

        The schedule stays: who plays whom and when is published long before.
        """
        unknown = ~(self.known_at <= moment)
        no_box = ~(self.box_known_at <= moment)
        never = np.datetime64("NaT", "us")
        return replace(
            self,
            known_at=np.where(unknown, never, self.known_at),
            home_score=np.where(unknown, np.nan, self.home_score),
            away_score=np.where(unknown, np.nan, self.away_score),
            box=np.where(no_box[:, None, None], np.nan, self.box),
            box_known_at=np.where(no_box, never, self.box_known_at),
        )


def usable_from(seen_at: TimeArray, next_midnight: TimeArray) -> TimeArray:
    """Return when a result may first be used: when it was seen, never on its own calendar day.

    Many sources give only the day of a game. Waiting for the competition's next midnight keeps
    an evening result out of an afternoon's decision whatever the source knew.

    >>> usable_from(
    ...     np.array(["2022-01-05T03:00"], "M8[us]"), np.array(["2022-01-05T05:00"], "M8[us]")
    ... ).astype(str).tolist()
    ['2022-01-05T05:00:00.000000']
    """
    return np.maximum(seen_at, next_midnight)
