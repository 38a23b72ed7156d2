"""A training run: from the stored history to a registered version, or a reason why not."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.replicas import from_replica
from models_registry import artifacts, selectors, training
from models_registry.code import code_version
from models_registry.describing import predictor_key
from models_registry.history import History, may_be_drawn, read_history
from models_registry.models import ModelVersion, Predictor, Stage, TrainingRun
from models_registry.selectors.proofs import parameters_of, run_behind
from models_registry.services.holdout import Look, deflated_for_search, open_held_out, searched
from models_registry.services.promotion import PromotionRefused, gates_of, promote_version
from models_registry.services.runs import (
    TrainingCancelled,
    TrainingTaken,
    Work,
    end_unfinished,
    finish,
    lock_own,
    request_training,
    silent,
    work_on,
)
from models_registry.services.stages import StageRefused, lock_predictor, stage_version
from models_registry.training import Progress
from models_registry.training import goals as goal_training
from models_registry.training.checkpoints import forget
from models_registry.training.recipes import recipe_of

logger = logging.getLogger(__name__)


def train_version(
    *,
    competition_key: str,
    until: datetime,
    notes: str = "",
    recipe: str = "",
    by_id: int | None = None,
    progress: Progress = silent,
) -> ModelVersion:
    """Train here and now on everything known at `until` and register the version.

    As `request_training` and `train_run` in one. The same data and code give the same artefact,
    yet each run is a version of its own. `progress` is called with each step in words.

    Raises:
        NoSuchCompetition, TrainingRefused: as `request_training`.
        TooLittleHistory: saying how many finished games there are and how many it takes.
        TrainingCancelled: if somebody cancelled it meanwhile.
    """
    run = ask_for_training(
        competition_key=competition_key,
        until=until,
        by_id=by_id,
        now=until,
        notes=notes,
        recipe=recipe,
    )
    run = train_run(run_id=run.pk, progress=progress)
    if run.version is None:
        raise TrainingCancelled(f"run {run.pk} of {run.predictor} was {run.status}: {run.error}")
    return run.version


def ask_for_training(
    *,
    competition_key: str,
    until: datetime,
    by_id: int | None,
    now: datetime,
    notes: str = "",
    cause: str = TrainingRun.Cause.ASKED,
    trial_id: int | None = None,
    recipe: str = "",
) -> TrainingRun:
    """Queue a training of who wins in a competition; as `request_training`.

    With the parameters of a trial and by a recipe, if they are named. What nobody asked for takes
    over those of the champion, so that retraining does not undo a choice.

    Raises:
        As request_training.
    """
    if cause != TrainingRun.Cause.ASKED:
        champion = selectors.champion(predictor_key(competition_key))
        behind = run_behind(champion) if champion else None
        if behind is not None:
            trial_id, recipe = behind.trial_id, behind.recipe
    return request_training(
        predictor_key=predictor_key(competition_key), competition_key=competition_key,
        until=until, by_id=by_id, now=now, notes=notes, cause=cause, trial_id=trial_id,
        recipe=recipe,
    )  # fmt: skip


def train_run(*, run_id: int, progress: Progress = silent) -> TrainingRun:
    """Begin a run, or go on with one whose worker died, and return how it ended.

    Each step is written to the run; a fold made once is not made again. It ends with a version
    or with a reason, in one transaction; a run that another process holds, that ended or that
    killed two workers is returned as it is.

    Raises:
        TooLittleHistory, and whatever else stopped it, after that was written to the run.
    """
    with work_on(run_id, progress=progress) as work:
        if work is not None:
            try:
                _train(work)
            except TrainingTaken as taken:
                logger.warning("%s", taken)
            except TrainingCancelled:
                end_unfinished(work, TrainingRun.Status.CANCELLED)
            except KeyboardInterrupt:
                end_unfinished(work, TrainingRun.Status.CANCELLED, "cancelled: by keyboard")
                raise
            except Exception as error:
                end_unfinished(work, TrainingRun.Status.FAILED, f"{type(error).__name__}: {error}")
                raise
    return TrainingRun.objects.select_related("predictor__competition", "version__predictor").get(
        pk=run_id
    )


def settle_run(*, run_id: int, now: datetime) -> dict[str, object]:
    """Do with the version of a run that nobody asked for what settings allow; return what was done.

    Passed every gate: promoted where FAIRLINE_AUTO_PROMOTE says so, else put in staging in the
    place of the version that was put there the same way, so that it predicts in shadow. A run
    that somebody asked for is left to them.
    """
    run = TrainingRun.objects.select_related("version__predictor").get(pk=run_id)
    outcome: dict[str, object] = {"run": run_id, "status": run.status}
    if run.version is None:
        return outcome | {"why": run.error}
    outcome |= {"version": run.version.number}
    if run.cause == TrainingRun.Cause.ASKED:
        return outcome
    words = f"{run.get_cause_display().lower()} retraining"
    try:
        if settings.AUTO_PROMOTE:
            promote_version(version_id=run.version.pk, by_id=None, reason=words, now=now)
            return outcome | {"promoted": True}
        outcome |= {"promoted": False}
        if failed := [gate for gate in gates_of(run.version) if not gate.passed]:
            return outcome | {"why": "; ".join(f"{gate.name}: {gate.detail}" for gate in failed)}
        _challenge(run.version, words, now)
    except (PromotionRefused, StageRefused) as refusal:
        return outcome | {"promoted": False, "why": str(refusal)}
    return outcome | {"why": "FAIRLINE_AUTO_PROMOTE is off; it predicts in shadow"}


def _challenge(version: ModelVersion, words: str, now: datetime) -> None:
    """Put a version in staging, and back the one that was put there by the system."""
    with transaction.atomic():
        for other in selectors.challengers(version.predictor.key):
            if other.pk != version.pk and selectors.staged_by(other.pk) is None:
                stage_version(
                    version_id=other.pk, stage=Stage.CANDIDATE, by_id=None, now=now,
                    reason=f"{version} took its place",
                )  # fmt: skip
        stage_version(version_id=version.pk, stage=Stage.STAGING, by_id=None, reason=words, now=now)


def _train(work: Work) -> None:
    run = TrainingRun.objects.select_related("predictor__competition").get(pk=work.run_id)
    competition_key = run.predictor.competition.key
    work.step(f"reading {competition_key}")
    history = from_replica(lambda: read_history(competition_key)).as_known_at(run.until)
    once = work.keeping(data_hash=history.fingerprint(), code_version=code_version())
    parameters = parameters_of(run)
    if may_be_drawn(competition_key):
        # Seconds in all: nothing that would be worth keeping for a run that goes on.
        trained = goal_training.train(history, work.step)
    else:
        trained = training.train(history, work.step, once, parameters)
    work.step("saving the artefact")
    saved = artifacts.save(trained.model, trained.evaluation, trained.rows)
    work.step("registering the version")
    with transaction.atomic():
        # Predictor first, run second, as everywhere.
        lock_predictor(run.predictor_id)
        run = lock_own(work)
        version = _register(run.predictor, history, trained, saved, run=run)
        open_held_out(
            predictor_key=run.predictor.key,
            history=history,
            seasons=trained.metrics["seasons"],
            look=Look(
                **recipe_of(competition_key, parameters),
                figures=trained.metrics,
                events=trained.metrics["games"],
                version=version,
            ),
            by_id=run.by_id,
            now=run.until,
        )
        finish(run, version)
    forget(run.pk)


def _register(
    predictor: Predictor,
    history: History,
    trained: training.Trained,
    saved: artifacts.Saved,
    *,
    run: TrainingRun,
) -> ModelVersion:
    # The predictor is locked: two runs that end together get two numbers.
    newest = predictor.versions.order_by("-number").first()
    played = history.games.played
    return ModelVersion.objects.create(
        predictor=predictor,
        number=newest.number + 1 if newest else 1,
        algorithm=trained.algorithm,
        created_at=timezone.now(),
        trained_from=history.games.day[played].min().item(),
        trained_until=run.until,
        game_count=trained.game_count,
        data_hash=history.fingerprint(),
        signature=list(trained.model.signature),
        parameters=trained.parameters | {"searched": searched(run.trial)},
        metrics=deflated_for_search(trained.metrics, searched(run.trial)),
        artifact=saved.path,
        checksum=saved.checksum,
        code_version=code_version()[:64],
        notes=run.notes,
    )
