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
                for feature, first in _changed(whole, again, earlier)
            ]
    return leaks


def _changed(before: FeatureMatrix, after: FeatureMatrix, rows: BoolArray) -> list[tuple[str, int]]:
    same: BoolArray = _bits(before.values) == _bits(after.values)
    wrong = ~same & rows[:, None]
    return [
        (before.names[column], int(np.flatnonzero(wrong[:, column])[0]))
        for column in np.flatnonzero(wrong.any(axis=0)).tolist()
    ]


def _bits(values: FloatArray) -> IntArray:
    """Return the bit patterns, with every NaN written the same way."""
    return np.where(np.isnan(values), np.nan, values).view(np.int64)
