"""A decision in words."""

from datetime import timedelta

from accounts.showing.formats import span_text
from betting.domain.configuration import Configuration
from betting.domain.decide import Decisions, Slate, failed_gates
from betting.domain.rules import rule_by_key
from odds.domain.table import QuoteTable


def sentences(
    slate: Slate, decisions: Decisions, configuration: Configuration, row: int
) -> tuple[list[str], list[str]]:
    """Return (reasons, passes) of one row in words. Made on demand: words cost more than arrays."""
    quotes, c = slate.quotes, configuration
    fair, edge = decisions.fair_probability[row], decisions.edge[row]
    reasons = [_market_in_words(slate, c, row)]
    of_rule = rule_by_key(c.rule).reason(slate, decisions, c, row)
    if of_rule:
        reasons.append(of_rule)
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
        "stale": f"{_last_stood(slate.quotes, row)} {_minutes(decisions.age[row])} ago, "
        f"over {_minutes(c.max_quote_age)}.",
        "no_consensus": _nobody(c),
        "few_books": f"{slate.book_count[row]} books, fewer than {c.min_books}.",
        "no_prediction": "No prediction from the model for this.",
        "price": f"Price outside {c.min_price:g} to {c.max_price:g}.",
        "edge": f"Edge {_below(edge, c.min_edge)} is below {c.min_edge:.1%}.",
        "edge_low": f"Edge at the low end, {_below(decisions.edge_low[row], c.min_edge_low)}, "
        f"is below {c.min_edge_low:.1%}.",
        "too_good": f"Edge {edge:+.1%} is over {c.max_edge:.0%}: more likely an error.",
        "not_best": "Another price in this market is better.",
    }
    return reasons, [words[gate] for gate in failed_gates(int(decisions.passes[row]))]


def _below(edge: float, least: float) -> str:
    """Write an edge so that it reads as less than the least one, as it is.

    >>> _below(-0.0002, 0.0), _below(0.01, 0.02), _below(0.01996, 0.02)
    ('-0.02%', '+1.0%', '+1.996%')
    """
    for places in (1, 2, 3):
        text = f"{edge:+.{places}%}"
        if float(text[:-1]) < float(f"{least:.{places}%}"[:-1]):
            return text
    return f"{edge:+.4%}"


def _market_in_words(slate: Slate, c: Configuration, row: int) -> str:
    market = slate.market_probability[row]
    if not market > 0:
        return f"{_nobody(c)[:-1]}, so there is no fair price."
    price = f"(a fair price of {1 / market:.2f})."
    if c.reference_books:
        names = ", ".join(c.reference_books)
        return f"The first of {names} that prices it says {market:.1%} without its margin {price}"
    count = slate.book_count[row]
    return f"{count} books agree on {market:.1%} without their margins {price}"


def _nobody(c: Configuration) -> str:
    if c.reference_books:
        return f"None of {', '.join(c.reference_books)} has a fresh price for every outcome."
    return "No book prices every outcome of this market."


def _minutes(count: float) -> str:
    """Return so many minutes as a person says them.

    >>> _minutes(314.2), _minutes(15.0), _minutes(0.5)
    ('5 h 14 min', '15 min', '0.5 min')
    """
    if count < 1:
        return f"{count:.1g} min"
    return span_text(timedelta(minutes=round(count)))


def _last_stood(quotes: QuoteTable, row: int) -> str:
    # Where the bookmaker's own time is the older one, it is what counts.
    frozen = quotes.last_update[row] == quotes.confirmed_at[row]
    return "The bookmaker last told this price" if frozen else "Last seen"
