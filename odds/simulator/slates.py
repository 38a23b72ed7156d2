"""What is offered on many events as the columns the engine reads, beside the truth of every row.

No database: the way to ask the engine about tens of thousands of selections in a second.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.bookmakers import bookmaker_info
from odds.domain.table import FloatArray, IntArray, QuoteTable
from odds.simulator.boards import Offer, Sport
from odds.simulator.schedule import starts
from odds.simulator.teams import BOOKS

SIDES = ("home", "away", "draw", "over", "under")
_MARKETS = ("h2h", "spreads", "totals")
_FIRST_HUNDREDTH = 500_000  # of a line, made positive


@dataclass(frozen=True, slots=True)
class TrueSlate:
    """Quotes and, a row each, the true chance that the selection wins, given that it does not push.

    Nobody can know more at the moment of the quotes than `truth` says.
    """

    quotes: QuoteTable
    truth: FloatArray
    push: FloatArray


def true_slate(
    sport: Sport, seed: int, number: IntArray, *, hours_before: float, is_efficient: bool
) -> TrueSlate:
    """Return the quotes of events some hours before each starts, all seen at that moment.

    Books get the weights and commissions that the product gives them.
    """
    at = starts(number) - hours_before * 3600
    board = sport.board(seed, number, at, is_efficient=is_efficient)
    parts = [_rows(sport, seed, number, at, board.updated, offer) for offer in board.offers]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    book = columns["book"]
    infos = [bookmaker_info(spec.key) for spec in BOOKS]
    moment = _moments(columns["at"])
    quotes = QuoteTable(
        quote_id=np.arange(1, len(book) + 1),
        event_id=columns["event"],
        market_id=columns["event"] * len(_MARKETS) + columns["market"],
        market_key=np.array(_MARKETS)[columns["market"]],
        selection_id=_selections(columns),
        side=np.array(SIDES)[columns["side"]],
        line=columns["line"],
        bookmaker_id=book + 1,
        bookmaker_key=np.array([spec.key for spec in BOOKS])[book],
        weight=np.array([info.weight for info in infos])[book],
        commission=np.array([float(info.commission_share) for info in infos])[book],
        is_archive=np.zeros(len(book), dtype=np.bool_),
        price=columns["price"],
        last_update=_moments(columns["updated"]),
        seen_at=moment,
        confirmed_at=moment,
        starts_at=_moments(starts(columns["event"])),
    )
    return TrueSlate(quotes, columns["truth"], columns["push"])


def _rows(
    sport: Sport,
    seed: int,
    number: IntArray,
    at: FloatArray,
    updated: FloatArray,
    offer: Offer,
) -> dict[str, np.ndarray]:
    offered = ~np.isnan(offer.prices.sum(axis=-1))
    win, push = sport.truth(seed, number, at, offer.market_key, offer.line)
    event, book, side = np.nonzero(np.broadcast_to(offered[..., None], offer.prices.shape))
    cell = (event, book)
    names = np.array([SIDES.index(each) for each in offer.sides])
    return {
        "event": number[event],
        "book": book,
        "side": names[side],
        "market": np.full(len(event), _MARKETS.index(offer.market_key)),
        "line": offer.line[cell],
        "price": offer.prices[event, book, side],
        "at": at[event],
        "updated": updated[cell],
        "truth": win[event, book, side] / (1 - push[cell]),
        "push": push[cell],
    }


def _selections(columns: dict[str, np.ndarray]) -> IntArray:
    """Return one number a distinct event, market, line and side."""
    line = np.rint(np.nan_to_num(columns["line"]) * 100).astype(np.int64) + _FIRST_HUNDREDTH
    name = (columns["event"] * len(_MARKETS) + columns["market"]) * 2 * _FIRST_HUNDREDTH + line
    return np.asarray(name * len(SIDES) + columns["side"])


def _moments(seconds: FloatArray) -> np.ndarray:
    return (seconds * 1e6).astype(np.int64).view("datetime64[us]")
