"""Rest and travel, from the schedule alone: no result is read, so none can leak."""

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, Games, IntArray

NAMES = (
    "home_rest",
    "away_rest",
    "home_back_to_back",
    "away_back_to_back",
    "home_games_in_7_days",
    "away_games_in_7_days",
    "home_away_streak",
    "away_away_streak",
)
LONGEST_REST = 7.0
# Days back that are looked at first; see `_that_matter`.
FAR_BACK = 400


def back_to_backs(games: Games) -> BoolArray:
    """Return which of the two sides of each game also played the day before; shape (n, 2)."""
    day = games.day.astype("datetime64[D]").astype(np.int64)
    # One number a team and day.
    played = day[:, None] * games.team_count + np.column_stack([games.home, games.away])
    return np.isin(played - games.team_count, played)


def schedule_features(games: Games, rows: IntArray) -> FloatArray:
    """Return rest, back-to-backs, load and road trips before the games at `rows`.

    The shape is (len(rows), len(NAMES)).

    Rest is days since the team's last game less one, at most 7, and 7 where there is none (the
    first of a season is as fresh as a week off). Back-to-back is 1.0 where the team also played
    the day before. Games in 7 days counts the team's games on the seven days before. The away
    streak counts the away games in a row the team comes from. A game never counts itself or
    another of the same day.
    """
    count = len(games)
    day = games.day.astype("datetime64[D]").astype(np.int64)
    home, away = games.home.tolist(), games.away.tolist()
    days: list[list[int]] = [[] for _ in range(games.team_count)]
    streaks = [0] * games.team_count
    streak_before: list[int] = [0] * games.team_count
    values = np.zeros((count, len(NAMES)))
    asked = np.isin(np.arange(count), rows).tolist()
    order: IntArray = np.lexsort((games.event_id, day))
    for row in order[_that_matter(games, day, rows)[order]].tolist():
        today = int(day[row])
        for side, team in enumerate((home[row], away[row])):
            past = days[team]
            if past and past[-1] != today:
                streak_before[team] = streaks[team]
            if not asked[row]:
                continue
            earlier = [d for d in past[-8:] if d < today]
            rest = min(today - earlier[-1] - 1, LONGEST_REST) if earlier else LONGEST_REST
            values[row, side] = rest
            values[row, 2 + side] = 1.0 if rest == 0 else 0.0
            values[row, 4 + side] = sum(1 for d in earlier if today - d <= 7)
            values[row, 6 + side] = streak_before[team] if earlier else 0
        for side, team in enumerate((home[row], away[row])):
            days[team].append(today)
            streaks[team] = streaks[team] + 1 if side else 0
    return values[rows]


def _that_matter(games: Games, day: IntArray, rows: IntArray) -> BoolArray:
    """Return the games that can change the answer for `rows`: those of the last 400 days.

    Once a team has been at home its away streak has begun anew, and a rest is never longer than
    a week: where each team asked about was at home in those days, what was before is forgotten.
    Where one was not, every game matters.
    """
    if not len(rows):
        return np.zeros(len(games), dtype=np.bool_)
    first = int(day[rows].min())
    recent: BoolArray = (day >= first - FAR_BACK) & (day <= int(day[rows].max()))
    asked = np.concatenate([games.home[rows], games.away[rows]])
    if np.isin(asked, games.home[recent & (day < first)]).all():
        return recent
    return np.ones(len(games), dtype=np.bool_)
