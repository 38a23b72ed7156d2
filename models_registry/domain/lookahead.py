"""Attack a feature builder with the future: what was decided before must not move by one bit."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray, Games, IntArray

Builder = Callable[[Games], FeatureMatrix]


@dataclass(frozen=True, slots=True)
class Leak:
    """One column that changed when only the future did."""

    feature: str
    attack: str
    event_id: int
    moment: np.datetime64


def cut(games: Games, moment: np.datetime64) -> Games:
    """Return the games without anything learned after `moment`; the schedule stays."""
    return games.as_known_at(moment)


def poison(games: Games, moment: np.datetime64, *, seed: int = 0) -> Games:
    """Return the games with every result and box score learned after `moment` made up."""
    rng = np.random.default_rng(seed)
    later = ~(games.known_at <= moment)
    box_later = ~(games.box_known_at <= moment)
    return replace(
        games,
        home_score=np.where(later, rng.integers(200, 999, len(games)), games.home_score),
        away_score=np.where(later, rng.integers(0, 50, len(games)), games.away_score),
        box=np.where(box_later[:, None, None], rng.integers(1, 99, games.box.shape), games.box),
    )


def find_leaks(build: Builder, games: Games, moments: IntArray) -> list[Leak]:
    """Return every feature that knew the future of the games at `moments` (row numbers).

    For each row the world is cut, and poisoned, after the row's start, and all games starting
    by then are rebuilt and compared bit for bit, missing equal to missing. Games that start
    later are not compared: they may know more.
    """
    whole = build(games)
    leaks: list[Leak] = []
    for row in moments.tolist():
        moment = games.starts_at[row]
        earlier: BoolArray = games.starts_at <= moment
        for name, attack in (("cut", cut), ("poison", poison)):
            again = build(attack(games, moment))
            leaks += [
                Leak(feature, name, int(games.event_id[first]), moment)
                for feature, first in changed(whole, again, earlier)
            ]
    return leaks


def pick_moments(rows: BoolArray, count: int, *, seed: int) -> IntArray:
    """Return `count` row numbers at random among `rows`, in their order.

    One in each of as many equal parts of the rows, so that no stretch of time is left out.

    >>> pick_moments(np.array([True] * 8), 2, seed=1).tolist()
    [1, 6]
    """
    rng = np.random.default_rng(seed)
    parts = np.array_split(np.flatnonzero(rows), min(count, int(rows.sum())))
    return np.array([int(rng.choice(part)) for part in parts if len(part)], dtype=np.int64)


def shuffle_results(games: Games, *, seed: int) -> Games:
    """Return the games with the results and box scores of those played dealt out anew.

    Who plays whom, when, and how often home sides win stay; who won no longer has to do with it.
    Each result stays with its own box score.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(games.played)
    dealt = rng.permutation(rows)
    home, away, box = games.home_score.copy(), games.away_score.copy(), games.box.copy()
    home[rows], away[rows], box[rows] = home[dealt], away[dealt], games.box[dealt]
    return replace(games, home_score=home, away_score=away, box=box)


def changed(before: FeatureMatrix, after: FeatureMatrix, rows: BoolArray) -> list[tuple[str, int]]:
    """Return each column that is not the same to the bit in some rows, and the first of them.

    Missing is equal to missing.
    """
    same: BoolArray = _bits(before.values) == _bits(after.values)
    wrong = ~same & rows[:, None]
    return [
        (before.names[column], int(np.flatnonzero(wrong[:, column])[0]))
        for column in np.flatnonzero(wrong.any(axis=0)).tolist()
    ]


def _bits(values: FloatArray) -> IntArray:
    """Return the bit patterns, with every NaN written the same way."""
    return np.where(np.isnan(values), np.nan, values).view(np.int64)
