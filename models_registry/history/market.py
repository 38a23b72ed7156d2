"""What the market said of events that may be drawn: three probabilities an event, by name.

Never a feature. Models are set beside these, margin taken out proportionally as published
comparisons do. `bet365` and `pinnacle` are what stood an hour before the start, `pinnacle_close`
what stood at the start, `close` our own final close (docs/algorithms/goals.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray
from odds.database import fetch_columns
from odds.domain.margins import remove_margin
from odds.models import ClosingPrice, Competition

# How the margin leaves a market: proportionally, as published figures do.
CLOSE_METHOD = "multiplicative"
SIDES = ("home", "draw", "away")
BOOKS = ("bet365", "pinnacle")
BEFORE = timedelta(hours=1)
# The first that is known of an event is its close.
CLOSES = ("pinnacle_close", "close")
THREE_WAY = (*BOOKS, *CLOSES)

Triple = tuple[float, ...]
# The markets with lines, and the place of each side in its pair.
LINES = ("spreads", "totals")
SECOND = (0, 1, 0, 1)
LINE_SIDES = ("home", "away", "over", "under")
Line = tuple[float, float]
Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True)
class LineQuote(Generic[Key]):
    """One price at a line: `side` numbers LINE_SIDES, `point` is from that side, `at` any clock."""

    event: Key
    market: str
    side: int
    point: float
    at: int
    price: float


# Per quote, its price an hour before the start and every later one by the start. A quote is its
# newest change; where that is older, no partition of changes is opened.
_PRICES = """CROSS JOIN LATERAL (
    SELECT q.price, q.seen_at WHERE q.seen_at <= e.starts_at - interval '1 hour'
    UNION ALL
    SELECT price, seen_at FROM odds_pricechange
    WHERE q.seen_at > e.starts_at - interval '1 hour' AND quote_id = q.id
      AND seen_at <= e.starts_at AND seen_at > e.starts_at - interval '30 days'
) c"""
_CHANGES = f"""
SELECT m.event_id, array_position(%(books)s::text[], b.key::text)::bigint - 1,
       array_position(%(sides)s::text[], s.side::text)::bigint - 1,
       c.seen_at, e.starts_at, coalesce(round(c.price * 1000), 0)::bigint
FROM odds_event e
JOIN odds_market m ON m.event_id = e.id AND m.key = 'h2h'
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND b.key = ANY(%(books)s)
{_PRICES}
WHERE e.competition_id = %(competition)s
ORDER BY c.seen_at
"""  # noqa: S608 - our own text


def stored_three_way(competition: Competition) -> dict[int, dict[str, Triple]]:
    """Return what is stored of the market of each event, by event id and name.

    Under `spreads` and `totals`: Pinnacle's closing line and its probability, see `main_lines`.
    """
    found: dict[int, dict[str, Triple]] = {}
    for name, by_event in _stored_prices(competition).items():
        fair = three_way(by_event.values())
        for event, said in zip(by_event, fair.tolist(), strict=True):
            found.setdefault(event, {})[name] = tuple(said)
    for event, said in _own_closes(competition).items():
        found.setdefault(event, {})["close"] = said
    for market, by_line in _stored_lines(competition).items():
        for event, line in by_line.items():
            found.setdefault(event, {})[market] = line
    return found


_LINES = f"""
SELECT m.event_id, (m.key = 'totals')::int::bigint,
       array_position(%(sides)s::text[], s.side::text)::bigint - 1,
       round(s.point * 100)::bigint, c.seen_at, coalesce(round(c.price * 1000), 0)::bigint
FROM odds_event e
JOIN odds_market m ON m.event_id = e.id AND m.key IN ('spreads', 'totals')
JOIN odds_selection s ON s.market_id = m.id AND s.point IS NOT NULL
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND b.key = %(book)s
{_PRICES}
WHERE e.competition_id = %(competition)s
ORDER BY c.seen_at
"""  # noqa: S608 - our own text


def _stored_prices(competition: Competition) -> dict[str, dict[int, list[float]]]:
    """Return by name and event the prices of home, draw, away."""
    given = {"competition": competition.pk, "books": list(BOOKS), "sides": list(SIDES)}
    event_id, book, side, seen_at, starts_at, thousandths = fetch_columns(_CHANGES, given, "qqqttq")
    early = seen_at <= starts_at - BEFORE // timedelta(microseconds=1)
    prices: dict[str, dict[int, list[float]]] = {}
    # In order of time: what comes later stands in the place of what came before.
    for event, number, which, is_early, price in zip(
        event_id.tolist(), book.tolist(), side.tolist(), early.tolist(), thousandths.tolist(),
        strict=True,
    ):  # fmt: skip
        names = [BOOKS[number]] if is_early else []
        if BOOKS[number] == "pinnacle":
            names.append("pinnacle_close")
        for name in names:
            row = prices.setdefault(name, {}).setdefault(event, [np.nan] * 3)
            row[which] = price / 1000
    return prices


def _stored_lines(competition: Competition) -> dict[str, dict[int, Line]]:
    """Return Pinnacle's closing lines of spreads and totals by event id, as `main_lines`."""
    given = {"competition": competition.pk, "book": "pinnacle", "sides": list(LINE_SIDES)}
    columns = [column.tolist() for column in fetch_columns(_LINES, given, "qqqqtq")]
    return main_lines(
        LineQuote(event, LINES[kind], side, point / 100, at, price / 1000)
        for event, kind, side, point, at, price in zip(*columns, strict=True)
    )


def main_lines(quotes: Iterable[LineQuote[Key]]) -> dict[str, dict[Key, Line]]:
    """Return each event's main line of spreads and of totals: (line, probability).

    Quotes come in order of time. The main line is the one quoted last, of those quoted then the
    one nearest to even. Lines are the home side's (spreads) or the goals (totals); the probability
    is of home or over among what is decided, without the margin.
    """
    books: dict[tuple[str, Key, float], list[float]] = {}
    newest: dict[tuple[str, Key], int] = {}
    when: dict[tuple[str, Key, float], int] = {}
    for quote in quotes:
        line = -quote.point if SECOND[quote.side] and quote.market == "spreads" else quote.point
        key = (quote.market, quote.event, line)
        books.setdefault(key, [np.nan, np.nan])[SECOND[quote.side]] = quote.price
        when[key] = newest[key[:2]] = quote.at
    whole = [key for key, book in books.items() if min(book) > 1 and when[key] == newest[key[:2]]]
    found: dict[str, dict[Key, Line]] = {}
    if whole:
        fair = remove_margin(np.array([books[key] for key in whole]), CLOSE_METHOD)[:, 0].tolist()
        for (market, event, line), p in zip(whole, fair, strict=True):
            other = found.setdefault(market, {}).get(event)
            if other is None or abs(p - 0.5) < abs(other[1] - 0.5):
                found[market][event] = (line, p)
    return found


def three_way(prices: Iterable[Iterable[float]]) -> FloatArray:
    """Return home, draw, away without the margin behind triples of prices; NaN if unsound.

    >>> three_way([(2.0, 4.0, 4.0), (1.9, 3.5, 4.2), (2.0, 1.0, 4.0)]).round(4).tolist()
    [[0.5, 0.25, 0.25], [0.5012, 0.2721, 0.2267], [nan, nan, nan]]
    """
    book = np.array([tuple(row) for row in prices], dtype=np.float64).reshape(-1, 3)
    sound: BoolArray = (np.isfinite(book) & (book > 1)).min(axis=1)
    fair = np.full(book.shape, np.nan)
    if sound.any():
        fair[sound] = remove_margin(book[sound], CLOSE_METHOD)
    return fair


def closing(market: Mapping[str, FloatArray], count: int) -> FloatArray:
    """Return each event's close as (count, 3): Pinnacle's where it is known, else our own."""
    close = np.full((count, 3), np.nan)
    for name in CLOSES:
        if name in market:
            close = np.where(np.isfinite(close), close, market[name])
    return close


def _own_closes(competition: Competition) -> dict[int, Triple]:
    sides: dict[int, list[float]] = {}
    for event, side, probability in ClosingPrice.objects.filter(
        selection__market__event__competition=competition,
        selection__market__key="h2h",
        is_final=True,
    ).values_list("selection__market__event_id", "selection__side", "fair_probability"):
        sides.setdefault(event, [np.nan] * 3)[SIDES.index(side)] = probability
    return {
        event: tuple(value / sum(row) for value in row)
        for event, row in sides.items()
        if np.isfinite(row).all()
    }
