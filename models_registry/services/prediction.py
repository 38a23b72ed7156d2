"""What a version says about events, stored with the moment whose knowledge it used."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock

import numpy as np

from models_registry import artifacts, selectors
from models_registry.domain.features import FeatureMatrix, Memory, build_features
from models_registry.history import History, instants, read_history
from models_registry.learners import FittedModel
from models_registry.models import ModelVersion, Prediction
from models_registry.services.training import predictor_key
from odds.models import Event

# How far ahead upcoming events are predicted.
HORIZON = timedelta(days=4)


# What this process has learned of each competition: the next slate costs only what is new.
MEMORIES: dict[tuple[str, tuple[str, ...]], Memory] = {}
MEMORY_LOCK = Lock()


class NothingServes(Exception):
    """No champion can predict an event, and why."""


@lru_cache(maxsize=8)
def load_model(path: str, checksum: str, signature: tuple[str, ...]) -> FittedModel:
    """Return a version's model; a checksum is loaded once a process.

    Raises:
        ArtifactRefused: if a file is missing or was changed.
    """
    return artifacts.load(path, checksum, list(signature))


def predict_events(
    *,
    event_ids: Sequence[int],
    as_of: datetime,
    made_at: datetime,
    version: ModelVersion | None = None,
    history: History | None = None,
) -> list[Prediction]:
    """Predict events with what was known at `as_of`, store and return the predictions.

    Without a version each competition's champion predicts; with one, only its competition's
    events may be asked for. Whoever asks again and again about a past that does not change hands
    in its `history`, read once; what came after `as_of` is cut off here. Repeating a moment
    returns the stored predictions and writes nothing. The order is that of the event ids.

    Raises:
        NothingServes: if a competition has no champion, or an event is not the version's.
        ArtifactRefused: if the version's files are missing or were changed.
    """
    events = Event.objects.select_related("competition").in_bulk(event_ids)
    by_competition: dict[str, list[int]] = {}
    for event in events.values():
        by_competition.setdefault(event.competition.key, []).append(event.pk)
    made: dict[int, Prediction] = {}
    for competition_key, ids in by_competition.items():
        chosen = _version_for(competition_key, version)
        known = selectors.predictions_at(ids, version_id=chosen.pk, as_of=as_of)
        missing = [pk for pk in ids if pk not in known]
        if missing:
            if history is None or history.competition_key != competition_key:
                history = read_history(competition_key)
            rows = _predict(history, missing, chosen, as_of=as_of, made_at=made_at)
            # Whoever predicted the same moment first keeps the row.
            Prediction.objects.bulk_create(rows, ignore_conflicts=True)
            known = selectors.predictions_at(ids, version_id=chosen.pk, as_of=as_of)
        made |= known
    return [made[pk] for pk in event_ids if pk in made]


def predict_upcoming(*, now: datetime) -> dict[str, int]:
    """Let every champion predict its events of the next four days; store what changed.

    An event whose features are as they were at its latest prediction gets no new row. Returns
    how many predictions were written, by predictor.
    """
    counts: dict[str, int] = {}
    for champion in selectors.champions():
        key = champion.predictor.competition.key
        ids = list(
            Event.objects.filter(
                competition__key=key,
                status="scheduled",
                starts_at__gt=now,
                starts_at__lte=now + HORIZON,
            ).values_list("pk", flat=True)
        )
        latest = selectors.predictions_for(ids, as_of=now, version_id=champion.pk)
        fresh = [
            row
            for row in (
                _predict(read_history(key), ids, champion, as_of=now, made_at=now) if ids else []
            )
            if row.event_id not in latest or latest[row.event_id].features != row.features
        ]
        Prediction.objects.bulk_create(fresh, ignore_conflicts=True)
        counts[champion.predictor.key] = len(fresh)
    return counts


def _version_for(competition_key: str, version: ModelVersion | None) -> ModelVersion:
    key = predictor_key(competition_key)
    if version is None:
        champion = selectors.champion(key)
        if champion is None:
            raise NothingServes(
                f"{key} has no champion: train a version (models train {competition_key}) and "
                "promote it"
            )
        return champion
    if version.predictor.key != key:
        raise NothingServes(f"{version} does not predict {competition_key}")
    return version


def _predict(
    whole: History,
    event_ids: Sequence[int],
    version: ModelVersion,
    *,
    as_of: datetime,
    made_at: datetime,
) -> list[Prediction]:
    """Return unsaved predictions, in order of event id."""
    model = load_model(version.artifact, version.checksum, tuple(version.signature))
    history = whole.as_known_at(as_of)
    games = history.games
    rows = np.flatnonzero(np.isin(games.event_id, list(event_ids)))
    with MEMORY_LOCK:
        # Teams are numbered by who has played; a memory serves one numbering.
        memory = MEMORIES.setdefault((history.competition_key, history.teams), Memory())
        matrix = build_features(
            games, rows=rows, decided_at=instants([as_of] * len(rows)), memory=memory
        )
    probabilities = model.predict(matrix)
    return [
        Prediction(
            event_id=int(games.event_id[row]),
            version=version,
            as_of=as_of,
            made_at=made_at,
            home_probability=float(probability),
            features=_as_json(matrix, position),
        )
        for position, (row, probability) in enumerate(zip(rows, probabilities, strict=True))
    ]


def _as_json(matrix: FeatureMatrix, row: int) -> dict[str, float | None]:
    """Return one row by name; what is not known is null, for JSON has no NaN."""
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(matrix.names, matrix.values[row].tolist(), strict=True)
    }
