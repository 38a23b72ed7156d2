"""Quote tables for tests of domain code: rows as dictionaries, columns filled in."""

from datetime import UTC, datetime

import numpy as np

from odds.domain.table import QuoteTable

START = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
SEEN = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SIDES = ("home", "away", "draw", "over", "under")


def moment(value: datetime | None) -> np.datetime64:
    return (
        np.datetime64("NaT") if value is None else np.datetime64(value.replace(tzinfo=None), "us")
    )


def row(side="home", price=2.0, **columns) -> dict:
    """One quote; market 1 of event 1, no line, book 1 of weight 1, unless said otherwise."""
    market = columns.get("market_id", 1)
    line = columns.get("line", np.nan)
    spot = 0 if np.isnan(line) else round(line * 10) + 5_000
    defaults = {
        "event_id": market,
        "market_id": market,
        "market_key": "h2h" if np.isnan(line) else "spreads",
        "selection_id": market * 100_000 + spot * 10 + SIDES.index(side),
        "side": side,
        "line": line,
        "bookmaker_id": 1,
        "weight": 1.0,
        "commission": 0.0,
        "is_archive": False,
        "price": price,
        "last_update": SEEN,
        "seen_at": SEEN,
        "confirmed_at": SEEN,
        "starts_at": START,
    }
    return defaults | columns


def quote_table(*rows: dict) -> QuoteTable:
    """The rows as a table; quote ids count from 1, book keys are made from their ids."""

    def column(name: str, kind: str) -> np.ndarray:
        return np.array([each[name] for each in rows], dtype=kind)

    def times(name: str) -> np.ndarray:
        return np.array([moment(each[name]) for each in rows], dtype="datetime64[us]")

    return QuoteTable(
        quote_id=np.arange(1, len(rows) + 1, dtype=np.int64),
        event_id=column("event_id", "int64"),
        market_id=column("market_id", "int64"),
        market_key=column("market_key", "U32"),
        selection_id=column("selection_id", "int64"),
        side=column("side", "U8"),
        line=column("line", "float64"),
        bookmaker_id=column("bookmaker_id", "int64"),
        bookmaker_key=np.array([f"book_{each['bookmaker_id']}" for each in rows], dtype="U32"),
        weight=column("weight", "float64"),
        commission=column("commission", "float64"),
        is_archive=column("is_archive", "bool"),
        price=column("price", "float64"),
        last_update=times("last_update"),
        seen_at=times("seen_at"),
        confirmed_at=times("confirmed_at"),
        starts_at=times("starts_at"),
    )


def two_way(book: int, home: float, away: float, **columns) -> list[dict]:
    return [
        row("home", home, bookmaker_id=book, **columns),
        row("away", away, bookmaker_id=book, **columns),
    ]
