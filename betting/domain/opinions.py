"""What model versions say of quoted selections: moneylines, and lines by the same belief."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models_registry.domain.calibration import Trust
from models_registry.domain.families import read_scores
from odds.domain.table import FloatArray, IntArray, QuoteTable

# What reads a line from a score distribution.
LINES = {"spreads": "spread", "totals": "total"}
NEAREST = 1e-6


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model version says of an event, and how far its record says to believe it.

    `draw` is None where a draw is impossible, `scores` a stored score distribution or empty;
    `trust` is by market key, and a market that is not in it is one without a record.
    """

    home: float
    draw: float | None = None
    scores: Mapping[str, Any] = field(default_factory=dict)
    trust: Mapping[str, Trust] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelView:
    """Per quote, (n,): the model's probability (NaN: none), its weight and error in log-odds.

    Probabilities are of the stake that is decided, as margin-free prices are.
    """

    probability: FloatArray
    weight: FloatArray
    error: FloatArray


def model_view(quotes: QuoteTable, opinions: Mapping[int, Opinion]) -> ModelView:
    """Return what `opinions`, by event, say of each quote.

    On a moneyline without the draw a draw returns the stake. A version that thinks a draw
    impossible says nothing of moneylines that offer it.
    """
    events, of = np.unique(quotes.event_id, return_inverse=True)
    nobody = Opinion(np.nan)
    said = [opinions.get(event, nobody) for event in events.tolist()]
    probability = _moneyline(quotes, said, of)
    for market_key, question in LINES.items():
        # A line that no score can lie on is a misprint.
        rows = np.flatnonzero(
            (quotes.market_key == market_key) & (quotes.line * 4 == np.rint(quotes.line * 4))
        )
        probability[rows] = _line(quotes, said, of, rows, question)
    weight, error = np.zeros(len(quotes)), np.zeros(len(quotes))
    for market_key in {"h2h", *LINES}:
        rows = np.flatnonzero(quotes.market_key == market_key)
        trust = [each.trust.get(market_key) for each in said]
        weight[rows] = np.array([each.weight if each else 0.0 for each in trust])[of[rows]]
        error[rows] = np.array([each.error if each else 0.0 for each in trust])[of[rows]]
    return ModelView(probability, weight, error)


def _moneyline(quotes: QuoteTable, said: list[Opinion], of: IntArray) -> FloatArray:
    home = np.array([each.home for each in said], dtype=np.float64)[of]
    draw = np.array([np.nan if each.draw is None else each.draw for each in said])[of]
    offered = np.isin(quotes.market_id, quotes.market_id[quotes.side == "draw"])
    away = 1.0 - home - np.nan_to_num(draw)
    by_side = {"home": home, "draw": draw, "away": away}
    of_side = np.select([quotes.side == side for side in by_side], list(by_side.values()), np.nan)
    # Where the draw is not offered, what is decided is who wins if somebody does.
    probability = np.where(offered, of_side, of_side / (home + away))
    speaks = (quotes.market_key == "h2h") & ~(offered & np.isnan(draw))
    return np.where(speaks, probability, np.nan)


def _line(
    quotes: QuoteTable, said: list[Opinion], of: IntArray, rows: IntArray, question: str
) -> FloatArray:
    """Return the probabilities of some quotes of spreads or of totals."""
    # Many books hang the same line: each is asked once.
    asked, back = np.unique(
        np.stack([of[rows].astype(np.float64), quotes.line[rows]]), axis=1, return_inverse=True
    )
    first = np.full(asked.shape[1], np.nan)
    for places, scores in read_scores([said[event].scores for event in asked[0].astype(int)]):
        decided = getattr(scores, question)(asked[1][places]).decided
        # Nothing is certain, and certainty has no log-odds.
        first[places] = np.clip(decided, NEAREST, 1.0 - NEAREST)
    is_first = np.isin(quotes.side[rows], ("home", "over"))
    return np.where(is_first, first[back], 1.0 - first[back])
