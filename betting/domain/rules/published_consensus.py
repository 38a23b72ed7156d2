"""The published consensus strategy: the best price against the average of all.

Kaunitz, Zhong, Kreiner (2017), "Beating the bookies with their own numbers", arXiv 1710.02824: an
outcome comes true about as often as one over its mean price says, less a constant alpha; bet
where the best price is above 1 / (1 / mean - alpha), alpha 0.05. docs/algorithms/
consensus_strategy.md has what came of it.
"""

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import Decisions, Slate, judge, selection_codes
from betting.domain.rules.base import Rule, Setting
from odds.domain.table import FloatArray


def believed(mean_price: FloatArray, alpha: float) -> FloatArray:
    """Return the probabilities that mean prices stand for; NaN where alpha leaves nothing.

    >>> believed(np.array([2.0, 25.0]), 0.05).tolist()
    [0.45, nan]
    """
    probability = 1.0 / mean_price - alpha
    return np.where(probability > 0.0, probability, np.nan)


def mean_prices(slate: Slate) -> FloatArray:
    """Return per row the mean price of its selection at its moment, over books one can bet at."""
    code = selection_codes(slate)
    counted = ~slate.quotes.is_archive
    size = int(code.max()) + 1 if len(code) else 0
    total = np.bincount(code[counted], weights=slate.quotes.price[counted], minlength=size)
    count = np.bincount(code[counted], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray((total / count)[code], dtype=np.float64)


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Bet where the price beats 1 / (1 / mean - alpha): where believed x price - 1 is above 0."""
    fair = believed(mean_prices(slate), RULE.setting(configuration, "alpha"))
    return judge(slate, configuration, fair=fair, low=fair)


def reason(slate: Slate, decisions: Decisions, configuration: Configuration, row: int) -> str:
    """Say what the mean price is, and what it is taken for."""
    alpha = RULE.setting(configuration, "alpha")
    fair = decisions.fair_probability[row]
    if not fair > 0:
        return f"The mean price leaves nothing once {alpha:.1%} is taken off."
    return (
        f"The mean price {1 / (fair + alpha):.2f} stands for {fair:.1%} "
        f"({fair + alpha:.1%} less {alpha:.1%}); anything above {1 / fair:.2f} is bet on."
    )


RULE = Rule(
    key="published_consensus",
    title="Best price against the average",
    summary="Bets where the best price beats the mean price of all books by a margin "
    "(Kaunitz and others, arXiv 1710.02824).",
    decide=decide,
    reason=reason,
    settings={
        "alpha": Setting(0.05, 0.0, 0.5, "taken off the probability that the mean price implies"),
    },
)
