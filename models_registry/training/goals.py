"""From the matches of a competition to a fitted goal model and its honest record, three ways."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models_registry.domain.calibration import earned_trust
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.games import BoolArray, FloatArray, Games, IntArray
from models_registry.domain.goal_ratings import CHANCES, GOALS, build_goal_features, elo_before
from models_registry.domain.goals import GoalModel, GoalScores, fit_goal_model
from models_registry.domain.line_scores import ended, line_losses, score_lines
from models_registry.domain.metrics import calibration_curve, score_outcomes
from models_registry.domain.ordered import fit_ordered
from models_registry.domain.reach import TrainingRows
from models_registry.domain.verdict import (
    calibration_line,
    chance_of_calibration_error,
    compare,
    ordered_event_scores,
    verdict_on,
)
from models_registry.history import History
from models_registry.history.market import LINES, THREE_WAY, closing
from models_registry.training import FEWEST_FOLDS, WARM_UP, Progress, TooLittleHistory, Trained

ALGORITHM = "goals"

# Fewer matches before a season teach nothing that could be judged in it.
FEWEST_TO_FIT = 300
FOLDS_RECORDED = 3


@dataclass(frozen=True, slots=True)
class PreparedMatches:
    """Matches with their ratings; `usable` marks those that may teach how ratings become goals."""

    history: History
    matrix: FeatureMatrix
    usable: BoolArray
    fold: IntArray

    @property
    def goals(self) -> FloatArray:
        """Goals of home and away, shape (n, 2); NaN where not played."""
        games = self.history.games
        return np.column_stack([games.home_score, games.away_score])

    @property
    def close(self) -> FloatArray:
        """The margin-free close, shape (n, 3); NaN where it is not known."""
        return closing(self.history.market, len(self.history))


@dataclass(frozen=True, slots=True)
class ThreeWays:
    """What model and plain baseline said out of sample, shape (n, 3) each; NaN where nothing.

    `scores` has what the model's three ways came from: rates of home and away, and rho.
    """

    model: FloatArray
    elo: FloatArray
    scores: FloatArray


def outcome_of(games: Games) -> IntArray:
    """Return 0 where home won, 1 where it was a draw, 2 where away won; of played matches only."""
    return (1 - np.sign(np.nan_to_num(games.home_score - games.away_score))).astype(np.int64)


def prepare_matches(history: History) -> PreparedMatches:
    """Rate every match by what was known before it, and say which season it belongs to."""
    matrix = build_goal_features(history.games)
    played = history.games.played
    rated = np.isfinite(matrix.column("goals_total"))
    usable: BoolArray = played & rated & (np.cumsum(played) > WARM_UP)
    return PreparedMatches(history, matrix, usable, history.games.season.copy())


def in_sixths(prepared: PreparedMatches) -> PreparedMatches:
    """Return matches with sixths for folds where fewer than three seasons are usable."""
    games, usable = prepared.history.games, prepared.usable
    if len(np.unique(prepared.fold[usable])) >= FEWEST_FOLDS or not usable.any():
        return prepared
    sixths = (np.cumsum(games.played) - 1) * 6 // int(games.played.sum())
    return PreparedMatches(prepared.history, prepared.matrix, usable, sixths)


def walk_forward(prepared: PreparedMatches, folds: list[int], progress: Progress) -> ThreeWays:
    """Predict each fold by what only earlier folds taught; ratings move on day by day within it.

    A fold with fewer than 300 usable matches before it stays unpredicted.
    """
    count = len(prepared.history)
    model, elo, scores = (np.full((count, 3), np.nan) for _ in range(3))
    rating, outcome = elo_before(prepared.history.games) / 400, outcome_of(prepared.history.games)
    for fold in folds:
        before: BoolArray = prepared.usable & (prepared.fold < fold)
        here: BoolArray = prepared.fold == fold
        if before.sum() < FEWEST_TO_FIT or not here.any():
            continue
        progress(f"walking forward: fold {fold}, {int(before.sum())} matches before it")
        said = fit_rows(prepared, before).scores(rows_of(prepared, here))
        model[here] = said.h2h()
        scores[here] = np.column_stack([said.home, said.away, said.rho])
        elo[here] = fit_ordered(rating[before], outcome[before]).apply(rating[here])
    return ThreeWays(model, elo, scores)


def rows_of(prepared: PreparedMatches, rows: BoolArray) -> FeatureMatrix:
    """Return the ratings of some matches."""
    return FeatureMatrix(prepared.matrix.names, prepared.matrix.values[rows])


def fit_rows(prepared: PreparedMatches, rows: BoolArray) -> GoalModel:
    """Fit on some matches how ratings become goals."""
    return fit_goal_model(rows_of(prepared, rows), prepared.goals[rows])


def figures_of(
    prepared: PreparedMatches,
    said: ThreeWays,
    rows: BoolArray,
    markets: Mapping[str, FloatArray | None],
) -> dict[str, Any]:
    """Return the figures of model, Elo and each market on the same matches, and the verdict.

    `rows` marks them; a market is None where it is not known of all of them. The verdict is
    beside the close and Elo; its calibration is of the home side.
    """
    games = prepared.history.games.where(rows)
    outcome, days = outcome_of(games), games.day.astype(np.int64)
    by_whom = {"model": said.model[rows], "elo": said.elo[rows]}
    known = {name: market[rows] for name, market in markets.items() if market is not None}
    close = prepared.close[rows]
    others = ({"close": close} if np.isfinite(close).all() else {}) | {"elo": by_whom["elo"]}
    home = by_whom["model"][:, 0]
    by_chance = float(np.mean([chance_of_calibration_error(p) for p in by_whom["model"].T]))
    verdict = verdict_on(
        ordered_event_scores(by_whom["model"], outcome),
        {who: ordered_event_scores(p, outcome) for who, p in others.items()},
        days,
    )
    return {
        "games": int(rows.sum()),
        "seasons": sorted({prepared.history.season[row] for row in np.flatnonzero(rows).tolist()}),
        **{who: score_outcomes(p, outcome).as_dict() for who, p in by_whom.items()},
        **{
            name: score_outcomes(known[name], outcome).as_dict() if name in known else None
            for name in markets
        },
        "verdict": verdict
        | {
            "calibration": calibration_line(home, outcome == 0, days)
            | {"error_by_chance": round(by_chance, 6)}
        },
        "lines": {
            kind: line_figures(prepared, said, rows, kind)
            for kind in LINES
            if kind in prepared.history.market
        },
    }


def line_figures(
    prepared: PreparedMatches, said: ThreeWays, rows: BoolArray, kind: str
) -> dict[str, Any] | None:
    """Return how the model's scores price the market's closing lines, beside its own price.

    Of `spreads` (home's side) or `totals` (overs), on those of `rows` that have a line; None if
    none has. Figures are a unit decided (see domain/line_scores); trust is earned by bets of which
    the whole stake was.
    """
    market = prepared.history.market[kind]
    here: BoolArray = rows & np.isfinite(market[:, 0])
    if not here.any():
        return None
    games, (line, close) = prepared.history.games.where(here), market[here].T
    scores = GoalScores(*said.scores[here].T)
    if kind == "totals":
        model, ends = scores.total(line), ended(games.home_score + games.away_score, line)
    else:
        model, ends = scores.spread(line), ended(games.home_score - games.away_score, -line)
    days = games.day.astype(np.int64)
    found = compare(line_losses(model.decided, ends), line_losses(close, ends), days)
    whole: BoolArray = (ends.win == 1) | (ends.lose == 1)
    return {
        "games": len(games),
        "model": score_lines(model.decided, ends),
        "pinnacle_close": score_lines(close, ends),
        "words": found.words("Pinnacle's close"),
        "trust": asdict(earned_trust(model.decided[whole], close[whole], ends.win[whole] == 1)),
    }


def evaluate_matches(
    history: History, test: BoolArray, progress: Progress
) -> tuple[dict[str, Any], list[str]] | None:
    """Return the figures of the seasons of some matches, and remarks; None if none was predicted.

    Each season is predicted by a model of earlier seasons only. Everybody is scored on the same
    matches: those of `test` that every market tells that tells any of them.
    """
    progress(f"rating teams before each of {len(history)} matches")
    prepared = prepare_matches(history)
    seasons = [int(year) for year in np.unique(history.games.season[test])]
    said = walk_forward(prepared, seasons, progress)
    rows: BoolArray = test & np.isfinite(said.model[:, 0])
    if not rows.any():
        return None
    remarks = []
    if unpredicted := int((test & ~rows).sum()):
        remarks.append(f"{unpredicted} matches had too little history before them and are left out")
    common = rows.copy()
    markets: dict[str, FloatArray | None] = {}
    for name in THREE_WAY:
        market = history.market.get(name)
        told = np.zeros(len(history), np.bool_) if market is None else np.isfinite(market[:, 0])
        markets[name] = market if (rows & told).any() else None
        if markets[name] is None:
            remarks.append(f"no match has prices of {name}: it is null")
        else:
            common &= told
    if unpriced := int((rows & ~common).sum()):
        remarks.append(f"{unpriced} matches lack a market that others have and are left out")
    if not common.any():
        remarks.append("no match has every market: all of them are null")
        common, markets = rows, dict.fromkeys(markets)
    figures = figures_of(prepared, said, common, markets)
    remarks.append(f"the model is {figures['verdict']['words']}")
    return figures, remarks


def train(history: History, progress: Progress) -> Trained:
    """Fit a goal model on every finished match of a history, with its walk-forward record.

    Raises:
        TooLittleHistory: if there are too few finished matches to fit and to judge one.
    """
    finished = int(history.games.played.sum())
    if finished < WARM_UP + 2 * FEWEST_TO_FIT:
        raise TooLittleHistory(
            f"{history.competition_key} has {finished} finished matches; training needs at least "
            f"{WARM_UP + 2 * FEWEST_TO_FIT}. Import more history first (import_history)."
        )
    progress(f"rating teams before each of {len(history)} matches")
    prepared = in_sixths(prepare_matches(history))
    folds = np.unique(prepared.fold[prepared.usable]).tolist()[-FOLDS_RECORDED:]
    said = walk_forward(prepared, folds, progress)
    progress(f"fitting on {int(prepared.usable.sum())} matches")
    model = fit_rows(prepared, prepared.usable)
    rows: BoolArray = prepared.usable & np.isfinite(said.model[:, 0])
    return Trained(
        algorithm=ALGORITHM,
        parameters={
            "goals": asdict(GOALS),
            "chances": asdict(CHANCES),
            "both": asdict(model.both),
            "goals_only": asdict(model.goals_only),
        },
        model=model,
        rows=TrainingRows(
            prepared.matrix.names,
            history.games.event_id[prepared.usable],
            prepared.matrix.values[prepared.usable],
        ),
        evaluation=_record(prepared, said, rows),
        metrics=_metrics(prepared, said, rows),
        game_count=int(prepared.usable.sum()),
    )


def _metrics(prepared: PreparedMatches, said: ThreeWays, rows: BoolArray) -> dict[str, Any]:
    """Return the figures of a version: three ways, on the matches with a close where any has one.

    Calibration and trust are of all three outcomes, each a yes or no: that is how bets on them
    are decided.
    """
    priced: BoolArray = rows & np.isfinite(prepared.close[:, 0])
    common = priced if priced.any() else rows
    outcome = outcome_of(prepared.history.games.where(common))
    happened = (outcome[:, None] == np.arange(3)).reshape(-1)
    model, close = said.model[common].reshape(-1), prepared.close[common].reshape(-1)
    market = prepared.close if priced.any() else None
    return figures_of(prepared, said, common, {"close": market}) | {
        "calibration": calibration_curve(model, happened),
        "trust": asdict(earned_trust(model, close, happened)),
    }


def _record(prepared: PreparedMatches, said: ThreeWays, rows: BoolArray) -> dict[str, list[Any]]:
    """Return what was said out of sample: of the home side, and beside it of the draw.

    Gates and comparisons ask of the home side, as of competitions without draws.
    """
    games = prepared.history.games.where(rows)
    close = [
        [None if np.isnan(value) else value for value in row]
        for row in prepared.close[rows].tolist()
    ]
    return {
        "event_id": games.event_id.tolist(),
        "won": (outcome_of(games) == 0).tolist(),
        "outcome": outcome_of(games).tolist(),
        "model": said.model[rows, 0].tolist(),
        "model_draw": said.model[rows, 1].tolist(),
        "elo": said.elo[rows, 0].tolist(),
        "elo_draw": said.elo[rows, 1].tolist(),
        "close": [row[0] for row in close],
        "close_draw": [row[1] for row in close],
    }
