"""How an event's prices moved: every book's line and the consensus, on one axis of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from odds.domain.consensus import BY_SPORT, consensus
from odds.domain.table import FloatArray, PriceMoves, QuoteTable, TimeArray
from odds.models import Bookmaker, Event
from odds.selectors import Voices, line_movement, voices

# A curve of this many moments looks the same as one of thousands.
MOST_MOMENTS = 240


@dataclass(frozen=True, slots=True)
class BookLine:
    """One book's price of a selection at each moment, None where it offered none."""

    book: Bookmaker
    prices: list[float | None]
    opened: float | None
    latest: float | None
    change_count: int


@dataclass(frozen=True, slots=True)
class Movements:
    """Lines on shared moments: heaviest book first, and the consensus price without margin."""

    moments: list[datetime]
    lines: list[BookLine]
    consensus: list[float | None]


def movements_of(
    event: Event,
    market_key: str,
    selection_id: int,
    *,
    until: datetime,
    books: Mapping[int, Bookmaker] | None = None,
) -> Movements | None:
    """Return how a selection's price moved until a moment, or None where none was seen.

    The consensus at a moment is of the prices in force then on the same line, archives left out,
    by the sport's pricing rule and weights as of `until`. The event's competition must be loaded;
    `books` are all of them, where they were read.
    """
    moves = line_movement(event.pk, until=until, market_key=market_key)
    mine = moves.selection_id == selection_id
    if not mine.any():
        return None
    line = moves.line[mine][0]
    on_line = np.isnan(moves.line) if np.isnan(line) else moves.line == line
    end = np.datetime64(until.astimezone(UTC).replace(tzinfo=None), "us")
    moments = np.unique(np.append(moves.seen_at[on_line], end))
    if len(moments) > MOST_MOMENTS:
        moments = moments[np.linspace(0, len(moments) - 1, MOST_MOMENTS).round().astype(np.int64)]
    ids = np.unique(moves.bookmaker_id[on_line]).tolist()
    books = Bookmaker.objects.in_bulk(ids) if books is None else {pk: books[pk] for pk in ids}
    heard = voices(event.competition.sport_id, list(books), known=until)
    return Movements(
        moments=[at.replace(tzinfo=UTC) for at in moments.tolist()],
        lines=_lines(moves, mine, moments, books, heard),
        consensus=_consensus(moves, on_line, moments, books, heard, selection_id),
    )


def _in_force(price: FloatArray, seen_at: TimeArray, moments: TimeArray) -> FloatArray:
    """Return the price in force at each moment, NaN before the first and where withdrawn."""
    at = np.searchsorted(seen_at, moments, side="right") - 1
    return np.where(at >= 0, price[np.maximum(at, 0)], np.nan)


def _lines(
    moves: PriceMoves,
    mine: np.ndarray[tuple[int], np.dtype[np.bool_]],
    moments: TimeArray,
    books: dict[int, Bookmaker],
    heard: Voices,
) -> list[BookLine]:
    lines = []
    weight = dict(zip(heard.bookmaker_id.tolist(), heard.weight.tolist(), strict=True))
    for pk, book in books.items():
        rows = mine & (moves.bookmaker_id == pk)
        price = moves.price[rows]
        offered = price[~np.isnan(price)]
        if len(offered):
            values = _in_force(price, moves.seen_at[rows], moments)
            lines.append(
                BookLine(
                    book=book,
                    prices=[None if np.isnan(value) else value for value in values.tolist()],
                    opened=float(offered[0]),
                    latest=None if np.isnan(price[-1]) else float(price[-1]),
                    change_count=len(price),
                )
            )
    return sorted(lines, key=lambda each: (-weight[each.book.pk], each.book.title))


def _consensus(
    moves: PriceMoves,
    on_line: np.ndarray[tuple[int], np.dtype[np.bool_]],
    moments: TimeArray,
    books: dict[int, Bookmaker],
    heard: Voices,
    selection_id: int,
) -> list[float | None]:
    """Return the fair price at each moment: one call, each moment being a market of its own."""
    count = len(moments)
    selections = np.unique(moves.selection_id[on_line])
    columns: list[tuple[int, int, str, FloatArray]] = []
    for pk in selections.tolist():
        for each, book in books.items():
            rows = on_line & (moves.selection_id == pk) & (moves.bookmaker_id == each)
            if rows.any() and not book.is_archive:
                values = _in_force(moves.price[rows], moves.seen_at[rows], moments)
                columns.append((pk, each, str(moves.side[rows][0]), values))
    if not columns:
        return [None] * count
    place = np.tile(np.arange(count), len(columns))
    selection = np.repeat([np.searchsorted(selections, column[0]) for column in columns], count)
    book_id = np.repeat([column[1] for column in columns], count)
    voice = np.searchsorted(heard.bookmaker_id, book_id)
    still = np.zeros(len(place), "datetime64[us]")
    table = QuoteTable(
        quote_id=np.arange(len(place)),
        event_id=place,
        market_id=place,
        market_key=np.full(len(place), moves.market_key[0]),
        selection_id=place * len(selections) + selection,
        side=np.repeat([column[2] for column in columns], count),
        line=np.zeros(len(place)),
        bookmaker_id=book_id,
        bookmaker_key=np.full(len(place), ""),
        weight=heard.weight[voice],
        commission=np.array([float(books[pk].commission_share) for pk in book_id.tolist()]),
        is_archive=np.zeros(len(place), np.bool_),
        price=np.concatenate([column[3] for column in columns]),
        last_update=still,
        seen_at=still,
        confirmed_at=still,
        starts_at=still,
        margin_method=heard.margin_method[voice],
        reference_rank=heard.reference_rank[voice],
    )
    found = consensus(table.where(~np.isnan(table.price)), method=BY_SPORT)
    wanted = np.arange(count) * len(selections) + np.searchsorted(selections, selection_id)
    rows = found.rows_of(wanted)
    return [None if row < 0 else round(1 / float(found.probability[row]), 3) for row in rows]
