"""What a search turns, what it tries next, and when it gives a trial up. Optuna loads late.

The trials are our own rows (docs/decisions/0011): a study is built from them each time something
is asked, so any process can go on with a search that another began.
"""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.metrics import losses
from models_registry.training import (
    FEWEST_TO_FIT,
    FOLDS_BACK,
    Prepared,
    WalkForward,
    log_odds_of_fold,
    out_of_sample,
)
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import AS_THEY_STAND, Parameters

# The first trials are drawn at random; the sampler then leans on what it has seen.
AT_RANDOM = 10
# No trial is given up before so many have ended, nor in its first scored season.
FEWEST_ENDED = 5
# The first predicted seasons only teach blend and calibration; they are not scored.
TEACHING_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Range:
    """What a parameter may be: from `low` to `high`, whole numbers or on a logarithmic scale."""

    low: float
    high: float
    whole: bool = False
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What a parameter may be: one of some names."""

    names: tuple[str, ...]


SPACE: dict[str, Range | Choice] = {
    "algorithm": Choice(tuple(BOOSTERS)),
    "ridge": Range(10, 3000, log=True),
    "rounds": Range(25, 400, whole=True, log=True),
    "eta": Range(0.005, 0.1, log=True),
    "max_depth": Range(1, 4, whole=True),
    "min_child_weight": Range(5, 200, log=True),
    "subsample": Range(0.4, 1.0),
    "colsample_bytree": Range(0.2, 1.0),
    "reg_lambda": Range(0.5, 100, log=True),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial as the sampler sees it: `scores` by scored fold are means over all folds so far."""

    number: int
    status: str
    parameters: dict[str, Any]
    log_loss: float | None
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FoldScore:
    """How some parameters did in one season: the loss of each event, and its day since 1970."""

    fold: int
    losses: FloatArray
    days: IntArray


def optuna() -> Any:  # noqa: ANN401 - it is loaded where a trial is asked for, and only there
    """Return the library, loaded at first use and quiet.

    Web processes import services; loading this there would cost each a second for nothing.
    """
    library = importlib.import_module("optuna")
    library.logging.set_verbosity(library.logging.WARNING)
    return library


def suggest(tried: Sequence[Tried], *, seed: int, number: int) -> Parameters:
    """Return what to try as trial `number`, by TPE (Bergstra et al. 2011) on what was tried.

    Number 0 is the recipe as it stands. Trials still running count as bad ones, so that several
    workers do not try the same. The same trials, seed and number give the same answer.
    """
    if number == 0:
        return AS_THEY_STAND
    library = optuna()
    sampler = library.samplers.TPESampler(
        seed=seed + number, n_startup_trials=AT_RANDOM, constant_liar=True
    )
    study = _study(library, tried, sampler=sampler)
    said = study.ask(_distributions(library)).params
    return Parameters(**said)


def hopeless(tried: Sequence[Tried], running: Tried) -> bool:
    """Return whether a running trial is worse than the median of the others at its season.

    The recipe as it stands is never given up.
    """
    if running.number == 0:
        return False
    library = optuna()
    pruner = library.pruners.MedianPruner(n_startup_trials=FEWEST_ENDED, n_warmup_steps=1)
    study = _study(library, tried, pruner=pruner)
    return bool(pruner.prune(study, _trial(library, running)))


def folds_to_score(prepared: Prepared) -> tuple[list[int], list[int]]:
    """Return the folds a trial walks through, and those of them that are scored."""
    known = np.unique(prepared.fold[prepared.usable])
    walked = [
        int(fold)
        for fold in known[-(FOLDS_BACK + 1) :]
        if (prepared.usable & (prepared.fold < fold)).sum() >= FEWEST_TO_FIT
    ]
    return walked, walked[min(TEACHING_FOLDS, len(walked) - 1) :]


def walk_trial(prepared: Prepared, parameters: Parameters) -> Iterator[FoldScore]:
    """Yield how parameters do in each scored season, oldest first, as they would have lived.

    Learners, blend and calibration of a season are fitted on seasons before it only.
    """
    trees = np.full(len(prepared.history), np.nan)
    linear = trees.copy()
    walked, scored = folds_to_score(prepared)
    for fold in walked:
        before: BoolArray = prepared.usable & (prepared.fold < fold)
        here: BoolArray = prepared.fold == fold
        trees[here], linear[here] = log_odds_of_fold(prepared, before, here, parameters)
        if fold not in scored:
            continue
        said = out_of_sample(prepared, WalkForward(trees, linear), [fold])
        rows: BoolArray = prepared.usable & np.isfinite(said)
        yield FoldScore(
            fold,
            losses(said[rows], prepared.won[rows]),
            prepared.history.games.day[rows].astype("M8[D]").astype(np.int64),
        )


def leanings(tried: Sequence[Tried]) -> list[tuple[str, float]]:
    """Return each parameter's rank correlation with log loss over complete trials, largest first.

    Above zero: more of it did worse. It says where to look, not why; parameters act together.
    """
    ended = [each for each in tried if each.log_loss is not None and each.status == "complete"]
    if len(ended) < AT_RANDOM:
        return []
    lost = _ranks([each.log_loss for each in ended])
    found = [
        (name, float(np.corrcoef(_ranks([each.parameters[name] for each in ended]), lost)[0, 1]))
        for name, space in SPACE.items()
        if isinstance(space, Range) and len({each.parameters[name] for each in ended}) > 1
    ]
    return sorted(found, key=lambda pair: -abs(pair[1]))


def _ranks(values: Sequence[Any]) -> FloatArray:
    return np.argsort(np.argsort(np.array(values, dtype=np.float64))).astype(np.float64)


def _distributions(library: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: _distribution(library.distributions, each) for name, each in SPACE.items()}


def _distribution(kinds: Any, each: Range | Choice) -> Any:  # noqa: ANN401
    if isinstance(each, Choice):
        return kinds.CategoricalDistribution(each.names)
    if each.whole:
        return kinds.IntDistribution(int(each.low), int(each.high), log=each.log)
    return kinds.FloatDistribution(each.low, each.high, log=each.log)


def _study(library: Any, tried: Sequence[Tried], **how: Any) -> Any:  # noqa: ANN401
    study = library.create_study(direction="minimize", **how)
    study.add_trials([_trial(library, each) for each in tried if each.status != "failed"])
    return study


def _trial(library: Any, tried: Tried) -> Any:  # noqa: ANN401
    states = library.trial.TrialState
    state = {
        "complete": states.COMPLETE,
        "pruned": states.PRUNED,
        "running": states.RUNNING,
    }[tried.status]
    return library.trial.create_trial(
        state=state,
        params={name: tried.parameters[name] for name in SPACE},
        distributions=_distributions(library),
        value=tried.log_loss if tried.status == "complete" else None,
        intermediate_values=dict(enumerate(tried.scores)),
    )


def as_stored(parameters: Parameters) -> dict[str, Any]:
    """Return parameters as a trial keeps them."""
    return asdict(parameters)
