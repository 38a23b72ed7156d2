"""How a model trained before a season does in it, beside Elo and the close on the same games."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from models_registry.beside_market import judge_blend, judge_lines
from models_registry.domain.games import BoolArray
from models_registry.domain.market_before import MarketBefore
from models_registry.domain.metrics import share_of_gap_closed
from models_registry.history import History, may_be_drawn
from models_registry.training import (
    FEWEST_TO_FIT,
    Prepared,
    figures_beside,
    folds_before,
    judged_rows,
    out_of_sample,
    prepare,
    scores_out_of_sample,
    walk_forward,
)
from models_registry.training.goals import evaluate_matches
from models_registry.training.learners import AS_THEY_STAND, Parameters


class NothingToEvaluate(Exception):
    """No game to judge by, in words that say what is missing."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures, as printed, and what a reader should know beside them."""

    figures: dict[str, Any]
    remarks: list[str]


def evaluate(
    history: History,
    *,
    since: date,
    until: date,
    progress: Callable[[str], None],
    prices_before: MarketBefore | None = None,
    parameters: Parameters = AS_THEY_STAND,
) -> Evaluation:
    """Judge the model on the games of some days, `since` to `until`, both included.

    Each season is predicted by a model fitted, blended and calibrated on earlier seasons only.
    All three are scored on the same games: those with a result and, where any has one, a sound
    closing moneyline. Spreads and totals are judged beside closing lines, under `lines`. With
    `prices_before`, what the market said well before each game, blends of the model with it are
    judged beside its prices, under `before`.

    Raises:
        NothingToEvaluate: saying whether games, results or earlier seasons are missing.
    """
    games = history.games
    days = games.day.astype("M8[D]")
    within: BoolArray = (days >= np.datetime64(since)) & (days <= np.datetime64(until))
    if not within.any():
        raise NothingToEvaluate(
            f"{history.competition_key} has no games from {since} to {until}; {_span(history)}"
        )
    if not (within & games.played).any():
        raise NothingToEvaluate(f"none of the games from {since} to {until} has a result")
    # Nothing after the test range is even looked at.
    kept: BoolArray = days <= np.datetime64(until)
    history = history.where(kept)
    test = within[kept] & history.games.played
    if may_be_drawn(history.competition_key):
        if judged := evaluate_matches(history, test, progress):
            return Evaluation(*judged)
        first = int(history.games.season[test].min())
        raise NothingToEvaluate(f"too few matches come before the season {first}. {_span(history)}")
    early = None if prices_before is None else prices_before[kept]
    return _evaluate_games(history, test, early, progress, parameters)


def _evaluate_games(
    history: History,
    test: BoolArray,
    early: MarketBefore | None,
    progress: Callable[[str], None],
    parameters: Parameters,
) -> Evaluation:
    """Judge games without draws; `early` is what the market said well before each."""
    progress(f"building features of {len(history)} games")
    prepared = prepare_by_season(history)
    seasons = [int(year) for year in np.unique(history.games.season[test])]
    folds = sorted({fold for year in seasons for fold in folds_before(prepared, year)})
    seen = walk_forward(prepared, folds, progress, parameters=parameters)
    if early is not None:
        # How much to believe the model beside prices is learned on all seasons that were walked.
        seasons = folds
    probability = out_of_sample(prepared, seen, seasons)
    rows: BoolArray = test & np.isfinite(probability)
    if not rows.any():
        first = int(history.games.season[test].min())
        raise NothingToEvaluate(
            f"fewer than {FEWEST_TO_FIT} usable games come before the season {first}; "
            f"a model needs earlier seasons to learn from. {_span(history)}"
        )
    judged = _figures(prepared, probability, rows, test)
    scores = scores_out_of_sample(prepared, seen, seasons, probability)
    if lines := judge_lines(history, scores, rows):
        judged.figures["lines"] = lines
    if early is not None:
        blend = judge_blend(history.games, probability, early, history.close, rows)
        judged.figures["before"] = blend
        judged.remarks.append(blend["words"] if blend else "no game has such prices")
    return judged


def prepare_by_season(history: History) -> Prepared:
    """Prepare with seasons as folds, however few there are: a test season stays whole."""
    return replace(prepare(history), fold=history.games.season.copy())


def _figures(
    prepared: Prepared, probability: np.ndarray, rows: BoolArray, test: BoolArray
) -> Evaluation:
    remarks = []
    if unpredicted := int((test & ~rows).sum()):
        remarks.append(f"{unpredicted} games had too little history before them and are left out")
    unpriced = int((rows & ~judged_rows(prepared, rows)).sum())
    figures = figures_beside(prepared, probability, rows)
    if figures["close"] is None:
        remarks.append("no game has a sound closing moneyline: close is null")
    elif unpriced:
        remarks.append(f"{unpriced} games have no sound closing moneyline and are left out")
    remarks.append(f"the model is {figures['verdict']['words']}")
    if figures["close"] and figures["elo"]["log_loss"] != figures["close"]["log_loss"]:
        closed = share_of_gap_closed(
            model=figures["model"]["log_loss"],
            elo=figures["elo"]["log_loss"],
            close=figures["close"]["log_loss"],
        )
        remarks.append(f"the model closes {closed:.1%} of the gap from Elo to the close")
    return Evaluation(figures, remarks)


def _span(history: History) -> str:
    if not len(history):
        return "nothing is stored of it; import history first (import_history)"
    return f"what is there spans {history.games.day.min()} to {history.games.day.max()}"
