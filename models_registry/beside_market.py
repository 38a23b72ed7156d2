"""How spreads and totals did beside the market's lines, and a blend beside its prices."""

from typing import Any

import numpy as np

from models_registry.domain.calibration import FEWEST_GAMES, earned_share
from models_registry.domain.games import BoolArray, FloatArray, Games
from models_registry.domain.logistic import fit_logistic, log_odds_of, probability_of
from models_registry.domain.market_before import MarketBefore
from models_registry.domain.metrics import (
    calibration_curve,
    calibration_error,
    interval_of_mean,
    losses,
    score,
)
from models_registry.domain.scores import Outcomes, PointScores
from models_registry.history import History
from models_registry.training.learners import AS_THEY_STAND

# Shares of the model that a blend may have, in hundredths.
SHARES = 100
# As heavy as the model's own regression has it.
RIDGE = AS_THEY_STAND.ridge


def judge_lines(history: History, scores: PointScores, rows: BoolArray) -> dict[str, Any]:
    """Return how spreads and totals did on some games that have closing lines, by market key.

    `scores` has one row a game of the history. Both sides of a closing line are taken for even:
    what a margin-free price of it says. `difference` is the model's mean log loss less that, with
    its 95 % bootstrap interval; pushes are counted on whole lines beside those expected.
    """
    games = history.games
    margin, total = games.home_score - games.away_score, games.home_score + games.away_score
    told = {}
    for market, line in history.lines.items():
        chosen: BoolArray = rows & np.isfinite(line)
        if not chosen.any():
            continue
        asked = np.where(np.isfinite(line), line, 0.5)
        ends = scores.spread(asked) if market == "spreads" else scores.total(asked)
        ahead = margin + line if market == "spreads" else total - line
        told[market] = _judge(ends, ahead, line, chosen)
    return told


def _judge(ends: Outcomes, ahead: FloatArray, line: FloatArray, rows: BoolArray) -> dict[str, Any]:
    whole: BoolArray = rows & (line == np.rint(line))
    decided: BoolArray = rows & (ahead != 0)
    said, happened = ends.decided[decided], ahead[decided] > 0
    worse = losses(said, happened) - np.log(2)
    low, high = interval_of_mean(worse)
    return {
        "games": int(decided.sum()),
        "model": score(said, happened).as_dict(),
        "even": {"log_loss": round(float(np.log(2)), 6)},
        "difference": round(float(worse.mean()), 6),
        "interval": [round(low, 6), round(high, 6)],
        "words": _words(low, high, "even closing lines"),
        "calibration_error": round(calibration_error(said, happened), 6),
        "calibration": calibration_curve(said, happened),
        "pushes": {
            "whole_lines": int(whole.sum()),
            "happened": int((whole & (ahead == 0)).sum()),
            "expected": round(float(ends.push[whole].sum()), 1),
        },
    }


def blend_with_prices(
    games: Games, model: FloatArray, prices: FloatArray, close: FloatArray, judged: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return blended probabilities of the judged games, and the model's share in each.

    Log odds are mixed: share x model + (1 - share) x prices. The share of a day is what the
    model has earned on all games of earlier days (`earned_share`), 0 before there are 300 of them:
    nothing of the day itself or of later days has a say. A game whose prices are not known teaches
    by its close, of which there are many more; that is a careful teacher, for the close knows most.
    """
    priced: BoolArray = np.isfinite(model) & np.isfinite(prices) & games.played
    market = np.where(np.isfinite(prices), prices, close)
    teaches: BoolArray = np.isfinite(model) & np.isfinite(market) & games.played
    share = np.zeros(len(games))
    blended = np.full(len(games), np.nan)
    for day in np.unique(games.day[judged & priced]):
        # Results of the evening before may not be known yet in the morning.
        before: BoolArray = teaches & (games.day < day - 1)
        here: BoolArray = judged & priced & (games.day == day)
        share[here] = earned_share(
            log_odds_of(model[before]),
            log_odds_of(market[before]),
            games.home_won[before],
            steps=SHARES,
        )
        blended[here] = probability_of(
            share[here] * log_odds_of(model[here]) + (1 - share[here]) * log_odds_of(prices[here])
        )
    return blended, share


def regress_on_market(
    games: Games, model: FloatArray, market: MarketBefore, judged: BoolArray
) -> FloatArray:
    """Return probabilities of the judged games by a regression on what the market said and did.

    Its log-odds are the market's, and a ridge regression on `MarketBefore.columns` of earlier
    days' games, refitted a day, adds to them; nothing before there are 300 of them.
    """
    known: BoolArray = np.isfinite(model) & np.isfinite(market.probability) & games.played
    told = np.where(known, model, 0.5)
    base = log_odds_of(np.where(known, market.probability, 0.5))
    columns = np.where(known[:, None], market.columns(log_odds_of(told)), 0.0)
    said = np.full(len(games), np.nan)
    for day in np.unique(games.day[judged & known]):
        before: BoolArray = known & (games.day < day - 1)
        here: BoolArray = judged & known & (games.day == day)
        added = 0.0
        if before.sum() >= FEWEST_GAMES:
            weights = fit_logistic(
                columns[before], games.home_won[before], ridge=RIDGE, base=base[before]
            )
            added = weights[0] + columns[here] @ weights[1:]
        said[here] = probability_of(base[here] + added)
    return said


def judge_blend(
    games: Games, model: FloatArray, market: MarketBefore, close: FloatArray, judged: BoolArray
) -> dict[str, Any] | None:
    """Return the figures of prices, model and blends on the same games; None if none has prices.

    `blend` mixes two opinions, `regression` knows too how the market came about. `difference` is
    mean log loss less that of the prices; below zero it is better. Its 95 % interval is a
    bootstrap of whole days.
    """
    prices = market.probability
    blended, share = blend_with_prices(games, model, prices, close, judged)
    rows = np.isfinite(blended)
    if not rows.any():
        return None
    won = games.home_won[rows]
    days = games.day[rows].astype(np.int64)
    regressed = regress_on_market(games, model, market, judged)[rows]

    def beside_prices(name: str, said: FloatArray) -> dict[str, Any]:
        gained = losses(said, won) - losses(prices[rows], won)
        low, high = interval_of_mean(gained, blocks=days)
        return {
            # Plus zero: no difference is not written -0.
            "difference": round(float(gained.mean()), 6) + 0.0,
            "interval": [round(low, 6) + 0.0, round(high, 6) + 0.0],
            "words": f"the {name} is " + _words(low, high, "the prices by themselves"),
        }

    return {
        "games": int(rows.sum()),
        "prices": score(prices[rows], won).as_dict(),
        "model": score(model[rows], won).as_dict(),
        "blend": score(blended[rows], won).as_dict(),
        "share_of_model": {
            "first": round(float(share[rows][0]), 2),
            "mean": round(float(share[rows].mean()), 4),
            "last": round(float(share[rows][-1]), 2),
        },
        **beside_prices("blend", blended[rows]),
        "regression": score(regressed, won).as_dict() | beside_prices("regression", regressed),
    }


def _words(low: float, high: float, other: str) -> str:
    """Return what an interval of a difference in log loss allows to be said."""
    if low <= 0 <= high:
        return f"not distinguishable from {other}"
    return f"{'better' if high < 0 else 'worse'} than {other}"
