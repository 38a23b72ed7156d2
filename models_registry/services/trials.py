"""The trials of a search: each done by one process at a time, by several at once.

A trial is a row. Whoever works on one holds its advisory lock, so a trial that says it is running
and that nobody holds was left by a worker that died: the next worker does it again.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db import transaction
from django.utils import timezone

from accounts.live import announce_training
from accounts.replicas import from_replica
from models_registry.evaluation import prepare_by_season
from models_registry.history import History, read_history
from models_registry.models import Search, Trial, TrialFold
from models_registry.services.holdout import seasons_held_out
from models_registry.services.holds import TRIALS, held, held_by_anyone
from models_registry.services.search import end_search, locked_search
from models_registry.training import FEWEST_TO_FIT, Prepared, prepare, searching
from models_registry.training.learners import Parameters
from models_registry.training.searching import FoldScore, Tried

# The first worker, and one more: parameters that kill two workers will kill a third.
MOST_ATTEMPTS = 2
Status = Trial.Status


def work_on_search(*, search_id: int) -> bool:
    """Do one trial of a search; return whether there is more to do.

    A trial that a dead worker left is done first. A search whose history was corrected since it
    began fails with that reason.

    Raises:
        Whatever stopped the trial, after that was written to it.
    """
    search = Search.objects.select_related("predictor__competition").get(pk=search_id)
    if search.status != Search.Status.RUNNING:
        return False
    prepared = _ready(search)
    if prepared is None:
        return False
    with claimed(search_id) as trial:
        if trial is None:
            # What is left is with other workers, or was just found to have failed.
            _is_more(search_id)
            return False
        try:
            _try(trial, prepared)
        except Exception as error:
            _finish(trial, Status.FAILED, error=f"{type(error).__name__}: {error}")
            raise
    return _is_more(search_id)


def searches_to_work_on() -> list[tuple[int, int]]:
    """Return each running search with how many workers it is short of."""
    rows = Search.objects.filter(status=Search.Status.RUNNING).order_by("pk")
    alive = held_by_anyone(TRIALS)
    return [
        (
            search.pk,
            max(search.workers - search.trials.filter(pk__in=alive).count(), 0),
        )
        for search in rows
    ]


def tried(search_id: int) -> list[Tried]:
    """Return the trials of a search as the sampler sees them, in order of number."""
    scores: dict[int, list[TrialFold]] = {}
    for row in (
        TrialFold.objects.filter(trial__search=search_id)
        .defer("losses", "days")
        .order_by("trial", "fold")
    ):
        scores.setdefault(row.trial_id, []).append(row)
    return [
        Tried(
            each.number,
            each.status,
            each.parameters,
            each.log_loss,
            _running_means(scores.get(each.pk, [])),
        )
        for each in Trial.objects.filter(search=search_id).order_by("number")
    ]


def _running_means(folds: Sequence[TrialFold]) -> tuple[float, ...]:
    events = np.cumsum([each.events for each in folds])
    lost = np.cumsum([each.events * each.log_loss for each in folds])
    return tuple((lost / events).tolist()) if folds else ()


def _ready(search: Search) -> Prepared | None:
    """Return what trials are made from; None, and the search fails, where that is not to be had."""
    prepared, held_out, data_hash = _prepared(
        search.predictor.competition.key, search.until, search.pk
    )
    folds = searching.folds_to_score(prepared)[1]
    if not folds:
        _failed(
            search,
            f"fewer than {FEWEST_TO_FIT} usable events to learn from before any season that is not "
            "held out; import more history",
        )
        return None
    if not search.data_hash:
        Search.objects.filter(pk=search.pk, data_hash="").update(
            data_hash=data_hash, held_out=list(held_out), folds=folds
        )
    elif search.data_hash != data_hash:
        _failed(search, "its history was corrected since it began; begin another")
        return None
    return prepared


def _failed(search: Search, why: str) -> None:
    with transaction.atomic():
        row = locked_search(search.pk)
        if row.status == Search.Status.RUNNING:
            end_search(row, Search.Status.FAILED, why)


@lru_cache(maxsize=1)
def _prepared(
    competition_key: str, until: datetime, _search_id: int
) -> tuple[Prepared, tuple[str, ...], str]:
    """Return a history before its held-out seasons with its features; kept for the next trial."""
    history = from_replica(lambda: read_history(competition_key)).as_known_at(until)
    held_out = seasons_held_out(history, now=until)
    before = before_held_out(history, held_out)
    prepared = prepare_by_season(before)
    if not searching.folds_to_score(prepared)[1]:
        # A young league: sixths of its time, as its training has them.
        prepared = prepare(before)
    return prepared, held_out, before.fingerprint()


def before_held_out(history: History, held_out: Sequence[str]) -> History:
    """Return the events before the first held-out season; what came after has learned from it."""
    years = [
        int(year)
        for year, name in zip(history.games.season, history.season, strict=True)
        if name in held_out
    ]
    return history.where(history.games.season < min(years)) if years else history


@contextmanager
def claimed(search_id: int) -> Iterator[Trial | None]:
    """Hold a trial to do while the body does it; None where there is none.

    It is held before anybody else can see that it runs: who finds a running trial that nobody
    holds may be sure that its worker died.
    """
    with ExitStack() as holds:
        with transaction.atomic():
            trial = _next(search_id, holds)
        yield trial


def _next(search_id: int, holds: ExitStack) -> Trial | None:
    """Return a trial that a dead worker left, else the next, held; None where all are done."""
    search = locked_search(search_id)
    if search.status != Search.Status.RUNNING:
        return None
    alive = held_by_anyone(TRIALS)
    if search.trials.filter(status=Status.RUNNING, pk__in=alive).count() >= search.workers:
        return None
    for left in search.trials.filter(status=Status.RUNNING).exclude(pk__in=alive):
        if not holds.enter_context(held(TRIALS, left.pk)):
            continue
        if left.attempt >= MOST_ATTEMPTS:
            _finish(left, Status.FAILED, error=f"{left.attempt} workers died of it")
            continue
        left.attempt += 1
        left.save(update_fields=["attempt"])
        return left
    number = search.trials.count()
    failed = search.trials.filter(status=Status.FAILED, number__gt=0).count()
    if number - failed > search.trials_wanted or number > 2 * search.trials_wanted:
        return None
    parameters = searching.suggest(tried(search_id), seed=search.seed, number=number)
    trial = Trial.objects.create(
        search=search,
        number=number,
        parameters=searching.as_stored(parameters),
        attempt=1,
        asked_at=timezone.now(),
    )
    holds.enter_context(held(TRIALS, trial.pk))
    return trial


def _try(trial: Trial, prepared: Prepared) -> None:
    scores: list[FoldScore] = []
    for score in searching.walk_trial(prepared, Parameters(**trial.parameters)):
        scores.append(score)
        _keep(trial, score)
        announce_training(run_id=trial.search_id)
        if Search.objects.filter(pk=trial.search_id, stop_asked_at__isnull=False).exists():
            # Put down, not given up: whoever goes on with the search begins it again.
            Trial.objects.filter(pk=trial.pk).update(attempt=0)
            return
        others = tried(trial.search_id)
        mine = next(each for each in others if each.number == trial.number)
        # A trial done again has rows of seasons that this attempt has not come to.
        mine = replace(mine, scores=mine.scores[: len(scores)])
        if searching.hopeless([each for each in others if each.number != trial.number], mine):
            _finish(trial, Status.PRUNED)
            return
    lost = np.concatenate([score.losses for score in scores])
    _finish(trial, Status.COMPLETE, log_loss=float(lost.mean()))


def _keep(trial: Trial, score: FoldScore) -> None:
    TrialFold.objects.bulk_create(
        [
            TrialFold(
                trial=trial,
                fold=score.fold,
                events=len(score.losses),
                log_loss=float(score.losses.mean()),
                losses=score.losses.astype(np.float32).tobytes(),
                days=score.days.astype(np.int32).tobytes(),
                at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def _finish(trial: Trial, status: str, *, log_loss: float | None = None, error: str = "") -> None:
    with transaction.atomic():
        row = Trial.objects.select_for_update().get(pk=trial.pk)
        if row.status != Status.RUNNING:
            return
        row.status, row.log_loss, row.error = status, log_loss, error
        row.finished_at = timezone.now()
        row.save()
        announce_training(run_id=trial.search_id)


def _is_more(search_id: int) -> bool:
    """Return whether trials are left to do, and end the search where none is."""
    with transaction.atomic():
        search = locked_search(search_id)
        if search.status != Search.Status.RUNNING:
            return False
        ended = search.trials.exclude(status=Status.RUNNING)
        if search.trials.filter(status=Status.RUNNING).exists():
            return True
        good = ended.exclude(status=Status.FAILED).count()
        if good > search.trials_wanted:
            end_search(search, Search.Status.DONE)
            return False
        if ended.count() > 2 * search.trials_wanted:
            last = ended.filter(status=Status.FAILED).order_by("-number")[0]
            end_search(
                search, Search.Status.FAILED, f"most trials failed, the last of: {last.error}"
            )
            return False
        return True
