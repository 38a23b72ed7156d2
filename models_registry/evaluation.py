"""How a model trained before a season does in it, beside Elo and the close on the same games."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from models_registry.domain.games import BoolArray
from models_registry.domain.metrics import score, share_of_gap_closed
from models_registry.domain.verdict import judge
from models_registry.goal_training import evaluate_matches
from models_registry.history import History, may_be_drawn
from models_registry.training import (
    FEWEST_TO_FIT,
    Prepared,
    folds_before,
    out_of_sample,
    prepare,
    walk_forward,
)


class NothingToEvaluate(Exception):
    """No game to judge by, in words that say what is missing."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures, as printed, and what a reader should know beside them."""

    figures: dict[str, Any]
    remarks: list[str]


def evaluate(
    history: History, *, since: date, until: date, progress: Callable[[str], None]
) -> Evaluation:
    """Judge the model on the games of some days, `since` to `until`, both included.

    Each season is predicted by a model fitted, blended and calibrated on earlier seasons only.
    All three are scored on the same games: those with a result and, where any has one, a sound
    closing moneyline.

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
    progress(f"building features of {len(history)} games")
    prepared = prepare_by_season(history)
    seasons = [int(year) for year in np.unique(history.games.season[test])]
    folds = sorted({fold for year in seasons for fold in folds_before(prepared, year)})
    seen = walk_forward(prepared, folds, progress)
    probability = out_of_sample(prepared, seen, seasons)
    rows: BoolArray = test & np.isfinite(probability)
    if not rows.any():
        raise NothingToEvaluate(
            f"fewer than {FEWEST_TO_FIT} usable games come before the season {seasons[0]}; "
            f"a model needs earlier seasons to learn from. {_span(history)}"
        )
    return _figures(prepared, probability, rows, test)


def prepare_by_season(history: History) -> Prepared:
    """Prepare with seasons as folds, however few there are: a test season stays whole."""
    return replace(prepare(history), fold=history.games.season.copy())


def _figures(
    prepared: Prepared, probability: np.ndarray, rows: BoolArray, test: BoolArray
) -> Evaluation:
    remarks = []
    if unpredicted := int((test & ~rows).sum()):
        remarks.append(f"{unpredicted} games had too little history before them and are left out")
    close = prepared.history.close
    common: BoolArray = rows & np.isfinite(close)
    if not common.any():
        remarks.append("no game has a sound closing moneyline: close is null")
        common = rows
    elif unpriced := int((rows & ~common).sum()):
        remarks.append(f"{unpriced} games have no sound closing moneyline and are left out")
    won = prepared.won[common]
    seasons = sorted({prepared.history.season[row] for row in np.flatnonzero(common).tolist()})
    has_close = bool(np.isfinite(close[common]).all())
    figures: dict[str, Any] = {
        "games": int(common.sum()),
        "seasons": seasons,
        "model": score(probability[common], won).as_dict(),
        "elo": score(prepared.elo[common], won).as_dict(),
        "close": score(close[common], won).as_dict() if has_close else None,
        "verdict": judge(
            won,
            prepared.history.games.day[common].astype(np.int64),
            model=probability[common],
            elo=prepared.elo[common],
            close=close[common] if has_close else None,
        ),
    }
    remarks.append(f"the model is {figures['verdict']['words']}")
    if has_close and figures["elo"]["log_loss"] != figures["close"]["log_loss"]:
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
