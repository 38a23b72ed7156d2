"""What versions say about events, stored with the moment whose knowledge it used.

A version that may not speak, or an event unlike any it was trained on, is refused, and the refusal
is stored: nothing is priced on a guess. Challengers predict beside the champion, in shadow: what
they say is stored and judged, and never reaches betting.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from django.db import IntegrityError, transaction

from models_registry import selectors, serving
from models_registry.artifacts import ArtifactRefused
from models_registry.availability import NothingServes
from models_registry.describing import predictor_key
from models_registry.domain.features import FeatureMatrix, SignatureMismatch
from models_registry.domain.goals import GoalModel
from models_registry.domain.reach import out_of_reach
from models_registry.fitness import latest_refusals, why_expired
from models_registry.history import History
from models_registry.models import ModelVersion, Prediction, Refusal
from models_registry.training.learners import AnyModel
from odds.models import Event

logger = logging.getLogger(__name__)

# How far ahead upcoming events are predicted.
HORIZON = timedelta(days=4)


@dataclass
class Said:
    """What came of asking: predictions and refusals, both in the order of the events asked for."""

    predictions: list[Prediction] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def events(self) -> set[int]:
        """Return the events answered for."""
        return {row.event_id for row in self.predictions} | {row.event_id for row in self.refusals}

    def in_order(self, event_ids: Sequence[int]) -> "Said":
        """Return the same in the order of some events."""
        place = {event: number for number, event in enumerate(event_ids)}
        return Said(
            sorted(self.predictions, key=lambda row: place[row.event_id]),
            sorted(self.refusals, key=lambda row: place[row.event_id]),
        )


def predict_events(
    *,
    event_ids: Sequence[int],
    as_of: datetime,
    made_at: datetime,
    version: ModelVersion | None = None,
    history: History | None = None,
) -> Said:
    """Predict events with what was known at `as_of`; store and return what was said.

    Without a version each competition's champion predicts; with one, only its competition's
    events may be asked for. Whoever asks again and again about a past that does not change hands
    in its `history`, read once; what came after `as_of` is not looked at. An event that the
    version has to refuse gets a refusal instead of a prediction. Repeating a moment returns what
    is stored and writes nothing.

    Raises:
        NothingServes: if a competition has no champion, or an event is not the version's.
    """
    said = Said()
    for key, ids in _by_competition(event_ids).items():
        chosen = _version_for(key, version)
        known = _stored_at(ids, chosen, as_of)
        if missing := [pk for pk in ids if pk not in known.events()]:
            fitting = history if history and history.competition_key == key else None
            fresh = _say(chosen, missing, as_of=as_of, made_at=made_at, history=fitting)
            try:
                with transaction.atomic():
                    Prediction.objects.bulk_create(fresh.predictions)
                    Refusal.objects.bulk_create(fresh.refusals)
                known.predictions += fresh.predictions
                known.refusals += fresh.refusals
            except IntegrityError:
                # Whoever answered for the same moment first keeps the row.
                _store(fresh)
                known = _stored_at(ids, chosen, as_of)
        said.predictions += known.predictions
        said.refusals += known.refusals
    return said.in_order(event_ids)


def predict_upcoming(*, now: datetime) -> dict[str, dict[str, int]]:
    """Let champions and challengers predict the events of the next four days; store what changed.

    An event whose features are as they were at the version's latest prediction gets no new row,
    and one that is refused again for the same cause neither. Returns how many rows were written,
    by predictor: the champion's predictions, predictions in shadow, refusals; and how many
    versions failed, which keeps no other from predicting.
    """
    counts: dict[str, dict[str, int]] = {}
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
        count = {"predicted": 0, "in_shadow": 0, "refused": 0, "failed": 0}
        challengers = [
            each for each in selectors.challengers(champion.predictor.key) if each.pk != champion.pk
        ]
        for version in [champion, *challengers] if ids else []:
            try:
                fresh = _say_news(version, ids, now)
            except Exception:
                logger.exception("%s could not predict", version)
                count["failed"] += 1
                continue
            spoke = "predicted" if version.pk == champion.pk else "in_shadow"
            count[spoke] += len(fresh.predictions)
            count["refused"] += len(fresh.refusals)
        counts[champion.predictor.key] = count
    return counts


def ask_champions(*, event_ids: Sequence[int], now: datetime) -> Said:
    """Let each competition's champion speak of events now; return its word on each, stored.

    What it said before stands where it has no news, so asking again and again writes nothing.

    Raises:
        NothingServes: if a competition has no champion.
    """
    said = Said()
    for key, ids in _by_competition(event_ids).items():
        champion = _version_for(key, None)
        _say_news(champion, ids, now)
        made, refused = selectors.last_words(ids, version_ids=[champion.pk], as_of=now)
        said.predictions += made.values()
        said.refusals += refused.values()
    return said.in_order(event_ids)


def _by_competition(event_ids: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for pk, key in Event.objects.filter(pk__in=event_ids).values_list("pk", "competition__key"):
        found.setdefault(key, []).append(pk)
    return found


def _say_news(version: ModelVersion, event_ids: Sequence[int], now: datetime) -> Said:
    """Store and return what a version says that it did not say before."""
    said = _say(version, event_ids, as_of=now, made_at=now)
    news = _changed(said, event_ids, version, now)
    _store(news)
    return news


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


def _say(
    version: ModelVersion,
    event_ids: Sequence[int],
    *,
    as_of: datetime,
    made_at: datetime,
    history: History | None = None,
) -> Said:
    """Return unsaved what a version says about some events, or why it must not."""

    def refused(cause: Refusal.Cause, detail: str) -> Said:
        return Said(
            refusals=[
                Refusal(
                    event_id=pk, version=version, as_of=as_of, made_at=made_at,
                    cause=cause, detail=detail,
                )
                for pk in event_ids
            ]
        )  # fmt: skip

    if reason := why_expired(version, as_of):
        return refused(Refusal.Cause.EXPIRED, reason)
    try:
        model = serving.load_model(version.artifact, version.checksum, tuple(version.signature))
        reach = serving.load_reach(version.artifact, version.checksum)
        if history is None:
            key = version.predictor.competition.key
            ids, matrix = serving.features_now(key, event_ids, as_of)
        else:
            ids, matrix = serving.features_in(history, event_ids, as_of)
        rows = _predicted(model, matrix)
    except ArtifactRefused as error:
        logger.error("%s: %s", version, error)
        return refused(Refusal.Cause.BROKEN, error.plain)
    except SignatureMismatch as error:
        return refused(Refusal.Cause.BROKEN, str(error))
    reasons = out_of_reach(reach, matrix) if reach else [""] * len(ids)
    distances = reach.distances(matrix.values).tolist() if reach else [None] * len(ids)
    said = Said()
    for place, event_id in enumerate(ids.tolist()):
        told = {"event_id": event_id, "version": version, "as_of": as_of, "made_at": made_at}
        if reasons[place]:
            said.refusals.append(
                Refusal(
                    **told,
                    cause=Refusal.Cause.OUTSIDE,
                    detail=reasons[place],
                    distance=distances[place],
                )
            )
        else:
            said.predictions.append(
                Prediction(**told, **rows[place], features=_as_json(matrix, place))
            )
    return said


def _predicted(model: AnyModel, matrix: FeatureMatrix) -> list[dict[str, object]]:
    """Return each row's probabilities, by the fields of a prediction."""
    if isinstance(model, GoalModel):
        scores = model.scores(matrix)
        return [
            {"home_probability": home, "draw_probability": draw, "distribution": row}
            for (home, draw, _), row in zip(scores.h2h().tolist(), scores.rows(), strict=True)
        ]
    if model.points is None:
        return [{"home_probability": float(home)} for home in model.predict(matrix)]
    points = model.scores(matrix)
    return [
        {"home_probability": home, "distribution": row}
        for (home, _), row in zip(points.h2h().tolist(), points.rows(), strict=True)
    ]


def _changed(said: Said, event_ids: Sequence[int], version: ModelVersion, now: datetime) -> Said:
    """Return what a version had not said of these events at its last word on each."""
    latest = selectors.latest_predictions(event_ids, version_ids=[version.pk], as_of=now)
    refused = latest_refusals(event_ids, version_ids=[version.pk], as_of=now)

    def is_news(row: Prediction) -> bool:
        key = (row.event_id, version.pk)
        before, since = latest.get(key), refused.get(key)
        if before is None or (since is not None and since.as_of > before.as_of):
            return True
        return bool(before.features != row.features)

    def is_new_refusal(row: Refusal) -> bool:
        key = (row.event_id, version.pk)
        before, since = refused.get(key), latest.get(key)
        if before is None or (since is not None and since.as_of >= before.as_of):
            return True
        return before.cause != row.cause

    return Said(
        [row for row in said.predictions if is_news(row)],
        [row for row in said.refusals if is_new_refusal(row)],
    )


def _store(said: Said) -> None:
    Prediction.objects.bulk_create(said.predictions, ignore_conflicts=True)
    Refusal.objects.bulk_create(said.refusals, ignore_conflicts=True)


def _stored_at(event_ids: Sequence[int], version: ModelVersion, as_of: datetime) -> Said:
    """Return what a version said with knowledge of exactly a moment."""
    asked = {"event_id__in": list(event_ids), "version": version, "as_of": as_of}
    return Said(
        list(Prediction.objects.filter(**asked).select_related("version__predictor")),
        list(Refusal.objects.filter(**asked).select_related("version__predictor")),
    )


def _as_json(matrix: FeatureMatrix, row: int) -> dict[str, float | None]:
    """Return one row by name; what is not known is null, for JSON has no NaN."""
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(matrix.names, matrix.values[row].tolist(), strict=True)
    }
