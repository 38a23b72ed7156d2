"""From a history to a fitted model and its honest out-of-sample record."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from models_registry.domain.calibration import (
    Calibration,
    best_weight,
    earned_trust,
    fit_calibration,
)
from models_registry.domain.features import FeatureMatrix, build_features
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.logistic import probability_of
from models_registry.domain.metrics import calibration_curve, score
from models_registry.domain.points import Points, fit_points
from models_registry.domain.reach import TrainingRows
from models_registry.domain.scores import PointScores
from models_registry.domain.verdict import judge
from models_registry.history import History
from models_registry.training.learners import (
    AS_THEY_STAND,
    LINEAR_COLUMNS,
    AnyModel,
    FittedModel,
    Parameters,
    fit_linear,
    fit_trees,
)

ALGORITHM = AS_THEY_STAND.algorithm
# The first games of a history, when the ratings know nothing, teach only the ratings.
WARM_UP = 300
FEWEST_TO_FIT = 400
# Blend and calibration look back this many folds; the record of a version spans the last three.
FOLDS_BACK = 8
FOLDS_RECORDED = 3
FEWEST_FOLDS = 3
Progress = Callable[[str], None]
Arrays = tuple[FloatArray, ...]


class Once(Protocol):
    """Keeps what takes long, so that a run which was interrupted does not make it again."""

    def __call__(self, name: str, make: Callable[[], Arrays], *, of: int) -> Arrays:
        """Return what was made under this name, else make it; it is one of `of` such pieces."""
        ...


def anew(name: str, make: Callable[[], Arrays], *, of: int) -> Arrays:
    """Keep nothing: make it now."""
    return make()


class TooLittleHistory(Exception):
    """Fewer games than a model can be made from, in words that say how many are there."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A history with its features; `usable` marks finished games past the warm-up."""

    history: History
    matrix: FeatureMatrix
    usable: BoolArray
    fold: IntArray

    @property
    def won(self) -> BoolArray:
        """True where the home side won."""
        return self.history.games.home_won

    @property
    def elo(self) -> FloatArray:
        """What Elo alone says: the baseline every version stands beside."""
        difference = self.matrix.column("elo")
        return probability_of(difference * (np.log(10) / 400))


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Log odds by trees and by regression, each fold's by learners of earlier folds; else NaN."""

    trees: FloatArray
    linear: FloatArray


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted model, the record of its kind out of sample, and what it was made from."""

    algorithm: str
    parameters: dict[str, Any]
    model: AnyModel
    rows: TrainingRows
    evaluation: dict[str, list[Any]]
    metrics: dict[str, Any]
    game_count: int


def prepare(history: History) -> Prepared:
    """Build the features of every game and say which fold it belongs to.

    Folds are seasons. Where fewer than three seasons are there, they are sixths of the games in
    time order, so that a young league can be walked forward too.
    """
    games = history.games
    usable: BoolArray = games.played & (np.cumsum(games.played) > WARM_UP)
    fold = games.season.copy()
    if len(np.unique(games.season[usable])) < FEWEST_FOLDS and usable.any():
        fold = (np.cumsum(games.played) - 1) * 6 // int(games.played.sum())
    return Prepared(history, build_features(games), usable, fold)


def rows_of(matrix: FeatureMatrix, rows: BoolArray) -> FeatureMatrix:
    """Return some rows of a matrix."""
    return FeatureMatrix(matrix.names, matrix.values[rows])


def fit(prepared: Prepared, rows: BoolArray, parameters: Parameters = AS_THEY_STAND) -> FittedModel:
    """Fit both learners on some rows; neither blended nor calibrated yet."""
    matrix, won = rows_of(prepared.matrix, rows), prepared.won[rows]
    linear = fit_linear(matrix, won, parameters)
    trees = fit_trees(matrix, won, linear, parameters)
    return FittedModel(matrix.names, linear, trees, algorithm=parameters.algorithm)


def walk_forward(
    prepared: Prepared,
    folds: list[int],
    progress: Progress,
    once: Once = anew,
    parameters: Parameters = AS_THEY_STAND,
) -> WalkForward:
    """Predict each fold with learners that saw only folds before it, and only them.

    A fold with fewer than 400 games before it stays unpredicted. `once` keeps each fold.
    """
    trees = np.full(len(prepared.history), np.nan)
    linear = trees.copy()
    walks: dict[int, tuple[BoolArray, BoolArray]] = {}
    for fold in folds:
        before: BoolArray = prepared.usable & (prepared.fold < fold)
        here: BoolArray = prepared.fold == fold
        if before.sum() >= FEWEST_TO_FIT and here.any():
            walks[fold] = before, here
    for fold, (before, here) in walks.items():
        progress(f"walking forward: fold {fold}, {int(before.sum())} games before it")
        make = partial(log_odds_of_fold, prepared, before, here, parameters)
        trees[here], linear[here] = once(f"fold-{fold}", make, of=len(walks))
    return WalkForward(trees, linear)


def log_odds_of_fold(
    prepared: Prepared, before: BoolArray, here: BoolArray, parameters: Parameters
) -> Arrays:
    """Return the log odds of some rows, by trees and by regression, fitted on others."""
    return fit(prepared, before, parameters).log_odds(rows_of(prepared.matrix, here))


def rows_before(prepared: Prepared, seen: WalkForward, fold: int) -> BoolArray:
    """Mark the games whose out-of-fold predictions may teach what finishes a model of a fold."""
    rows: BoolArray = (
        prepared.usable
        & np.isfinite(seen.trees)
        & (prepared.fold < fold)
        & (prepared.fold >= fold - FOLDS_BACK)
    )
    return rows


def fit_blend(
    prepared: Prepared, seen: WalkForward, rows: BoolArray
) -> tuple[float, Calibration, FloatArray]:
    """Return the trees' share, the calibration, and what both make of some rows."""
    won = prepared.won[rows]
    share = best_weight(seen.trees[rows], seen.linear[rows], won)
    blended = share * seen.trees[rows] + (1 - share) * seen.linear[rows]
    calibration = fit_calibration(blended, won)
    return share, calibration, calibration.apply(blended)


def points_on(prepared: Prepared, rows: BoolArray, probability: FloatArray) -> Points:
    """Return how probabilities of some rows become margins and totals, fitted on those rows."""
    games = prepared.history.games
    return fit_points(
        probability,
        prepared.matrix.column("expected_total")[rows],
        prepared.matrix.column("playoffs")[rows] > 0,
        (games.home_score - games.away_score)[rows].astype(np.int64),
        (games.home_score + games.away_score)[rows],
    )


def finished_with(
    model: FittedModel, prepared: Prepared, seen: WalkForward, fold: int
) -> FittedModel:
    """Return a model blended and calibrated on the out-of-fold predictions before a fold.

    Its margins and totals are fitted on the same predictions.
    """
    rows = rows_before(prepared, seen, fold)
    share, calibration, probability = fit_blend(prepared, seen, rows)
    points = points_on(prepared, rows, probability)
    return replace(model, tree_share=share, calibration=calibration, points=points)


def out_of_sample(prepared: Prepared, seen: WalkForward, folds: list[int]) -> FloatArray:
    """Return honest probabilities for some folds: blend and calibration are of folds before each.

    NaN where a fold was not predicted.
    """
    probability = np.full(len(prepared.history), np.nan)
    for fold in folds:
        here: BoolArray = (prepared.fold == fold) & np.isfinite(seen.trees)
        share, calibration, _ = fit_blend(prepared, seen, rows_before(prepared, seen, fold))
        blended = share * seen.trees[here] + (1 - share) * seen.linear[here]
        probability[here] = calibration.apply(blended)
    return probability


def scores_out_of_sample(
    prepared: Prepared, seen: WalkForward, folds: list[int], probability: FloatArray
) -> PointScores:
    """Return honest score distributions of every game; those outside the folds mean nothing.

    How wide they are, and where totals lie, is of the folds before each.
    """
    expected, playoffs = (
        prepared.matrix.column("expected_total"),
        prepared.matrix.column("playoffs"),
    )
    usual = Points().scores(
        np.where(np.isfinite(probability), probability, 0.5), expected, playoffs > 0
    )
    columns = {
        name: getattr(usual, name).copy()
        for name in ("margin_centre", "margin_sd", "total_centre", "total_sd")
    }
    for fold in folds:
        here: BoolArray = (prepared.fold == fold) & np.isfinite(probability)
        if not here.any():
            continue
        rows = rows_before(prepared, seen, fold)
        points = points_on(prepared, rows, fit_blend(prepared, seen, rows)[2])
        told = points.scores(probability[here], expected[here], playoffs[here] > 0)
        for name, column in columns.items():
            column[here] = getattr(told, name)
    return PointScores(**columns)


def folds_before(prepared: Prepared, last: int) -> list[int]:
    """Return the folds up to and including one, the nine newest, oldest first."""
    known = np.unique(prepared.fold[prepared.usable])
    return [int(fold) for fold in known[known <= last][-(FOLDS_BACK + 1) :]]


def train(
    history: History,
    progress: Progress,
    once: Once = anew,
    parameters: Parameters = AS_THEY_STAND,
) -> Trained:
    """Fit a model on every finished game of a history, with its walk-forward record.

    `once` keeps the folds, which are most of the work.

    Raises:
        TooLittleHistory: if there are too few finished games to fit and to judge one.
    """
    finished = int(history.games.played.sum())
    if finished < WARM_UP + 2 * FEWEST_TO_FIT:
        raise TooLittleHistory(
            f"{history.competition_key} has {finished} finished games; training needs at least "
            f"{WARM_UP + 2 * FEWEST_TO_FIT}. Import more history first (import_history)."
        )
    progress(f"building features of {len(history)} games")
    prepared = prepare(history)
    newest = int(prepared.fold[prepared.usable].max())
    folds = folds_before(prepared, newest)
    seen = walk_forward(prepared, folds, progress, once, parameters)
    recorded = [f for f in folds if np.isfinite(seen.trees[prepared.fold == f]).any()]
    recorded = recorded[-FOLDS_RECORDED:]
    probability = out_of_sample(prepared, seen, recorded)
    progress(f"fitting on {int(prepared.usable.sum())} games")
    model = finished_with(fit(prepared, prepared.usable, parameters), prepared, seen, newest + 1)
    rows: BoolArray = prepared.usable & np.isfinite(probability)
    return Trained(
        algorithm=parameters.algorithm,
        parameters={
            "trees": parameters.trees(),
            "linear": {"columns": list(LINEAR_COLUMNS), "ridge": parameters.ridge},
            "tree_share": model.tree_share,
            "calibration": asdict(model.calibration),
            "points": asdict(model.points) if model.points else None,
        },
        model=model,
        rows=TrainingRows(
            prepared.matrix.names,
            history.games.event_id[prepared.usable],
            prepared.matrix.values[prepared.usable],
        ),
        evaluation=_record(prepared, probability, rows),
        metrics=measure(prepared, probability, rows),
        game_count=int(prepared.usable.sum()),
    )


def measure(prepared: Prepared, probability: FloatArray, rows: BoolArray) -> dict[str, Any]:
    """Return the figures of a version: as `figures_beside`, its calibration, and its trust."""
    common = judged_rows(prepared, rows)
    won, close = prepared.won[common], prepared.history.close[common]
    return figures_beside(prepared, probability, rows) | {
        "calibration": calibration_curve(probability[common], won),
        "trust": asdict(earned_trust(probability[common], close, won)),
    }


def judged_rows(prepared: Prepared, rows: BoolArray) -> BoolArray:
    """Mark those of some games that have a close; all of them if none has."""
    priced: BoolArray = rows & np.isfinite(prepared.history.close)
    return priced if priced.any() else rows


def figures_beside(prepared: Prepared, probability: FloatArray, rows: BoolArray) -> dict[str, Any]:
    """Return the figures of model, Elo and close on the same games, and the verdict.

    Games without a closing price count for model and Elo only when none has one; `close` is then
    None. Otherwise every figure is of the games with a close.
    """
    common = judged_rows(prepared, rows)
    won, close = prepared.won[common], prepared.history.close[common]
    is_priced = bool(np.isfinite(close).all())
    return {
        "games": int(common.sum()),
        "seasons": sorted(
            {prepared.history.season[row] for row in np.flatnonzero(common).tolist()}
        ),
        "model": score(probability[common], won).as_dict(),
        "elo": score(prepared.elo[common], won).as_dict(),
        "close": score(close, won).as_dict() if is_priced else None,
        "verdict": judge(
            won,
            prepared.history.games.day[common].astype(np.int64),
            model=probability[common],
            elo=prepared.elo[common],
            close=close if is_priced else None,
        ),
    }


def _record(prepared: Prepared, probability: FloatArray, rows: BoolArray) -> dict[str, list[Any]]:
    close = prepared.history.close[rows]
    return {
        "event_id": prepared.history.games.event_id[rows].tolist(),
        "won": prepared.won[rows].tolist(),
        "model": probability[rows].tolist(),
        "elo": prepared.elo[rows].tolist(),
        "close": [None if np.isnan(value) else value for value in close.tolist()],
    }
