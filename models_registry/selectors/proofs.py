"""What pages, commands and the API read of searches and openings."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db.models import Count, Min, Q, QuerySet

from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.holdout import deflated, deflation_words
from models_registry.domain.verdict import Verdict, compare
from models_registry.models import (
    Attack,
    ModelVersion,
    Opening,
    Search,
    TrainingRun,
    Trial,
    TrialFold,
)
from models_registry.training.learners import AS_THEY_STAND, Parameters


def searches(*, competition: str | None = None) -> QuerySet[Search]:
    """Return searches, newest first, each with `ended`, the trials that are over, and the best."""
    wanted = {} if competition is None else {"predictor__competition__key": competition}
    over = Q(trials__status__in=["complete", "pruned"], trials__number__gt=0)
    return (
        Search.objects.filter(**wanted)
        .select_related("predictor__competition", "by")
        # The model tells that they are there only where this filled them in.
        .annotate(  # type: ignore[no-redef]
            ended=Count("trials", filter=over),
            best_log_loss=Min("trials__log_loss", filter=Q(trials__status="complete")),
        )
        .order_by("-pk")
    )


def attacks(*, version_id: int | None = None) -> QuerySet[Attack]:
    """Return attacks, newest first."""
    wanted = {} if version_id is None else {"version": version_id}
    return (
        Attack.objects.filter(**wanted).select_related("version__predictor", "by").order_by("-pk")
    )


def openings(*, predictor: str | None = None) -> QuerySet[Opening]:
    """Return openings of held-out seasons, newest first."""
    wanted = {} if predictor is None else {"predictor__key": predictor}
    return (
        Opening.objects.filter(**wanted)
        .select_related("predictor__competition", "version__predictor__competition", "by")
        .order_by("-pk")
    )


@dataclass(frozen=True, slots=True)
class Best:
    """The best complete trial of a search beside the recipe as it stands, and what is left of it.

    `tries` counts the sets of parameters tried; `left` is the difference deflated for them.
    """

    trial: Trial
    tries: int
    verdict: Verdict | None
    left: float | None
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as the command and the API say it."""
        return {
            "trial": self.trial.number,
            "parameters": self.trial.parameters,
            "log_loss": self.trial.log_loss,
            "tries": self.tries,
            "difference": None if self.verdict is None else round(self.verdict.difference, 6),
            "error": None if self.verdict is None else round(self.verdict.error, 6),
            "deflated": None if self.left is None else round(self.left, 6),
            "words": self.words,
        }


def best_of(search: Search) -> Best | None:
    """Return the best trial of a search; None while none has come to its end.

    It is compared on the same events with trial 0, the recipe as it stands; no comparison where
    that has not ended.
    """
    complete = search.trials.filter(status=Trial.Status.COMPLETE)
    trial = complete.order_by("log_loss", "number").first()
    if trial is None:
        return None
    tries = search.trials.filter(number__gt=0, status__in=["complete", "pruned"]).count()
    stands = complete.filter(number=0).first()
    if trial.number == 0 or stands is None:
        words = "the recipe as it stands" if trial.number == 0 else "not compared yet"
        return Best(trial, tries, None, None, words)
    mine, days = _losses(trial)
    verdict = compare(mine, _losses(stands)[0], days)
    return Best(
        trial,
        tries,
        verdict,
        deflated(verdict.difference, verdict.error, tries),
        deflation_words(verdict.difference, verdict.error, tries),
    )


def search_in_full(search_id: int) -> Search | None:
    """Return one search with its trials, and `best` as `Best.as_dict`; None if there is none."""
    search = searches().filter(pk=search_id).prefetch_related("trials").first()
    if search is not None:
        best = best_of(search)
        search.best = None if best is None else best.as_dict()
    return search


def _losses(trial: Trial) -> tuple[FloatArray, IntArray]:
    rows = list(TrialFold.objects.filter(trial=trial).order_by("fold"))
    lost = [np.frombuffer(row.losses, np.float32).astype(np.float64) for row in rows]
    days = [np.frombuffer(row.days, np.int32).astype(np.int64) for row in rows]
    return np.concatenate(lost), np.concatenate(days)


def run_behind(version: ModelVersion) -> TrainingRun | None:
    """Return the training that made a version, if it is kept."""
    return version.runs.select_related("trial").first()


def parameters_of(run: TrainingRun | None) -> Parameters:
    """Return what a training turns: its trial's parameters or the usual, by its own recipe."""
    trial = run.trial if run else None
    parameters = AS_THEY_STAND if trial is None else Parameters(**trial.parameters)
    return replace(parameters, algorithm=run.recipe) if run and run.recipe else parameters
