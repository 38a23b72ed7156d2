"""The one decision: which prices are worth taking, and how much of a bankroll they deserve.

Live, replay and backtest call `decide` with the same columns; it sees a slate and does not know
whether it is today or 2014. Every row carries its own moment, so a single call serves one sweep
or ten years of them. docs/algorithms/decision.md has a worked table.

The consensus includes the book that offers the price. An outlier therefore pulls the fair
probability towards its own price: its edge is understated, never flattered.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import (
    BIT,
    GATES,
    MINUTE,
    Decisions,
    Slate,
    blend,
    failed_gates,
)
from betting.domain.opinions import Opinion, model_view
from betting.domain.rules import rule_by_key
from odds.domain.consensus import Consensus, consensus
from odds.domain.table import NO_REFERENCE, FloatArray, IntArray, QuoteTable, TimeArray

__all__ = [
    "AHEAD",
    "BIT",
    "GATES",
    "Decisions",
    "Slate",
    "blend",
    "decide",
    "failed_gates",
    "market_slate",
    "slate_of",
]

# How far ahead a slate looks, live, in a replay and in a backtest.
AHEAD = timedelta(days=7)


def slate_of(
    quotes: QuoteTable,
    *,
    moment: np.datetime64,
    opinions: Mapping[int, Opinion],
    configuration: Configuration,
) -> Slate:
    """Return the slate of one moment: the quotes, the market's opinion of them, the model's.

    `opinions` are the model's, by event.
    """
    view = model_view(quotes, opinions)
    return replace(
        market_slate(quotes, np.full(len(quotes), moment.astype("datetime64[us]")), configuration),
        model_probability=view.probability,
        model_weight=view.weight,
        model_error=view.error,
    )


def market_slate(quotes: QuoteTable, moment: TimeArray, configuration: Configuration) -> Slate:
    """Return a slate with the market's opinion of each quote and no model's; `moment` is (n,).

    With `reference_books` the market's opinion is that of the first of them with a fresh price,
    and there is none without; otherwise it is by the sport's pricing rule.
    """
    if configuration.reference_books:
        quotes = _by_references(quotes, moment, configuration)
    views = [consensus(quotes, method=method) for method in configuration.margin_methods]
    market, low, count = market_view(quotes, views)
    if configuration.reference_books:
        spoken = views[0].rows_of(quotes.selection_id)
        silent = (spoken < 0) | (views[0].reference[spoken] == "") if len(views[0]) else True
        market, low = np.where(silent, np.nan, market), np.where(silent, np.nan, low)
    return Slate(
        quotes=quotes,
        moment=moment,
        market_probability=market,
        market_low=low,
        book_count=count,
        model_probability=np.full(len(quotes), np.nan),
        model_weight=np.zeros(len(quotes)),
        model_error=np.zeros(len(quotes)),
    )


def market_view(
    quotes: QuoteTable, opinions: list[Consensus]
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return per quote the first opinion's probability, the lowest low of all, the book count."""
    first = opinions[0]
    rows = first.rows_of(quotes.selection_id)
    known = rows >= 0
    market = np.full(len(quotes), np.nan)
    low = np.full(len(quotes), np.nan)
    count = np.zeros(len(quotes), dtype=np.int64)
    if len(first):
        market[known] = first.probability[rows[known]]
        count[known] = first.book_count[rows[known]]
        # All opinions come from the same books, so they have the same rows.
        lowest = np.min([opinion.low for opinion in opinions], axis=0)
        low[known] = lowest[rows[known]]
    return market, low, count


def _by_references(
    quotes: QuoteTable, moment: TimeArray, configuration: Configuration
) -> QuoteTable:
    """Return the quotes with the configured books as references, in order, where still fresh."""
    fresh = (moment - quotes.confirmed_at) / MINUTE <= configuration.max_quote_age
    rank = np.full(len(quotes), NO_REFERENCE, dtype=np.int64)
    for place, book in enumerate(configuration.reference_books):
        rank[(quotes.bookmaker_key == book) & fresh] = place
    return replace(quotes, reference_rank=rank)


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Decide on every row of a slate by the configured rule: fair, edge, gates, share of equity.

    Raises:
        BadConfiguration: if there is no such rule.
    """
    return rule_by_key(configuration.rule).decide(slate, configuration)
