"""What every strategy decides with: a slate's columns, the gates, the share of Kelly.

A rule of `betting.domain.rules` says what each row is worth; `judge` holds that against the
configured gates. docs/guides/add_a_strategy.md writes one from nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from betting.domain.configuration import Configuration
from models_registry.domain.logistic import log_odds_of, probability_of
from odds.domain.consensus import price_after_commission
from odds.domain.table import (
    BoolArray,
    FloatArray,
    IntArray,
    QuoteTable,
    TimeArray,
    begins,
    line_codes,
    pair_codes,
)
from risk.domain.correlation import Ties, kept_parts
from risk.domain.simultaneous import slate_shares
from risk.domain.staking import Plan

MINUTE = np.timedelta64(60_000_000, "us")
# A decision stays the same while its price stands and no edge of it moves by as much as this.
SAME_EDGE = 0.002


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

    All shares are of equity, before anybody's limits, 0 where the row is not recommended:
    `kelly_share` is full Kelly over the rows recommended at that moment together (or what the rule
    asks for itself), `kept_part` what correlation leaves of it, `stake_share` what the plan stakes,
    0 for a plan in money.
    """

    fair_probability: FloatArray
    edge: FloatArray
    edge_low: FloatArray
    age: FloatArray
    passes: IntArray
    recommended: BoolArray
    kelly_share: FloatArray
    kept_part: FloatArray
    stake_share: FloatArray


def blend(market: FloatArray, model: FloatArray, weight: FloatArray | float) -> FloatArray:
    """Return probabilities whose log-odds are the weighted mean of two opinions'.

    >>> blend(np.array([0.5]), np.array([0.6]), 0.5).round(4).tolist()
    [0.5505]
    """
    return probability_of((1.0 - weight) * log_odds_of(market) + weight * log_odds_of(model))


def judge(
    slate: Slate,
    configuration: Configuration,
    *,
    fair: FloatArray,
    low: FloatArray,
    stake_share: FloatArray | None = None,
    one_a_market: bool = True,
    with_model: bool = False,
) -> Decisions:
    """Hold what each row is believed to be worth against the gates; all arrays (n,).

    `fair` is the believed probability (NaN: no opinion), `low` its low end. Edges are after
    commission, per unit staked: probability x net price - 1. Of the rows of one moment, event and
    market that pass all other gates only the one with the highest edge is recommended, since
    their outcomes exclude each other or all but repeat each other; on a tie the lowest quote id.
    `one_a_market` False leaves that to the caller. `stake_share` replaces the configured plan.
    """
    quotes = slate.quotes
    net = price_after_commission(quotes.price, quotes.commission)
    edge, edge_low = fair * net - 1.0, low * net - 1.0
    age = age_in_minutes(slate)
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
    if one_a_market:
        rows = np.flatnonzero(passes == 0)
        best = best_of_each(quotes, rows, edge, slate.moment, quotes.market_id)
        passes |= np.where((passes == 0) & ~best, BIT["not_best"], np.uint32(0))
    recommended = passes == 0
    if stake_share is None:
        believed = low if configuration.stake_on == "low" else fair
        full, kept = _over_slates(slate, configuration, np.flatnonzero(recommended), believed, net)
        stake_share = _planned_share(configuration.plan, full, kept)
    else:
        full, kept = stake_share, np.ones(len(slate))
    return Decisions(
        fair_probability=fair,
        edge=edge,
        edge_low=edge_low,
        age=age,
        passes=passes.astype(np.int64),
        recommended=recommended,
        kelly_share=np.where(recommended, full, 0.0),
        kept_part=kept,
        stake_share=np.where(recommended, stake_share, 0.0),
    )


def _over_slates(
    slate: Slate,
    configuration: Configuration,
    rows: IntArray,
    believed: FloatArray,
    net: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return full Kelly of rows, those of one moment together, and what correlation leaves."""
    full, kept = np.zeros(len(slate)), np.ones(len(slate))
    if len(rows) == 0:
        return full, kept
    quotes = slate.quotes
    p, price = believed[rows], net[rows]
    look = np.unique(slate.moment[rows], return_inverse=True)[1]
    market = pair_codes(quotes.market_id[rows], line_codes(quotes.line[rows]))
    full[rows] = slate_shares(p, price, slate=look, market=market)
    ties = Ties(
        slate=look,
        market=market,
        event=quotes.event_id[rows],
        day=quotes.starts_at[rows].astype("datetime64[D]").astype(np.int64),
        home=None if quotes.home_id is None else quotes.home_id[rows],
        away=None if quotes.away_id is None else quotes.away_id[rows],
    )
    kept[rows] = kept_parts(full[rows], p, price, ties, configuration.correlations)
    return full, kept


def _planned_share(plan: Plan, full: FloatArray, kept: FloatArray) -> FloatArray:
    if plan.kind == "kelly":
        return np.asarray(full * float(plan.part) * kept, dtype=np.float64)
    return np.full(len(full), float(plan.size) if plan.kind == "proportional" else 0.0)


def selection_codes(slate: Slate) -> IntArray:
    """Return one number, from 0 up, a selection and moment: what to group a row's rivals by."""
    _, look = np.unique(slate.moment, return_inverse=True)
    return pair_codes(look, slate.quotes.selection_id)


def line_market_codes(slate: Slate) -> IntArray:
    """Return one number, from 0 up, a moment, market and line: outcomes that exclude each other."""
    _, look = np.unique(slate.moment, return_inverse=True)
    quotes = slate.quotes
    return pair_codes(pair_codes(look, quotes.market_id), line_codes(quotes.line))


def failed_gates(passes: int) -> list[str]:
    """Return the names of the gates in a row's bits.

    >>> failed_gates(int(BIT["stale"] | BIT["edge"]))
    ['stale', 'edge']
    """
    return [gate for gate in GATES if passes & int(BIT[gate])]


def age_in_minutes(slate: Slate) -> FloatArray:
    """Return minutes since each quote is last known to have stood, 0 at the earliest."""
    return np.maximum((slate.moment - slate.quotes.confirmed_at) / MINUTE, 0.0)


def best_of_each(
    quotes: QuoteTable, rows: IntArray, value: FloatArray, *keys: NDArray[Any]
) -> BoolArray:
    """Return which of some rows has the highest value of those alike in all keys. Shapes (n,).

    Of two as high, the one with the lowest quote id. No value of these rows is NaN.
    """
    best = np.zeros(len(quotes), dtype=np.bool_)
    if len(rows) == 0:
        return best
    # Rows come nearly in the order of their keys: sorting by those is quick, by value it is not.
    rows = rows[np.lexsort((quotes.quote_id[rows], *(key[rows] for key in reversed(keys))))]
    opens = np.logical_or.reduce([begins(key[rows]) for key in keys])
    group = np.cumsum(opens) - 1
    highest = np.maximum.reduceat(value[rows], np.flatnonzero(opens))[group]
    tops = np.flatnonzero(value[rows] == highest)
    best[rows[tops[begins(group[tops])]]] = True
    return best
