"""A training run: from the stored history to a registered version, or a reason why not."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from models_registry import artifacts, training
from models_registry.history import History, find_competition, read_history
from models_registry.learners import LINEAR_COLUMNS, RIDGE, ROUNDS, TREES
from models_registry.models import ModelVersion, Predictor, TrainingRun
from models_registry.services.promotion import PromotionRefused, promote_version

ALGORITHM = "logistic+xgboost"


def predictor_key(competition_key: str) -> str:
    """Return the key of the predictor that says who wins in a competition.

    >>> predictor_key("basketball_nba")
    'basketball_nba-h2h'
    """
    return f"{competition_key}-h2h"


def train_version(
    *,
    competition_key: str,
    until: datetime,
    notes: str = "",
    progress: Callable[[str], None] | None = None,
) -> ModelVersion:
    """Train on everything known at `until` and register the version with its record.

    The run is a TrainingRun row from its first moment; a failure is written there and raised.
    The same data and code give the same artefact, yet each run is a version of its own.
    `progress` is called with each step in words.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
        TooLittleHistory: saying how many finished games there are and how many it takes.
    """
    competition = find_competition(competition_key)
    predictor, _ = Predictor.objects.get_or_create(
        key=predictor_key(competition_key), defaults={"competition": competition}
    )
    begun = timezone.now()
    run = TrainingRun.objects.create(
        predictor=predictor,
        asked_at=begun,
        started_at=begun,
        until=until,
        status=TrainingRun.Status.RUNNING,
    )

    def step(words: str) -> None:
        run.step = words[:64]
        run.save(update_fields=["step"])
        if progress is not None:
            progress(words)

    try:
        step(f"reading {competition_key}")
        history = read_history(competition_key).as_known_at(until)
        trained = training.train(history, step)
        step("saving the artefact")
        saved = artifacts.save(trained.model, trained.evaluation, trained.rows)
        with transaction.atomic():
            version = _register(predictor, history, trained, saved, until=until, notes=notes)
            run.status, run.version, run.step = TrainingRun.Status.SUCCEEDED, version, "done"
            run.finished_at = timezone.now()
            run.save()
    except BaseException as error:
        run.status, run.version = TrainingRun.Status.FAILED, None
        run.error, run.finished_at = f"{type(error).__name__}: {error}", timezone.now()
        run.save()
        raise
    return version


def retrain(*, competition_key: str, now: datetime) -> dict[str, object]:
    """Train a challenger on everything known now; promote it only where settings allow.

    Returns what happened, for the job's record.

    Raises:
        As train_version.
    """
    version = train_version(competition_key=competition_key, until=now, notes="scheduled")
    outcome: dict[str, object] = {"version": version.number, "promoted": False}
    if not settings.AUTO_PROMOTE:
        return outcome | {"why": "FAIRLINE_AUTO_PROMOTE is off; promote it by hand"}
    try:
        promote_version(version_id=version.pk, by_id=None, reason="scheduled retraining", now=now)
    except PromotionRefused as refusal:
        return outcome | {"why": str(refusal)}
    return outcome | {"promoted": True}


def _register(
    predictor: Predictor,
    history: History,
    trained: training.Trained,
    saved: artifacts.Saved,
    *,
    until: datetime,
    notes: str,
) -> ModelVersion:
    # The row is the lock: two runs that end together get two numbers.
    Predictor.objects.select_for_update().get(pk=predictor.pk)
    newest = predictor.versions.order_by("-number").first()
    played = history.games.played
    return ModelVersion.objects.create(
        predictor=predictor,
        number=newest.number + 1 if newest else 1,
        algorithm=ALGORITHM,
        created_at=timezone.now(),
        trained_from=history.games.day[played].min().item(),
        trained_until=until,
        game_count=trained.game_count,
        data_hash=history.fingerprint(),
        signature=list(trained.model.signature),
        parameters={
            "trees": TREES | {"rounds": ROUNDS},
            "linear": {"columns": list(LINEAR_COLUMNS), "ridge": RIDGE},
            "tree_share": trained.model.tree_share,
            "calibration": {
                "intercept": trained.model.calibration.intercept,
                "slope": trained.model.calibration.slope,
            },
        },
        metrics=trained.metrics,
        artifact=saved.path,
        checksum=saved.checksum,
        code_version=code_version()[:64],
        notes=notes,
    )


def code_version() -> str:
    """Return the revision this code is: FAIRLINE_REVISION, else what the checkout says."""
    if settings.REVISION != "unknown":
        return str(settings.REVISION)
    git = Path(settings.BASE_DIR) / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        return (git / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return "unknown"
