"""What a decision saw, frozen to the bit, and the same decision made again.

A market's rows of a slate are packed as columns: floats as they are written in full, so that they
come back the same; moments as whole microseconds. docs/algorithms/journal.md says what is kept.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.decide import Decisions, Slate, decide, failed_gates, market_slate
from odds.domain.consensus import heard, probability_by_book
from odds.domain.margins import METHODS
from odds.domain.table import BoolArray, FloatArray, QuoteTable

# Some margins are found by steps taken until all books together are done, so the last places of one
# depend on which others are there. Anything more is other code.
SAME = 1e-12
MODEL = ("model_probability", "model_weight", "model_error")
TIMES = ("last_update", "seen_at", "confirmed_at", "starts_at")
# What today's code must say again; `passes` by the names of its gates.
SAID = ("fair_probability", "edge", "edge_low", "kelly_share", "kept_part", "stake_share")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that today's code gives otherwise than the decision did."""

    what: str
    then: str
    now: str


def pack(slate: Slate, chosen: BoolArray) -> bytes:
    """Freeze some rows of a slate: the quotes, what the model said of them, the moment.

    What the market thought is not frozen: it follows from the quotes.
    """
    quotes = slate.quotes.where(chosen)
    content: dict[str, Any] = {
        "moment": int(slate.moment[chosen][0].astype(np.int64)),
        # Sums are made in the order of rows, and their last bit depends on it.
        "place": np.flatnonzero(chosen).tolist(),
    }
    for each in fields(QuoteTable):
        column = getattr(quotes, each.name)
        if column is not None and each.name in TIMES:
            column = column.astype("datetime64[us]").astype(np.int64)
        content[each.name] = _shrunk(column)
    for name in MODEL:
        content[name] = _shrunk(getattr(slate, name)[chosen])
    text = json.dumps(content, separators=(",", ":"), allow_nan=True)
    return zlib.compress(text.encode(), 9)


def digest_of(packed: bytes) -> str:
    """Return the SHA-256 of what was frozen."""
    return hashlib.sha256(zlib.decompress(packed)).hexdigest()


def unpack(packed: Sequence[bytes], configuration: Configuration) -> Slate:
    """Return the slate that was frozen in parts, with what today's code says the market thought."""
    parts = [json.loads(zlib.decompress(each)) for each in packed]
    place = [at for part in parts for at in part["place"]]
    order = np.argsort(place)
    columns: dict[str, Any] = {}
    for each in fields(QuoteTable):
        values = _together(parts, each.name)
        if values is None:
            columns[each.name] = None
        elif each.name in TIMES:
            columns[each.name] = np.array(values, np.int64).view("datetime64[us]")[order]
        else:
            columns[each.name] = np.array(values)[order]
    quotes = QuoteTable(**columns)
    moment = np.full(len(place), np.datetime64(parts[0]["moment"], "us"))
    market = market_slate(quotes, moment, configuration)
    model = {name: np.array(_together(parts, name), np.float64)[order] for name in MODEL}
    return Slate(
        quotes=quotes,
        moment=moment,
        market_probability=market.market_probability,
        market_low=market.market_low,
        book_count=market.book_count,
        **model,
    )


def fair_by_method(quotes: QuoteTable) -> dict[str, FloatArray]:
    """Return by margin method the plain mean of the books' fair probabilities per row.

    NaN where no book prices every outcome. Weights and references are left out on purpose: these
    are to compare the methods.
    """
    _, position = np.unique(quotes.selection_id, return_inverse=True)
    found = {}
    for method in METHODS:
        by_book = probability_by_book(quotes, method=method)
        known = heard(quotes, by_book)
        total = np.bincount(position[known], by_book[known], minlength=len(quotes))
        count = np.bincount(position[known], minlength=len(quotes))
        with np.errstate(invalid="ignore", divide="ignore"):
            found[method] = np.asarray((total / count)[position], dtype=np.float64)
    return found


def said(decisions: Decisions, row: int) -> dict[str, Any]:
    """Return what was decided of one row, as JSON types, in full."""
    figures = {name: _plain(float(getattr(decisions, name)[row])) for name in SAID}
    return figures | {"passes": failed_gates(int(decisions.passes[row]))}


def again(
    packed: Sequence[bytes], configuration: Configuration, quote_id: int
) -> tuple[Slate, Decisions, int]:
    """Decide on frozen rows with today's code; return the slate, its decisions and the row.

    Raises:
        KeyError: if the quote is not among the rows.
    """
    slate = unpack(packed, configuration)
    rows = np.flatnonzero(slate.quotes.quote_id == quote_id)
    if not len(rows):
        raise KeyError(f"quote {quote_id} is not among what was frozen")
    return slate, decide(slate, configuration), int(rows[0])


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """Return every figure that is not the same to twelve places, in words.

    >>> differences({"edge": 0.1, "passes": []}, {"edge": 0.1, "passes": ["stale"]})
    [Difference(what='passes', then='none', now='stale')]
    """
    return [
        Difference(name.replace("_", " "), _words(then.get(name)), _words(now[name]))
        for name in now
        if not _is_same(then.get(name), now[name])
    ]


def _is_same(then: object, now: object) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        return abs(then - now) <= SAME
    return then == now


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else repr(value)


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _shrunk(column: Any) -> Any:  # noqa: ANN401 - columns of every kind
    """Return a column as a list, or as [value] where all rows have the same."""
    if column is None:
        return None
    values = column.tolist()
    # A NaN is unequal to itself; written out it is the same.
    return values[:1] if len({repr(value) for value in values}) == 1 else values


def _together(parts: list[dict[str, Any]], name: str) -> list[Any] | None:
    """Return a column of all parts, None where it was not asked for."""
    found: list[Any] = []
    for part in parts:
        values = part[name]
        if values is None:
            return None
        found += values * len(part["place"]) if len(values) == 1 else values
    return found
