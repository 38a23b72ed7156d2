"""The model against the market: its probability alone, as if the prices told nothing."""

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import Decisions, Slate, judge
from betting.domain.rules.base import Rule
from models_registry.domain.logistic import log_odds_of, probability_of


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Believe the model, at its low end by the error of its record, at least model_error."""
    error = np.maximum(slate.model_error, configuration.model_error)
    low = probability_of(log_odds_of(slate.model_probability) - error)
    return judge(slate, configuration, fair=slate.model_probability, low=low, with_model=True)


def reason(slate: Slate, decisions: Decisions, configuration: Configuration, row: int) -> str:
    """Say what the model says."""
    if not slate.model_probability[row] > 0:
        return ""
    return f"The model alone says {slate.model_probability[row]:.1%}; the market has no say."


RULE = Rule(
    key="model_only",
    title="Model alone",
    summary="Bets where a price is above what the champion model says, whatever the market says.",
    decide=decide,
    reason=reason,
    needs_model=True,
)
