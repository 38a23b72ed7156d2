"""A decision in words."""

from betting.domain.configuration import Configuration
from betting.domain.decide import Decisions, Slate, failed_gates
from odds.domain.table import QuoteTable


def sentences(
    slate: Slate, decisions: Decisions, configuration: Configuration, row: int
) -> tuple[list[str], list[str]]:
    """Return (reasons, passes) of one row in words. Made on demand: words cost more than arrays."""
    quotes, c = slate.quotes, configuration
    market = slate.market_probability[row]
    fair, edge = decisions.fair_probability[row], decisions.edge[row]
    reasons = [
        f"{slate.book_count[row]} books agree on {market:.1%} without their margins "
        f"(a fair price of {1 / market:.2f})."
        if market > 0
        else "No book prices every outcome, so there is no fair price."
    ]
    if c.model_weight > 0.0 and slate.model_probability[row] > 0:
        weight = min(slate.model_weight[row], c.model_weight)
        reasons.append(
            f"The model says {slate.model_probability[row]:.1%}; blended {fair:.1%} "
            f"({weight:.0%} model, which is what its record against the close earned)."
            if weight > 0
            else f"The model says {slate.model_probability[row]:.1%}, but its record against the "
            "close earned it no say."
        )
    if fair > 0:
        reasons.append(
            f"A price of {quotes.price[row]:.2f} is worth {edge:+.1%} per unit staked, "
            f"{decisions.edge_low[row]:+.1%} at the low end of what is believed."
        )
    words = {
        "market": f"Market {quotes.market_key[row]} is not among {', '.join(c.market_keys)}.",
        "archive": "An archive: nobody can bet there.",
        "started": "The event has started.",
        "too_far": f"It starts more than {c.max_hours_ahead:g} hours from now.",
        "stale": f"{_last_stood(slate.quotes, row)} {decisions.age[row]:.0f} minutes ago, "
        f"over {c.max_quote_age:g}.",
        "no_consensus": "No book prices every outcome of this market.",
        "few_books": f"{slate.book_count[row]} books, fewer than {c.min_books}.",
        "no_prediction": "No prediction from the model for this.",
        "price": f"Price outside {c.min_price:g} to {c.max_price:g}.",
        "edge": f"Edge {edge:+.1%} is below {c.min_edge:.1%}.",
        "edge_low": f"Edge at the low end, {decisions.edge_low[row]:+.1%}, "
        f"is below {c.min_edge_low:.1%}.",
        "too_good": f"Edge {edge:+.1%} is over {c.max_edge:.0%}: more likely an error.",
        "not_best": "Another price in this market is better.",
    }
    return reasons, [words[gate] for gate in failed_gates(int(decisions.passes[row]))]


def _last_stood(quotes: QuoteTable, row: int) -> str:
    # Where the bookmaker's own time is the older one, it is what counts.
    frozen = quotes.last_update[row] == quotes.confirmed_at[row]
    return "The bookmaker last told this price" if frozen else "Last seen"
