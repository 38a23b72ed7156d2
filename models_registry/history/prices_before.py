"""What the market said so long before each event, from the database or from archive files.

Never a feature of a version: versions are blended with it and judged beside it.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.market_before import MarketBefore
from models_registry.history import History, instant, margin_free
from models_registry.history.files import facts_of
from odds.database import fetch_columns
from odds.feeds.columns import SIDES
from odds.feeds.history import nba_games
from odds.feeds.history.reading import FORMATS
from odds.feeds.parsed import ParsedSweep

HOME, AWAY = SIDES.index("home"), SIDES.index("away")
Pairs = dict[int, dict[int, list[float]]]

_PRICES = """
SELECT DISTINCT ON (q.id) m.event_id, q.bookmaker_id, (s.side = 'home')::int::bigint,
       coalesce(round(c.price * 1000), 0)::bigint
FROM odds_event e
JOIN odds_market m ON m.event_id = e.id AND m.key = 'h2h'
JOIN odds_selection s ON s.market_id = m.id AND s.side IN ('home', 'away')
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND NOT b.is_archive
JOIN odds_pricechange c ON c.quote_id = q.id
 AND c.seen_at <= e.starts_at - make_interval(secs => %(before)s)
WHERE e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s)
ORDER BY q.id, c.seen_at """


def stored_prices_before(history: History, before: timedelta) -> MarketBefore:
    """Return what prices known so long before each game said.

    Each bookmaker's last price by then, its first for how the market moved; margin taken out
    proportionally.
    """
    given = {"competition": history.competition_key, "before": before.total_seconds()}
    place = {event: row for row, event in enumerate(history.games.event_id.tolist())}

    def pairs(order: str) -> Pairs:
        columns = fetch_columns(_PRICES + order, given, "qqqq")
        found: Pairs = {}
        for event, book, is_home, price in zip(*(each.tolist() for each in columns), strict=True):
            if event in place:
                books = found.setdefault(place[event], {})
                books.setdefault(book, [np.nan, np.nan])[1 - is_home] = price / 1000
        return found

    return MarketBefore.of(_fair(pairs("DESC")), _fair(pairs("ASC")), len(history))


def prices_before_in_files(history: History, folder: Path, before: timedelta) -> MarketBefore:
    """Return as `stored_prices_before` what archive files of odds say.

    An event is the game of its two teams on its day or the next to it.

    Raises:
        UnusableFiles: if a file cannot be read.
    """
    rows = _rows_by_teams(history)
    latest: dict[int, tuple[np.datetime64, dict[int, list[float]]]] = {}
    first: dict[int, tuple[np.datetime64, dict[int, list[float]]]] = {}
    wait = np.timedelta64(before)
    for sweep in _sweeps(folder, history.competition_key):
        seen_at = instant(sweep.seen_at)
        starts = {event.key: instant(event.starts_at) for event in sweep.events}
        found = {
            event.key: row
            for event in sweep.events
            for shift in (0, -1, 1)
            if (row := rows.get((event.home, event.away, np.datetime64(event.day) + shift)))
            is not None
        }
        for key, books in _pairs(sweep).items():
            row = found.get(key)
            if row is None or seen_at > starts[key] - wait:
                continue
            if row not in latest or latest[row][0] <= seen_at:
                latest[row] = seen_at, books
            if row not in first or first[row][0] > seen_at:
                first[row] = seen_at, books
    last, opening = (
        _fair({row: books for row, (_, books) in each.items()}) for each in (latest, first)
    )
    return MarketBefore.of(last, opening, len(history))


def _rows_by_teams(history: History) -> dict[tuple[str, str, np.datetime64], int]:
    games = history.games
    return {
        (history.teams[home], history.teams[away], day): row
        for row, (home, away, day) in enumerate(
            zip(games.home.tolist(), games.away.tolist(), games.day, strict=True)
        )
    }


def _sweeps(folder: Path, competition_key: str) -> Iterator[ParsedSweep]:
    for kind in FORMATS:
        if kind is nba_games.FORMAT:
            # Its closing moneylines stood at the start, not before.
            continue
        for fact in facts_of(folder, kind):
            if isinstance(fact, ParsedSweep) and fact.competition_key == competition_key:
                yield fact


def _pairs(sweep: ParsedSweep) -> dict[str, dict[int, list[float]]]:
    """Return the home and away prices of each bookmaker's moneyline, by event key."""
    quotes = sweep.quotes
    keys = [key for _, key in quotes.names.events]
    markets = list(quotes.names.markets)
    moneyline = markets.index("h2h") if "h2h" in markets else None
    pairs: dict[str, dict[int, list[float]]] = {}
    for event, book, market, side, _, price, _ in quotes.values():
        if market == moneyline and side in (HOME, AWAY) and price > 0:
            pair = pairs.setdefault(keys[event], {}).setdefault(book, [np.nan, np.nan])
            pair[0 if side == HOME else 1] = price / 1000
    return pairs


def _fair(known: Pairs) -> tuple[IntArray, FloatArray]:
    """Return row and margin-free home probability a bookmaker; NaN where a side is missing."""
    flat = [(row, pair) for row, books in known.items() for pair in books.values()]
    fair = margin_free([(pair[0], pair[1]) for _, pair in flat])
    return np.array([row for row, _ in flat], dtype=np.int64), fair
