"""How an event's prices moved: every book's line and the consensus, on one axis of time."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from odds.domain.consensus import BY_SPORT, consensus
from odds.domain.table import (
    NO_REFERENCE,
    FloatArray,
    IntArray,
    PriceMoves,
    QuoteTable,
    TimeArray,
)
from odds.models import Event
from odds.selectors import Voices, line_movement, moves_of, voices

# A curve of this many moments looks the same as one of thousands.
MOST_MOMENTS = 240


@dataclass(frozen=True, slots=True)
class BookLine:
    """One book's price of a selection at each moment, None where it offered none."""

    title: str
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
    table: QuoteTable | None = None,
    heard: Voices | None = None,
) -> Movements | None:
    """Return how a selection's price moved until a moment, or None where none was seen.

    The consensus at a moment is of the prices in force then on the same line, archives left out,
    by the sport's pricing rule and weights as of `until`. The event's competition must be loaded.
    Where they were read: `table` is of the market's quotes, with an event of `event_of`, and
    `heard` are the voices as of `until`. By `table` a book stood until it was last seen, so the
    curve ends where `consensus` of that table is; without it all stand until they change.
    """
    if table is None:
        moves = line_movement(event.pk, until=until, market_key=market_key)
    else:
        first: datetime | None = event.first_look  # type: ignore[attr-defined]
        moves = moves_of(table, first=first, until=until)
    mine = moves.selection_id == selection_id
    if not mine.any():
        return None
    line = moves.line[mine][0]
    on_line = np.isnan(moves.line) if np.isnan(line) else moves.line == line
    end = np.datetime64(until.astimezone(UTC).replace(tzinfo=None), "us")
    moments = np.unique(np.append(moves.seen_at[on_line], end))
    if len(moments) > MOST_MOMENTS:
        moments = moments[np.linspace(0, len(moments) - 1, MOST_MOMENTS).round().astype(np.int64)]
    books = np.unique(moves.bookmaker_id[on_line])
    heard = heard or voices(event.competition.sport_id, known=until)
    return Movements(
        moments=[at.replace(tzinfo=UTC) for at in moments.tolist()],
        lines=_lines(moves, mine, moments, books, heard),
        consensus=_consensus(moves, on_line, moments, books, heard, selection_id, table),
    )


def _in_force(price: FloatArray, seen_at: TimeArray, moments: TimeArray) -> FloatArray:
    """Return the price in force at each moment, NaN before the first and where withdrawn."""
    at = np.searchsorted(seen_at, moments, side="right") - 1
    return np.where(at >= 0, price[np.maximum(at, 0)], np.nan)


def _lines(
    moves: PriceMoves,
    mine: np.ndarray[tuple[int], np.dtype[np.bool_]],
    moments: TimeArray,
    books: IntArray,
    heard: Voices,
) -> list[BookLine]:
    """Return the line of each book that offered it, the heaviest first."""
    lines = []
    for book, place in zip(
        books.tolist(), np.searchsorted(heard.bookmaker_id, books).tolist(), strict=True
    ):
        rows = mine & (moves.bookmaker_id == book)
        price = moves.price[rows]
        offered = price[~np.isnan(price)]
        if len(offered):
            values = _in_force(price, moves.seen_at[rows], moments)
            made = BookLine(
                title=str(heard.title[place]),
                prices=[None if np.isnan(value) else value for value in values.tolist()],
                opened=float(offered[0]),
                latest=None if np.isnan(price[-1]) else float(price[-1]),
                change_count=len(price),
            )
            lines.append((-float(heard.weight[place]), made.title, made))
    return [made for _, _, made in sorted(lines, key=lambda each: each[:2])]


def _consensus(
    moves: PriceMoves,
    on_line: np.ndarray[tuple[int], np.dtype[np.bool_]],
    moments: TimeArray,
    books: IntArray,
    heard: Voices,
    selection_id: int,
    latest: QuoteTable | None,
) -> list[float | None]:
    """Return the fair price at each moment: one call, each moment being a market of its own."""
    last_seen = {} if latest is None else _last_seen(latest)
    count = len(moments)
    selections = np.unique(moves.selection_id[on_line])
    priced = books[~heard.is_archive[np.searchsorted(heard.bookmaker_id, books)]].tolist()
    columns: list[tuple[int, int, str, FloatArray, TimeArray]] = []
    for pk in selections.tolist():
        for each in priced:
            rows = on_line & (moves.selection_id == pk) & (moves.bookmaker_id == each)
            if rows.any():
                values = _in_force(moves.price[rows], moves.seen_at[rows], moments)
                stood = np.minimum(moments, last_seen.get((pk, each), moments[-1]))
                columns.append((pk, each, str(moves.side[rows][0]), values, stood))
    if not columns:
        return [None] * count
    place = np.tile(np.arange(count), len(columns))
    selection = np.repeat([np.searchsorted(selections, column[0]) for column in columns], count)
    book_id = np.repeat([column[1] for column in columns], count)
    voice = np.searchsorted(heard.bookmaker_id, book_id)
    stood = np.concatenate([column[4] for column in columns])
    allowed = heard.reference_minutes[voice].astype("timedelta64[m]")
    is_fresh = stood >= moments[place] - allowed
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
        commission=heard.commission[voice],
        is_archive=np.zeros(len(place), np.bool_),
        price=np.concatenate([column[3] for column in columns]),
        last_update=stood,
        seen_at=stood,
        confirmed_at=stood,
        starts_at=stood,
        margin_method=heard.margin_method[voice],
        reference_rank=np.where(is_fresh, heard.reference_rank[voice], NO_REFERENCE),
    )
    found = consensus(table.where(~np.isnan(table.price)), method=BY_SPORT)
    wanted = np.arange(count) * len(selections) + np.searchsorted(selections, selection_id)
    rows = found.rows_of(wanted)
    return [None if row < 0 else round(1 / float(found.probability[row]), 3) for row in rows]


def _last_seen(latest: QuoteTable) -> dict[tuple[int, int], np.datetime64]:
    """Return when each selection is last known to have stood at each book."""
    pairs = zip(latest.selection_id.tolist(), latest.bookmaker_id.tolist(), strict=True)
    return dict(zip(pairs, latest.confirmed_at, strict=True))
