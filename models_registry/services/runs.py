"""Training runs: asked for, worked on by one process at a time, cancelled, found when it died.

A row is the queue; Celery only says that there is one. Whoever works on a run holds it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.live import announce_training
from models_registry.history import find_competition
from models_registry.models import ModelVersion, Predictor, TrainingRun
from models_registry.services.holds import TRAININGS, held, held_by_anyone
from models_registry.services.stages import lock_predictor
from models_registry.training import Arrays, Once
from models_registry.training.checkpoints import Checkpoints, forget
from models_registry.training.recipes import recipes_of

# The first worker, and one that goes on where it died. A run that kills two will kill a third.
MOST_ATTEMPTS = 2
# A queued run that nobody began for so long is told of again.
UNHEARD = timedelta(minutes=1)
Status = TrainingRun.Status


class TrainingRefused(Exception):
    """A training that cannot begin or be cancelled, with the remedy."""


class TrainingCancelled(Exception):
    """Somebody cancelled the run; said to whoever works on it."""


class TrainingTaken(Exception):
    """The run is no longer this worker's: it was ended or taken over."""


def request_training(
    *,
    predictor_key: str,
    competition_key: str,
    until: datetime,
    by_id: int | None,
    now: datetime,
    notes: str = "",
    cause: str = TrainingRun.Cause.ASKED,
    trial_id: int | None = None,
    recipe: str = "",
) -> TrainingRun:
    """Queue a training on everything known at `until`; a worker begins it.

    `recipe` is one of `recipes_of` the competition, or empty for the usual one. A run left by a
    process that died is ended first.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
        TrainingRefused: if a run of this predictor waits or works, `until` lies ahead, or the
            competition has no such recipe.
    """
    competition = find_competition(competition_key)
    if recipe and recipe not in (made := recipes_of(competition_key)):
        raise TrainingRefused(
            f"recipe {recipe!r}: {competition_key} is trained by {', '.join(made)}; "
            "leave it out for the usual"
        )
    if until > now:
        raise TrainingRefused(
            f"until {until:%Y-%m-%d %H:%M} lies ahead of {now:%Y-%m-%d %H:%M}: nothing of it is "
            "known; give a moment that has passed"
        )
    predictor, _ = Predictor.objects.get_or_create(
        key=predictor_key, defaults={"competition": competition}
    )
    with transaction.atomic():
        lock_predictor(predictor.pk)
        active = TrainingRun.objects.filter(
            predictor=predictor, status__in=TrainingRun.ACTIVE
        ).first()
        if active is not None and not _end_if_dead(active.pk):
            raise TrainingRefused(
                f"{predictor} is being trained already: run {active.pk} is {active.status}"
                f"{f' ({active.step})' if active.step else ''}; wait for it or cancel it"
            )
        run = TrainingRun.objects.create(
            predictor=predictor,
            by_id=by_id,
            asked_at=timezone.now(),
            cause=cause,
            until=until,
            notes=notes,
            trial_id=trial_id,
            recipe=recipe,
        )
        if by_id is not None:
            audit.record(
                action="asked for training",
                subject=str(predictor),
                actor_id=by_id,
                detail={"run": run.pk, "until": until.isoformat(), "cause": cause},
                at=now,
            )
        announce_training(run_id=run.pk)
    return run


def cancel_training(*, run_id: int, by_id: int | None, reason: str, now: datetime) -> TrainingRun:
    """Cancel a run: one that waits at once, one that works at its next step.

    Asking again writes nothing.

    Raises:
        TrainingRun.DoesNotExist: if there is no such run.
        TrainingRefused: if it ended before.
    """
    with transaction.atomic():
        run = (
            TrainingRun.objects.select_for_update(of=["self"])
            .select_related("predictor")
            .get(pk=run_id)
        )
        if run.status not in TrainingRun.ACTIVE:
            raise TrainingRefused(
                f"run {run_id} of {run.predictor} is over ({run.status}); only one that waits or "
                "works can be cancelled"
            )
        if run.cancel_asked_at is not None:
            return run
        run.cancel_asked_at = timezone.now()
        run.error = f"cancelled: {reason}"
        run.save(update_fields=["cancel_asked_at", "error"])
        audit.record(
            action="cancelled training",
            subject=str(run.predictor),
            actor_id=by_id,
            detail={"run": run_id, "reason": reason, "step": run.step},
            at=now,
        )
        if run.status == Status.QUEUED or run_id not in held_runs():
            _end(run, Status.CANCELLED, run.error)
        announce_training(run_id=run_id)
    return run


def silent(_words: str) -> None:
    """Say nothing: whoever waits looks at the run."""


@dataclass
class Work:
    """One process's hold on a run: says each step, keeps each fold, stops when it is cancelled."""

    run_id: int
    attempt: int
    progress: Callable[[str], None]

    def step(self, words: str) -> None:
        """Write the step the run is at.

        Raises:
            TrainingCancelled: if it was cancelled meanwhile.
            TrainingTaken: if it is no longer ours.
        """
        self._write(step=words[:96])
        self.progress(words)

    def keeping(self, *, data_hash: str, code_version: str) -> Once:
        """Return what keeps this run's folds, for this data and this code."""
        kept = Checkpoints(self.run_id, data_hash, code_version)
        done = count(1)

        def once(name: str, make: Callable[[], Arrays], *, of: int) -> Arrays:
            arrays = kept.once(name, make)
            self._write(folds_done=next(done), folds=of)
            return arrays

        return once

    def _write(self, **values: str | int) -> None:
        ours = TrainingRun.objects.filter(
            pk=self.run_id, attempt=self.attempt, status=Status.RUNNING
        )
        if not ours.update(heartbeat_at=timezone.now(), **values):
            raise TrainingTaken(f"run {self.run_id} is no longer attempt {self.attempt}'s")
        announce_training(run_id=self.run_id)
        if ours.filter(cancel_asked_at__isnull=False).exists():
            raise TrainingCancelled


@contextmanager
def work_on(run_id: int, *, progress: Callable[[str], None]) -> Iterator[Work | None]:
    """Hold a run while the body works on it; None where there is nothing to do.

    That is where another process holds it, or it ended, or two workers have died of it.
    """
    with held(TRAININGS, run_id) as is_ours:
        attempt = _begin(run_id) if is_ours else None
        yield None if attempt is None else Work(run_id, attempt, progress)


def _begin(run_id: int) -> int | None:
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update().get(pk=run_id)
        if run.status not in TrainingRun.ACTIVE or _end_if_spent(run):
            return None
        run.status, run.attempt = Status.RUNNING, run.attempt + 1
        run.heartbeat_at = timezone.now()
        run.started_at = run.started_at or run.heartbeat_at
        run.save()
        announce_training(run_id=run_id)
    return run.attempt


def lock_own(work: Work) -> TrainingRun:
    """Return the run under a lock, for the transaction that ends it.

    Raises:
        TrainingCancelled, TrainingTaken: as `Work.step`.
    """
    run = TrainingRun.objects.select_for_update().get(pk=work.run_id)
    if (run.status, run.attempt) != (Status.RUNNING, work.attempt):
        raise TrainingTaken(f"run {run.pk} is no longer attempt {work.attempt}'s")
    if run.cancel_asked_at is not None:
        raise TrainingCancelled
    return run


def finish(run: TrainingRun, version: ModelVersion) -> None:
    """End a run with the version it made, in the transaction that registers it."""
    run.status, run.version, run.step = Status.SUCCEEDED, version, "done"
    run.finished_at = timezone.now()
    run.save()
    announce_training(run_id=run.pk)


def end_unfinished(work: Work, status: str, why: str = "") -> None:
    """End a run that made no version, keeping the reason it has where none is given.

    Nothing where it is no longer ours.
    """
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update().get(pk=work.run_id)
        if (run.status, run.attempt) != (Status.RUNNING, work.attempt):
            return
        _end(run, status, why or run.error)
    forget(work.run_id)


def sweep_runs() -> tuple[list[int], list[int]]:
    """Find what died or was not heard; return the runs to begin or go on with, and those ended.

    A run whose worker died goes on once; then it is failed, with the step it died at.
    """
    waiting: list[int] = []
    ended: list[int] = []
    active = list(TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).order_by("pk"))
    # Held is asked after the rows: who holds none of them now did not begin since.
    held = held_runs()
    for run in active:
        if run.pk in held:
            continue
        if run.status == Status.QUEUED:
            if timezone.now() - run.asked_at > UNHEARD:
                waiting.append(run.pk)
            continue
        with transaction.atomic():
            now = TrainingRun.objects.select_for_update().get(pk=run.pk)
            if (now.status, now.attempt) != (Status.RUNNING, run.attempt):
                continue
            if _end_if_spent(now):
                ended.append(run.pk)
            else:
                waiting.append(run.pk)
    return waiting, ended


def held_runs() -> set[int]:
    """Return the numbers of the runs that a living process works on."""
    return held_by_anyone(TRAININGS)


def _end_if_dead(run_id: int) -> bool:
    """End a run that says it is running and that nobody holds."""
    if run_id in held_runs():
        return False
    run = TrainingRun.objects.select_for_update().get(pk=run_id)
    if run.status == Status.QUEUED:
        return False
    if run.status == Status.RUNNING:
        _end(run, Status.FAILED, f"{_gone(run)}; another was asked for")
    return True


def _end_if_spent(run: TrainingRun) -> bool:
    """End a run that no worker should begin (again)."""
    if run.cancel_asked_at is not None:
        _end(run, Status.CANCELLED, run.error)
    elif run.attempt >= MOST_ATTEMPTS:
        _end(run, Status.FAILED, f"{_gone(run)}; {run.attempt} workers died of it")
    else:
        return False
    return True


def _gone(run: TrainingRun) -> str:
    return f"worker gone at step '{run.step or 'beginning'}'"


def _end(run: TrainingRun, status: str, why: str) -> None:
    run.status, run.error, run.finished_at = status, why, timezone.now()
    run.save(update_fields=["status", "error", "finished_at"])
    announce_training(run_id=run.pk)
