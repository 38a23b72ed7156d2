"""What a bot says, held against the market and the same gates as everything else.

A bot has no record here, so its word counts for part of what is believed and no more: the mean of
its log-odds and the market's, by `weight`. Its low end is as far below as a model's without one.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import Decisions, Slate, blend, judge
from betting.domain.rules.base import Rule, Setting
from models_registry.domain.logistic import log_odds_of, probability_of


def with_signals(slate: Slate, probabilities: Mapping[int, float]) -> Slate:
    """Return the slate with signals, by selection, in the place of what a model says; else NaN."""
    said = [probabilities.get(each, np.nan) for each in slate.quotes.selection_id.tolist()]
    return replace(
        slate,
        model_probability=np.array(said, dtype=np.float64),
        model_weight=np.zeros(len(slate)),
        model_error=np.zeros(len(slate)),
    )


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Believe the bot by its weight beside the market; without a signal, or a market, nothing."""
    fair = blend(
        slate.market_probability,
        slate.model_probability,
        RULE.setting(configuration, "weight"),
    )
    low = probability_of(log_odds_of(fair) - configuration.model_error)
    return judge(slate, configuration, fair=fair, low=low, with_model=True)


def reason(slate: Slate, decisions: Decisions, configuration: Configuration, row: int) -> str:
    """Say what the bot says, and what is made of it."""
    if not slate.model_probability[row] > 0:
        return ""
    return (
        f"The bot says {slate.model_probability[row]:.1%}; with a weight of "
        f"{RULE.setting(configuration, 'weight'):g} beside the market that is "
        f"{decisions.fair_probability[row]:.1%}."
    )


RULE = Rule(
    key="signals",
    title="Signals of a bot",
    summary="Bets where a price is above what a bot of yours says, blended with the market. Made "
    "with a source on the page Signals; without one it finds nothing.",
    decide=decide,
    reason=reason,
    settings={
        "weight": Setting(0.5, 0.05, 1.0, "how much the bot counts beside the market, 1: it alone")
    },
    reads_signals=True,
)
