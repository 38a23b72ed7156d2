"""The attack on a version: its features, its predictions, and how its kind is walked forward."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from models_registry.domain.features import FeatureMatrix, build_features
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.goal_ratings import build_goal_features
from models_registry.domain.lookahead import (
    Leak,
    changed,
    pick_moments,
    poison,
    shuffle_results,
)
from models_registry.domain.metrics import losses
from models_registry.evaluation import prepare_by_season
from models_registry.history import History, may_be_drawn
from models_registry.training import folds_before, out_of_sample, walk_forward
from models_registry.training import goals as goal_training
from models_registry.training.learners import AS_THEY_STAND, AnyModel, Parameters

# What is rebuilt: the world as it was cut, and poisoned, at so many moments.
MOMENTS = 8
WALK_MOMENTS = 2
# At each, so many games just before it are compared, and as many of the rest drawn at random.
ROWS = 200
# The base rate is beaten by chance about once in a thousand attacks at this many standard errors.
SURE = 3.1
# Ratings warm up on 300 games, and learners take 400 more.
FEWEST_BEFORE = 800
FEWEST_WITHIN = 300
PREDICTION = "prediction"
WALKED = "walk-forward prediction"
Progress = Callable[[str, int, int], None]


class NothingToAttack(Exception):
    """A history with too few finished games, in words that say how many it takes."""


@dataclass(slots=True)
class Findings:
    """What was checked, which columns knew the future, and how made-up results were predicted."""

    checked: dict[str, int] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    shuffled: dict[str, Any] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """True where nothing knew the future."""
        return not self.leaks and not self.shuffled.get("beats_base_rate", False)

    def leaks_by_column(self) -> list[dict[str, Any]]:
        """Return each leaking column and attack once: how often it was seen, and where first."""
        times = Counter((leak.feature, leak.attack) for leak in self.leaks)
        first = {(leak.feature, leak.attack): leak for leak in reversed(self.leaks)}
        return [
            asdict(first[key])
            | {"moment": str(first[key].moment), "times": count, "column": first[key].feature}
            for key, count in sorted(times.items())
        ]


def attack_model(
    history: History,
    model: AnyModel,
    *,
    parameters: Parameters = AS_THEY_STAND,
    seed: int,
    progress: Progress,
) -> Findings:
    """Try to catch a model using the future; every choice is drawn from `seed`.

    Features and predictions: at sampled moments the world is cut (nothing learned later is
    there) and poisoned (results, box scores and closes learned later are made up), rebuilt, and
    games starting by then are compared bit for bit. Walk-forward: the same with the learners,
    blend and calibration of a season fitted again. Shuffled: with results dealt out anew, the
    model's kind must not beat the base rate out of sample.

    Raises:
        NothingToAttack: if the history is too short to walk forward.
        SignatureMismatch: if the features are not those the model was trained on.
    """
    season = _season_to_walk(history)
    moments = pick_moments(history.games.played, MOMENTS, seed=seed)
    in_season: BoolArray = history.games.played & (history.games.season == season)
    walks = pick_moments(in_season, WALK_MOMENTS, seed=seed)
    total = 2 + len(moments) + 2 * len(walks)
    done = 0

    def step(words: str) -> None:
        nonlocal done
        progress(words, done, total)
        done += 1

    found = Findings()
    _attack_columns(history, model, moments, seed=seed, found=found, step=step)
    _attack_walk(history, season, walks, parameters, seed=seed, found=found, step=step)
    step("shuffling results")
    found.shuffled = _shuffled(history, season, parameters, seed=seed)
    progress("done", total, total)
    return found


def cut_history(history: History, moment: np.datetime64) -> History:
    """Return a history without anything learned after `moment`, closes of then included."""
    later: BoolArray = history.games.starts_at >= moment
    return replace(
        history,
        games=history.games.as_known_at(moment),
        close=np.where(later, np.nan, history.close),
        market={
            name: np.where(later[:, None], np.nan, said) for name, said in history.market.items()
        },
    )


def poison_history(history: History, moment: np.datetime64, *, seed: int) -> History:
    """Return a history with results, box scores and closes of after `moment` made up."""
    rng = np.random.default_rng(seed)
    later: BoolArray = history.games.starts_at >= moment
    made_up = rng.uniform(0.01, 0.99, len(history))
    return replace(
        history,
        games=poison(history.games, moment, seed=seed),
        close=np.where(later, made_up, history.close),
        market={
            name: np.where(
                later[:, None], rng.dirichlet(np.ones(said.shape[1]), len(history)), said
            )
            for name, said in history.market.items()
        },
    )


def _attacks(history: History, moment: np.datetime64, *, seed: int) -> list[tuple[str, History]]:
    return [
        ("cut", cut_history(history, moment)),
        ("poison", poison_history(history, moment, seed=seed)),
    ]


def _attack_columns(
    history: History,
    model: AnyModel,
    moments: IntArray,
    *,
    seed: int,
    found: Findings,
    step: Callable[[str], None],
) -> None:
    step(f"building features of {len(history)} games")
    every = _columns(history, model, np.arange(len(history)))
    rng = np.random.default_rng(seed)
    values = predictions = 0
    for row in moments.tolist():
        moment = history.games.starts_at[row]
        step(f"cutting and poisoning at {moment.astype('M8[m]')}")
        earlier = np.flatnonzero(history.games.starts_at <= moment)
        older = earlier[:-ROWS]
        sampled = rng.choice(older, min(ROWS, len(older)), replace=False)
        rows = np.sort(np.concatenate([sampled, earlier[-ROWS:]]))
        whole = FeatureMatrix(every.names, every.values[rows])
        for name, world in _attacks(history, moment, seed=seed):
            again = _columns(world, model, rows)
            values += again.values.size
            predictions += len(rows)
            found.leaks += [
                Leak(column, name, int(history.games.event_id[rows[first]]), moment)
                for column, first in changed(whole, again, np.ones(len(rows), np.bool_))
            ]
    found.checked |= {
        "moments": len(moments),
        "features": every.names.index(PREDICTION),
        "values": values,
        "predictions": predictions,
    }


def _columns(history: History, model: AnyModel, rows: IntArray) -> FeatureMatrix:
    build = build_goal_features if may_be_drawn(history.competition_key) else build_features
    matrix = build(history.games, rows=rows)
    told = model.scores(matrix).rows()
    scored = [name for name, value in told[0].items() if isinstance(value, float)] if told else []
    said = [model.predict(matrix), *(np.array([row[name] for row in told]) for name in scored)]
    names = (*matrix.names, PREDICTION, *(f"{PREDICTION}: {name}" for name in scored))
    return FeatureMatrix(names, np.column_stack([matrix.values, *said]))


def _attack_walk(
    history: History,
    season: int,
    moments: IntArray,
    parameters: Parameters,
    *,
    seed: int,
    found: Findings,
    step: Callable[[str], None],
) -> None:
    step(f"walking forward to {season}")
    whole = _walked(history, season, parameters)
    compared = 0
    for row in moments.tolist():
        moment = history.games.starts_at[row]
        rows: BoolArray = (history.games.starts_at <= moment) & np.isfinite(whole.values[:, 0])
        for name, world in _attacks(history, moment, seed=seed):
            step(f"walking forward again, {name} at {moment.astype('M8[m]')}")
            compared += int(rows.sum())
            found.leaks += [
                Leak(column, name, int(history.games.event_id[first]), moment)
                for column, first in changed(whole, _walked(world, season, parameters), rows)
            ]
    found.checked |= {"walk_moments": len(moments), "walked_predictions": compared}


def _walked(history: History, season: int, parameters: Parameters) -> FeatureMatrix:
    """Return what the kind of model says of one season out of sample, NaN elsewhere."""
    if may_be_drawn(history.competition_key):
        walked = goal_training.walk_forward(
            goal_training.prepare_matches(history), [season], lambda _words: None
        )
        return FeatureMatrix((WALKED,), walked.model[:, :1])
    prepared = prepare_by_season(history)
    folds = folds_before(prepared, season)
    seen = walk_forward(prepared, folds, lambda _words: None, parameters=parameters)
    return FeatureMatrix((WALKED,), out_of_sample(prepared, seen, [season])[:, None])


def _shuffled(
    history: History, season: int, parameters: Parameters, *, seed: int
) -> dict[str, Any]:
    """Return how the kind of model predicts results dealt out anew, beside the base rate."""
    world = replace(history, games=shuffle_results(history.games, seed=seed))
    said: FloatArray = _walked(world, season, parameters).values[:, 0]
    games = world.games
    rows: BoolArray = np.isfinite(said) & games.played
    before: BoolArray = games.played & (games.season < season)
    rate = float(games.home_won[before].mean())
    mine = losses(said[rows], games.home_won[rows])
    base = losses(np.full(int(rows.sum()), rate), games.home_won[rows])
    gained = base - mine
    error = float(gained.std(ddof=1)) / len(gained) ** 0.5
    return {
        "events": len(gained),
        "model": round(float(mine.mean()), 6),
        "base_rate": round(float(base.mean()), 6),
        "gained": round(float(gained.mean()), 6),
        "error": round(error, 6),
        "beats_base_rate": bool(gained.mean() > SURE * error),
    }


def _season_to_walk(history: History) -> int:
    """Return the newest season with enough finished games in it and before it.

    A season that has barely begun is walked only where there is no other.

    Raises:
        NothingToAttack: if no season has enough before it.
    """
    played = history.games.played
    seasons, counts = np.unique(history.games.season[played], return_counts=True)
    before = np.cumsum(counts) - counts
    fit: BoolArray = before >= FEWEST_BEFORE
    if not fit.any():
        raise NothingToAttack(
            f"{history.competition_key} has {int(played.sum())} finished games; an attack takes "
            f"a season with at least {FEWEST_BEFORE} before it"
        )
    long: BoolArray = fit & (counts >= FEWEST_WITHIN)
    return int(seasons[long if long.any() else fit][-1])
