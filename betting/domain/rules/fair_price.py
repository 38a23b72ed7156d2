"""A price above fair: the market's opinion, with as much of a model's as its record earned."""

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import Decisions, Slate, blend, judge
from betting.domain.rules.base import Rule
from models_registry.domain.logistic import log_odds_of, probability_of


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Believe the market, or its blend with the model; docs/algorithms/decision.md.

    The low end is one standard error of the books' disagreement (by the margin method that is
    least kind) and of the model.
    """
    with_model = configuration.model_weight > 0.0
    fair, low = slate.market_probability, slate.market_low
    if with_model:
        model = slate.model_probability
        weight = np.minimum(slate.model_weight, configuration.model_weight)
        error = np.maximum(slate.model_error, configuration.model_error)
        doubt = probability_of(log_odds_of(model) - error)
        fair, low = blend(fair, model, weight), blend(low, doubt, weight)
    return judge(slate, configuration, fair=fair, low=low, with_model=with_model)


def reason(slate: Slate, decisions: Decisions, configuration: Configuration, row: int) -> str:
    """Say what the model adds, where it has a say."""
    if configuration.model_weight == 0.0 or not slate.model_probability[row] > 0:
        return ""
    said = f"The model says {slate.model_probability[row]:.1%}"
    weight = min(slate.model_weight[row], configuration.model_weight)
    if not weight > 0:
        return f"{said}, but its record against the close earned it no say."
    return (
        f"{said}; blended {decisions.fair_probability[row]:.1%} "
        f"({weight:.0%} model, which is what its record against the close earned)."
    )


RULE = Rule(
    key="fair_price",
    title="Price above fair",
    summary="Bets where a price is above the market's margin-free one, or above its blend with "
    "the model where a model may have a weight.",
    decide=decide,
    reason=reason,
)
