"""Why a stored prediction says what it says, worked out when somebody asks."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models_registry import artifacts, serving
from models_registry.contributions import contributions_of, probabilities_of
from models_registry.domain.explanation import (
    Contributions,
    Move,
    nearest_rows,
    smallest_moves,
)
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import FloatArray
from models_registry.domain.reach import Reach, TrainingRows
from models_registry.models import Prediction
from odds.models import Event

LIKE = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One feature's contribution: its value, what is usual, and what it adds in log-odds."""

    name: str
    value: float | None
    usual: float | None
    deviations: float | None
    log_odds: float


@dataclass(frozen=True, slots=True)
class LikeEvent:
    """A game the version was trained on, and how it ended."""

    event: Event
    distance: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a prediction rests on. `base` and the parts sum to `log_odds`."""

    prediction: Prediction
    base: float
    log_odds: float
    parts: list[Part]
    distance: float | None
    limit: float | None
    like: list[LikeEvent]
    flips: list[Move]
    moves: list[Move]

    @property
    def home_wins_of_like(self) -> int:
        """How many of the like events the home side won."""
        return sum(
            (each.event.home_score or 0) > (each.event.away_score or 0) for each in self.like
        )


@lru_cache(maxsize=2)
def _training(path: str, checksum: str) -> TrainingRows | None:
    return artifacts.load_training(path, checksum)


def explain(prediction: Prediction) -> Explanation:
    """Return why a version said what it said; nothing is written.

    The features are those stored with the prediction. A version saved without its training games
    tells contributions only.

    Raises:
        ArtifactRefused: if the version's files are missing or were changed.
        SignatureMismatch: if the prediction's features are not those of the version.
    """
    version = prediction.version
    names = tuple(version.signature)
    model = serving.load_model(version.artifact, version.checksum, names)
    known = prediction.features
    row = np.array(
        [np.nan if known.get(name) is None else known[name] for name in names], dtype=np.float64
    )
    matrix = FeatureMatrix(names, row[None, :])
    told = contributions_of(model, matrix)
    reach = serving.load_reach(version.artifact, version.checksum)
    past = _training(version.artifact, version.checksum)
    distance: float | None = None
    like: list[LikeEvent] = []
    flips: list[Move] = []
    moves: list[Move] = []
    if reach is not None and past is not None:
        distance = float(reach.distances(matrix.values)[0])
        like = _like(reach, past, row)
        flips, moves = smallest_moves(
            lambda asked: probabilities_of(model, asked), reach, past.values, row
        )
    return Explanation(
        prediction=prediction,
        base=float(told.base[0]),
        log_odds=float(told.log_odds()[0]),
        parts=_parts(told, row, reach),
        distance=distance,
        limit=reach.limit if reach else None,
        like=like,
        flips=flips,
        moves=moves,
    )


def _parts(told: Contributions, row: FloatArray, reach: Reach | None) -> list[Part]:
    """Return every feature that says anything, the loudest first."""
    usual = reach.mean if reach else np.full(len(row), np.nan)
    off = reach.standardised(row[None, :])[0] if reach else np.full(len(row), np.nan)
    parts = [
        Part(
            name=name,
            value=None if np.isnan(row[column]) else float(row[column]),
            usual=None if np.isnan(usual[column]) else float(usual[column]),
            deviations=None if np.isnan(off[column]) else float(off[column]),
            log_odds=float(told.parts[0, column]),
        )
        for column, name in enumerate(told.names)
        if told.parts[0, column] != 0
    ]
    return sorted(parts, key=lambda part: -abs(part.log_odds))


def _like(reach: Reach, past: TrainingRows, row: FloatArray) -> list[LikeEvent]:
    rows = nearest_rows(reach, past.values, row, count=LIKE)
    off = reach.standardised(past.values[rows]) - reach.standardised(row[None, :])
    distances = np.sqrt((off**2).sum(axis=1)).tolist()
    ids = past.event_id[rows].tolist()
    events = Event.objects.select_related("home", "away").in_bulk(ids)
    return [
        LikeEvent(events[pk], distance)
        for pk, distance in zip(ids, distances, strict=True)
        if pk in events
    ]
