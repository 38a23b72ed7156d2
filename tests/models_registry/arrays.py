"""Games as columns, by hand and at random."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from models_registry.domain.games import BOX, Games


def games(rows, *, teams_box=None) -> Games:
    """Make games from (day, home, away, home score, away score); a score of None: not played.

    They start at 23:00 on their day and are known at 05:00 on the next.
    """
    count = len(rows)
    day = np.array([row[0] for row in rows], dtype="M8[D]")
    start = day.astype("M8[us]") + np.timedelta64(23, "h")
    played = np.array([row[3] is not None for row in rows])
    known = np.where(played, start + np.timedelta64(6, "h"), np.datetime64("NaT", "us"))
    box = np.full((count, 2, len(BOX)), np.nan) if teams_box is None else teams_box
    return Games(
        event_id=np.arange(count) + 100,
        season=np.array(
            [int(str(d)[:4]) - (int(str(d)[5:7]) < 8) for d in day.tolist()], dtype=np.int64
        ),
        day=day,
        starts_at=start,
        home=np.array([row[1] for row in rows], dtype=np.int64),
        away=np.array([row[2] for row in rows], dtype=np.int64),
        neutral=np.zeros(count, dtype=np.bool_),
        playoffs=np.zeros(count, dtype=np.bool_),
        halls=np.zeros(count, dtype=np.int64),
        conference=np.full((count, 2), -1),
        season_games=np.zeros(count, dtype=np.int64),
        places=np.zeros(count, dtype=np.int64),
        known_at=known,
        home_score=np.array([np.nan if row[3] is None else row[3] for row in rows], dtype=float),
        away_score=np.array([np.nan if row[4] is None else row[4] for row in rows], dtype=float),
        box=box,
        box_known_at=np.where(np.isfinite(box).all(axis=(1, 2)), known, np.datetime64("NaT", "us")),
    )


def league(count: int = 240, *, teams: int = 8, seed: int = 3) -> Games:
    """Make a made-up league with box scores: four games a day, every team once."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count // 4):
        order = rng.permutation(teams)
        day = np.datetime64("2020-10-01") + number + (200 if number >= count // 8 else 0)
        for pair in range(4):
            score = 90 + int(rng.integers(0, 40))
            margin = int(rng.integers(1, 25)) * (1 if rng.random() < 0.6 else -1)
            rows.append(
                (
                    day,
                    order[2 * pair],
                    order[2 * pair + 1],
                    score + max(margin, 0),
                    score - min(margin, 0),
                )
            )
    box = rng.integers(5, 40, (len(rows), 2, len(BOX))).astype(float)
    # Shots made never exceed shots taken.
    for made, taken in ((0, 1), (2, 3), (4, 5)):
        box[:, :, taken] += box[:, :, made]
    return games(rows, teams_box=box)


def evening(day: date) -> datetime:
    """Return seven in the evening of a day in New York, in winter."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
