"""The one decision: which prices are worth taking, and how much of a bankroll they deserve.

Live, replay and backtest call `decide` with the same columns; it sees a slate and does not know
whether it is today or 2014. Every row carries its own moment, so a single call serves one sweep
or ten years of them. docs/algorithms/decision.md has a worked table.

The consensus includes the book that offers the price. An outlier therefore pulls the fair
probability towards its own price: its edge is understated, never flattered.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np

from odds.domain.consensus import Consensus, consensus, price_after_commission
from odds.domain.margins import METHODS
from odds.domain.table import BoolArray, FloatArray, IntArray, QuoteTable, TextArray, TimeArray
from risk.domain.kelly import kelly_fraction

MINUTE = np.timedelta64(60_000_000, "us")


class BadConfiguration(ValueError):
    """A configuration that cannot be meant, naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a strategy decides. Stored as JSON with a Strategy; unknown names are refused.

    Edges are shares (0.02 is 2 %), ages minutes. `model_weight` is the model's part of the blend
    of log-odds, 0 the market alone. `model_error` is one standard error of the model in log-odds.
    `margin_methods`: the first gives the fair probability, all of them its lower bound.
    """

    market_keys: tuple[str, ...] = ("h2h",)
    margin_methods: tuple[str, ...] = ("shin", "power")
    model_weight: float = 0.0
    model_error: float = 0.15
    min_edge: float = 0.02
    min_edge_low: float = 0.0
    max_edge: float = 0.20
    min_books: int = 3
    min_price: float = 1.2
    max_price: float = 8.0
    max_quote_age: float = 15.0
    max_hours_ahead: float = 48.0
    kelly_fraction: float = 0.25

    def __post_init__(self) -> None:
        checks = (
            ("market_keys", bool(self.market_keys), "name at least one market"),
            (
                "margin_methods",
                bool(self.margin_methods) and set(self.margin_methods) <= set(METHODS),
                f"use some of {', '.join(METHODS)}",
            ),
            ("model_weight", 0 <= self.model_weight <= 1, "use 0 to 1"),
            ("model_error", 0 <= self.model_error <= 5, "use 0 to 5"),
            ("min_edge", 0 <= self.min_edge < 1, "use 0 to 1, such as 0.02"),
            ("min_edge_low", -1 < self.min_edge_low < 1, "use -1 to 1, such as 0"),
            ("max_edge", self.max_edge > self.min_edge, "use more than min_edge"),
            ("min_books", 1 <= self.min_books <= 100, "use 1 to 100"),
            ("min_price", self.min_price > 1, "use more than 1"),
            ("max_price", self.max_price > self.min_price, "use more than min_price"),
            ("max_quote_age", self.max_quote_age > 0, "use minutes above 0"),
            ("max_hours_ahead", self.max_hours_ahead > 0, "use hours above 0"),
            ("kelly_fraction", 0 < self.kelly_fraction <= 1, "use more than 0, at most 1"),
        )
        for name, holds, remedy in checks:
            if not holds:
                raise BadConfiguration(f"{name}: {getattr(self, name)!r} cannot be; {remedy}.")

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read a stored configuration; what is not named has its default.

        >>> Configuration.from_json({"min_edge": 0.03}).min_edge
        0.03

        Raises:
            BadConfiguration: naming the first field that is unknown, malformed or out of range.
        """
        kinds: dict[str, type[Any]] = {f.name: type(getattr(cls(), f.name)) for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in content.items():
            if name not in kinds:
                raise BadConfiguration(f"{name}: no such setting; use {', '.join(kinds)}.")
            if kinds[name] is tuple:
                usable = isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
            else:
                usable = isinstance(value, int | float) and not isinstance(value, bool)
                usable = usable and (kinds[name] is float or value == int(value))
            if not usable:
                raise BadConfiguration(f"{name}: {value!r} is no {kinds[name].__name__}.")
            values[name] = kinds[name](value)
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Slate:
    """Quotes to decide on, with what is believed about each, all columns of one length (n,).

    Probabilities are of the row's own selection; NaN where nobody has an opinion. `moment` is
    when the decision falls. `held`: the bettor has a bet in this event and market already.
    """

    quotes: QuoteTable
    moment: TimeArray
    market_probability: FloatArray
    market_low: FloatArray
    book_count: IntArray
    model_probability: FloatArray
    held: BoolArray

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
    "held",
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


def blend(market: FloatArray, model: FloatArray, weight: float) -> FloatArray:
    """Return probabilities whose log-odds are the weighted mean of two opinions'.

    >>> blend(np.array([0.5]), np.array([0.6]), 0.5).round(4).tolist()
    [0.5505]
    """
    return _probability((1.0 - weight) * _log_odds(market) + weight * _log_odds(model))


def slate_of(
    quotes: QuoteTable,
    *,
    moment: np.datetime64,
    home_probability: Mapping[int, float],
    held_markets: frozenset[int] = frozenset(),
    configuration: Configuration,
) -> Slate:
    """Return the slate of one moment: the quotes, the market's opinion of them, the model's.

    `home_probability` is the model's, by event; it speaks about two-way moneylines only.
    """
    opinions = [consensus(quotes, method=method) for method in configuration.margin_methods]
    market, low, count = market_view(quotes, opinions)
    moneyline = quotes.market_key == "h2h"
    with_draw = np.isin(quotes.market_id, quotes.market_id[quotes.side == "draw"])
    home = np.array([home_probability.get(int(e), np.nan) for e in quotes.event_id], dtype=float)
    model = np.where(quotes.side == "home", home, 1.0 - home)
    return Slate(
        quotes=quotes,
        moment=np.full(len(quotes), moment.astype("datetime64[us]")),
        market_probability=market,
        market_low=low,
        book_count=count,
        model_probability=np.where(moneyline & ~with_draw, model, np.nan),
        held=np.isin(quotes.market_id, np.array(sorted(held_markets), dtype=np.int64)),
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
    quotes, weight = slate.quotes, configuration.model_weight
    net = price_after_commission(quotes.price, quotes.commission)
    fair, low = slate.market_probability, slate.market_low
    if weight > 0.0:
        model = slate.model_probability
        doubt = _probability(_log_odds(model) - configuration.model_error)
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
        "no_prediction": np.isnan(slate.model_probability) & (weight > 0.0),
        "price": (quotes.price < configuration.min_price)
        | (quotes.price > configuration.max_price),
        # Negated, so that an edge nobody knows (NaN) fails.
        "edge": ~(edge >= configuration.min_edge),
        "edge_low": ~(edge_low >= configuration.min_edge_low),
        "too_good": edge > configuration.max_edge,
        "held": slate.held,
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
    """Return minutes since a sweep last confirmed each quote, 0 at the earliest."""
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


def _log_odds(probability: FloatArray) -> FloatArray:
    return np.log(probability / (1.0 - probability))


def _probability(log_odds: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-log_odds))


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
        reasons.append(
            f"The model says {slate.model_probability[row]:.1%}; blended {fair:.1%} "
            f"({c.model_weight:.0%} model)."
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
        "stale": f"Last seen {decisions.age[row]:.0f} minutes ago, over {c.max_quote_age:g}.",
        "no_consensus": "No book prices every outcome of this market.",
        "few_books": f"{slate.book_count[row]} books, fewer than {c.min_books}.",
        "no_prediction": "No prediction from the model for this.",
        "price": f"Price outside {c.min_price:g} to {c.max_price:g}.",
        "edge": f"Edge {edge:+.1%} is below {c.min_edge:.1%}.",
        "edge_low": f"Edge at the low end, {decisions.edge_low[row]:+.1%}, "
        f"is below {c.min_edge_low:.1%}.",
        "too_good": f"Edge {edge:+.1%} is over {c.max_edge:.0%}: more likely an error.",
        "held": "There is a bet on this market already.",
        "not_best": "Another price in this market is better.",
    }
    return reasons, [words[gate] for gate in failed_gates(int(decisions.passes[row]))]


__all__ = [
    "BadConfiguration",
    "Configuration",
    "Decisions",
    "Slate",
    "TextArray",
    "blend",
    "decide",
    "failed_gates",
    "market_view",
    "sentences",
    "slate_of",
]
