"""A search for better parameters: begun, stopped, gone on with. Its trials are in `trials`."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.live import announce_training
from models_registry.code import code_version
from models_registry.describing import predictor_key
from models_registry.history import find_competition, may_be_drawn
from models_registry.models import Predictor, Search, TrainingRun, Trial
from models_registry.selectors import proofs as selectors_proofs
from models_registry.services.stages import lock_predictor
from models_registry.services.training import ask_for_training
from models_registry.training import ALGORITHM

MOST_TRIALS = 1000
MOST_WORKERS = 16


class SearchRefused(Exception):
    """A search that cannot begin, stop or go on, with the remedy."""


def start_search(
    *,
    competition_key: str,
    trials: int,
    workers: int,
    by_id: int | None,
    now: datetime,
    seed: int = 0,
) -> Search:
    """Begin a search on everything known now before the seasons that are held out.

    So many sets of parameters are tried beside the recipe as it stands, by so many workers at
    once.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
        SearchRefused: if one runs, a number is out of bounds, or there is nothing to search.
    """
    competition = find_competition(competition_key)
    if not 1 <= trials <= MOST_TRIALS:
        raise SearchRefused(f"trials is {trials}: 1 to {MOST_TRIALS}")
    if not 1 <= workers <= MOST_WORKERS:
        raise SearchRefused(f"workers is {workers}: 1 to {MOST_WORKERS}")
    if may_be_drawn(competition_key):
        raise SearchRefused(
            f"{competition_key} is priced from goals, whose recipe has no parameters to search"
        )
    predictor, _ = Predictor.objects.get_or_create(
        key=predictor_key(competition_key), defaults={"competition": competition}
    )
    with transaction.atomic():
        lock_predictor(predictor.pk)
        if running := predictor.searches.filter(status=Search.Status.RUNNING).first():
            raise SearchRefused(
                f"{running} is running; wait for it or stop it (search stop {running.pk})"
            )
        search = Search.objects.create(
            predictor=predictor,
            recipe=ALGORITHM,
            by_id=by_id,
            asked_at=timezone.now(),
            until=now,
            seed=seed,
            trials_wanted=trials,
            workers=workers,
            folds=[],
            held_out=[],
            code_version=code_version()[:64],
        )
        _audited("began search", search, by_id, now)
    return search


def stop_search(*, search_id: int, by_id: int | None, now: datetime) -> Search:
    """Stop a search: its workers put their trials down at the next season.

    Stopping one that is stopped writes nothing.

    Raises:
        Search.DoesNotExist: if there is no such search.
        SearchRefused: if it is done or failed.
    """
    with transaction.atomic():
        search = locked_search(search_id)
        if search.status == Search.Status.STOPPED:
            return search
        if search.status != Search.Status.RUNNING:
            raise SearchRefused(f"{search} is {search.status}; only one that runs can be stopped")
        search.stop_asked_at = timezone.now()
        end_search(search, Search.Status.STOPPED)
        _audited("stopped search", search, by_id, now)
    return search


def resume_search(
    *, search_id: int, by_id: int | None, now: datetime, trials: int | None = None
) -> Search:
    """Go on with a search that was stopped or failed, or that is done and shall try more.

    Raises:
        Search.DoesNotExist: if there is no such search.
        SearchRefused: if it runs, another runs, or it has tried as many as are wanted.
    """
    with transaction.atomic():
        search = locked_search(search_id)
        if search.status == Search.Status.RUNNING:
            raise SearchRefused(f"{search} is running")
        wanted = search.trials_wanted if trials is None else trials
        ended = search.trials.exclude(status=Trial.Status.RUNNING).count()
        if not ended <= wanted <= MOST_TRIALS:
            raise SearchRefused(
                f"{search} has tried {max(ended - 1, 0)} of {wanted}: give trials above that, at "
                f"most {MOST_TRIALS}"
            )
        other = Search.objects.filter(
            predictor=search.predictor_id, status=Search.Status.RUNNING
        ).first()
        if other is not None:
            raise SearchRefused(f"{other} is running; wait for it or stop it")
        search.status, search.trials_wanted = Search.Status.RUNNING, wanted
        search.stop_asked_at, search.finished_at, search.error = None, None, ""
        search.save()
        _audited("resumed search", search, by_id, now)
    return search


def train_best(*, search_id: int, by_id: int | None, now: datetime) -> TrainingRun:
    """Queue a training with the parameters of a search's best trial.

    The version says which trial it is from and of how many trials it was the best.

    Raises:
        Search.DoesNotExist: if there is no such search.
        SearchRefused: if no trial has come to its end, or the best is the recipe as it stands.
        TrainingRefused: as `ask_for_training`.
    """
    search = Search.objects.select_related("predictor__competition").get(pk=search_id)
    best = selectors_proofs.best_of(search)
    if best is None:
        raise SearchRefused(f"no trial of {search} has come to its end; wait for one")
    if best.trial.number == 0:
        raise SearchRefused(
            f"the recipe as it stands is the best of {search}: train without a search"
        )
    return ask_for_training(
        competition_key=search.predictor.competition.key,
        until=now,
        by_id=by_id,
        now=now,
        notes=f"trial {best.trial.number} of search {search_id}, the best of {best.tries} trials",
        trial_id=best.trial.pk,
    )


def end_search(search: Search, status: str, why: str = "") -> None:
    """End a search that is locked, with the reason where there is one."""
    search.status, search.error, search.finished_at = status, why, timezone.now()
    search.save()
    announce_training(run_id=search.pk)


def locked_search(search_id: int) -> Search:
    """Return a search under a lock: one change of it, and of what trials it has, at a time."""
    return (
        Search.objects.select_for_update(of=["self"]).select_related("predictor").get(pk=search_id)
    )


def _audited(action: str, search: Search, by_id: int | None, now: datetime) -> None:
    audit.record(
        action=action,
        subject=str(search),
        actor_id=by_id,
        detail={"trials": search.trials_wanted, "workers": search.workers, "seed": search.seed},
        at=now,
    )
    announce_training(run_id=search.pk)
