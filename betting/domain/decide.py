"""The one decision: which prices are worth taking, and how much of a bankroll they deserve.

Live, replay and backtest call `decide` with the same columns; it sees a slate and does not know
whether it is today or 2014. Every row carries its own moment, so a single call serves one sweep
or ten years of them. docs/algorithms/decision.md has a worked table.

The consensus includes the book that offers the price. An outlier therefore pulls the fair
probability towards its own price: its edge is understated, never flattered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.opinions import Opinion, model_view
from models_registry.domain.logistic import log_odds_of, probability_of
from odds.domain.consensus import Consensus, consensus, price_after_commission
from odds.domain.table import BoolArray, FloatArray, IntArray, QuoteTable, TimeArray
from risk.domain.kelly import kelly_fraction

MINUTE = np.timedelta64(60_000_000, "us")


@dataclass(frozen=True, slots=True)
class Slate:
    """Quotes to decide on, with what is believed about each, all columns of one length (n,).

    Probabilities are of the row's own selection; NaN where nobody has an opinion. The model's
    weight and error are as in `ModelView`. `moment` is when the decision falls.
    """

    quotes: QuoteTable
    moment: TimeArray
    market_probability: FloatArray
    market_low: FloatArray
    book_count: IntArray
    model_probability: FloatArray
    model_weight: FloatArray
    model_error: FloatArray

    def __len__(self) -> int:
        return len(self.quotes)


# Each gate a row must pass, by bit; the order is the order in which a reader is told.
GATES = (
    "market",
    "archive",
    "started",
    "too_far",
    "stale",
    "no_consensus",
    "few_books",
    "no_prediction",
    "price",
    "edge",
    "edge_low",
    "too_good",
    "not_best",
)
BIT = {gate: np.uint32(1 << i) for i, gate in enumerate(GATES)}


@dataclass(frozen=True, slots=True)
class Decisions:
    """One row a quote of the slate, in its order. `passes` has a bit of BIT for each gate failed.

    `stake_share` is the configured part of full Kelly, before anybody's limits, 0 where the row
    is not recommended.
    """

    fair_probability: FloatArray
    edge: FloatArray
    edge_low: FloatArray
    age: FloatArray
    passes: IntArray
    recommended: BoolArray
    stake_share: FloatArray


def blend(market: FloatArray, model: FloatArray, weight: FloatArray | float) -> FloatArray:
    """Return probabilities whose log-odds are the weighted mean of two opinions'.

    >>> blend(np.array([0.5]), np.array([0.6]), 0.5).round(4).tolist()
    [0.5505]
    """
    return probability_of((1.0 - weight) * log_odds_of(market) + weight * log_odds_of(model))


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
    """Return a slate with the market's opinion of each quote and no model's; `moment` is (n,)."""
    views = [consensus(quotes, method=method) for method in configuration.margin_methods]
    market, low, count = market_view(quotes, views)
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


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Decide on every row of a slate: fair probability, edge, gates, share of Kelly.

    Edges are after commission, per unit staked: fair probability x net price - 1. `edge_low` is
    the edge at the low end of what is believed: one standard error of the books' disagreement (by
    the margin method that is least kind) and of the model. Of the rows of one moment, event and
    market that pass all other gates only the one with the highest edge is recommended, since
    their outcomes exclude each other or all but repeat each other; on a tie the lowest quote id.
    """
    quotes, with_model = slate.quotes, configuration.model_weight > 0.0
    net = price_after_commission(quotes.price, quotes.commission)
    fair, low = slate.market_probability, slate.market_low
    if with_model:
        model = slate.model_probability
        weight = np.minimum(slate.model_weight, configuration.model_weight)
        error = np.maximum(slate.model_error, configuration.model_error)
        doubt = probability_of(log_odds_of(model) - error)
        fair, low = blend(fair, model, weight), blend(low, doubt, weight)
    edge, edge_low = fair * net - 1.0, low * net - 1.0
    age = _age(quotes, slate.moment)
    ahead = (quotes.starts_at - slate.moment) / (60 * MINUTE)
    failed = {
        "market": ~np.isin(quotes.market_key, configuration.market_keys),
        "archive": quotes.is_archive,
        "started": ahead <= 0.0,
        "too_far": ahead > configuration.max_hours_ahead,
        "stale": age > configuration.max_quote_age,
        "no_consensus": np.isnan(slate.market_probability),
        "few_books": slate.book_count < configuration.min_books,
        "no_prediction": np.isnan(slate.model_probability) & with_model,
        "price": (quotes.price < configuration.min_price)
        | (quotes.price > configuration.max_price),
        # Negated, so that an edge nobody knows (NaN) fails.
        "edge": ~(edge >= configuration.min_edge),
        "edge_low": ~(edge_low >= configuration.min_edge_low),
        "too_good": edge > configuration.max_edge,
    }
    passes = np.zeros(len(slate), dtype=np.uint32)
    for gate, mask in failed.items():
        passes |= np.where(mask, BIT[gate], np.uint32(0))
    best = _best_of_each(slate, edge, passes == 0)
    passes |= np.where((passes == 0) & ~best, BIT["not_best"], np.uint32(0))
    recommended = passes == 0
    share = configuration.kelly_fraction * kelly_fraction(fair, net)
    return Decisions(
        fair_probability=fair,
        edge=edge,
        edge_low=edge_low,
        age=age,
        passes=passes.astype(np.int64),
        recommended=recommended,
        stake_share=np.where(recommended, share, 0.0),
    )


def failed_gates(passes: int) -> list[str]:
    """Return the names of the gates in a row's bits.

    >>> failed_gates(int(BIT["stale"] | BIT["edge"]))
    ['stale', 'edge']
    """
    return [gate for gate in GATES if passes & int(BIT[gate])]


def _age(quotes: QuoteTable, moment: TimeArray) -> FloatArray:
    """Return minutes since each quote is last known to have stood, 0 at the earliest."""
    return np.maximum((moment - quotes.confirmed_at) / MINUTE, 0.0)


def _best_of_each(slate: Slate, edge: FloatArray, eligible: BoolArray) -> BoolArray:
    rows = np.flatnonzero(eligible)
    best = np.zeros(len(slate), dtype=np.bool_)
    if len(rows):
        quotes = slate.quotes
        market, moment = quotes.market_id[rows], slate.moment[rows]
        order = np.lexsort((quotes.quote_id[rows], -edge[rows], market, moment))
        market, moment = market[order], moment[order]
        first = np.ones(len(rows), dtype=np.bool_)
        first[1:] = (market[1:] != market[:-1]) | (moment[1:] != moment[:-1])
        best[rows[order[first]]] = True
    return best
