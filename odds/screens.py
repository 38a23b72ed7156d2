"""What the pages about prices show: selectors that fetch a whole screen in a few queries."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from django.db.models import QuerySet

from accounts import cache
from accounts.formats import point_text
from odds.domain.consensus import BY_SPORT, consensus
from odds.domain.freshness import freshness
from odds.models import (
    Bookmaker,
    ClosingPrice,
    Competition,
    Event,
    EventStatus,
    FeedRun,
    Market,
    QuarantinedRow,
    Quote,
    Selection,
    Side,
)
from odds.selectors import latest_quotes, newest_look

METHOD = BY_SPORT
KEPT_SECONDS = 5.0
MARKETS = {"h2h": "Moneyline", "spreads": "Spread", "totals": "Total"}
SIDE_ORDER = {Side.HOME: 0, Side.OVER: 0, Side.DRAW: 1, Side.AWAY: 2, Side.UNDER: 2}


def selection_title(selection: Selection, event: Event) -> str:
    """Name a selection as a bettor says it: 'Boston Celtics -5.5', 'Over 221.5', 'Draw'.

    The event's teams must be loaded.
    """
    if selection.side == Side.HOME:
        name = event.home.name
    elif selection.side == Side.AWAY:
        name = event.away.name
    else:
        name = selection.get_side_display()
    totals = selection.side in {Side.OVER, Side.UNDER}
    return f"{name} {point_text(selection.point, signed=not totals)}".strip()


def market_title(key: str) -> str:
    """Name a market for a reader.

    >>> market_title("h2h"), market_title("player_points")
    ('Moneyline', 'Player points')
    """
    return MARKETS.get(key, key.replace("_", " ").capitalize())


@dataclass
class Cell:
    """One bookmaker's price of one selection, as the grid shows it."""

    price: Decimal | None
    age: timedelta
    freshness: str
    is_best: bool = False
    is_gone: bool = False


@dataclass
class GridRow:
    """One selection with a cell for every book of the grid, None where a book has no price."""

    selection: Selection
    title: str
    cells: list[Cell | None]
    best_book: Bookmaker | None = None
    best: Cell | None = None
    fair: float | None = None
    edge: float | None = None
    ranked: list[tuple[Bookmaker, Cell]] = field(default_factory=list)


def competitions_with_events(now: datetime) -> QuerySet[Competition]:
    """Return the competitions that have events still to start."""
    return Competition.objects.filter(
        events__starts_at__gt=now, events__status=EventStatus.SCHEDULED
    ).distinct()


def bookmakers() -> list[Bookmaker]:
    """Return the bookmakers at which one can bet, by name."""
    return list(Bookmaker.objects.filter(is_archive=False))


def _fair_probabilities(*, now: datetime, until: datetime) -> dict[int, float]:
    table = latest_quotes(now=now, starts_before=until + timedelta(seconds=1))
    if not len(table):
        return {}
    fair = consensus(table, method=METHOD)
    return dict(zip(fair.selection_id.tolist(), np.asarray(fair.probability).tolist(), strict=True))


def main_line(quotes: list[Quote]) -> Decimal | None:
    """Return the absolute line that most books quote, the smallest of equals."""
    counts: dict[Decimal | None, int] = defaultdict(int)
    for quote in quotes:
        point = quote.selection.point
        counts[None if point is None else abs(point)] += quote.price is not None
    return min(counts, key=lambda line: (-counts[line], line or 0)) if counts else None


def _grid_row(
    selection: Selection,
    event: Event,
    quotes: list[Quote],
    books: list[Bookmaker],
    fair: dict[int, float],
    now: datetime,
    rate: float,
) -> GridRow:
    cells: dict[int, Cell] = {
        quote.bookmaker_id: Cell(
            price=quote.price,
            age=now - quote.confirmed_at,
            freshness=freshness(now - quote.confirmed_at, rate),
            is_gone=quote.price is None,
        )
        for quote in quotes
        if quote.selection_id == selection.pk
    }
    offered = [
        (book, cells[book.pk]) for book in books if book.pk in cells and cells[book.pk].price
    ]
    ranked = sorted(offered, key=lambda each: -(each[1].price or 0))
    fresh = [each for each in ranked if each[1].freshness != "stale"] or ranked
    probability = fair.get(selection.pk)
    row = GridRow(
        selection=selection,
        title=selection_title(selection, event),
        cells=[cells.get(book.pk) for book in books],
        fair=probability,
        ranked=ranked,
    )
    if fresh:
        row.best_book, row.best = fresh[0]
        for _, cell in fresh:
            cell.is_best = cell.price == row.best.price
        if probability and row.best.price:
            row.edge = probability * float(row.best.price) - 1
    return row


# --- one event


def event_of(event_id: int) -> Event | None:
    """Return an event with its teams and competition."""
    return (
        Event.objects.select_related("home", "away", "competition__sport")
        .filter(pk=event_id)
        .first()
    )


def event_markets(event_id: int) -> list[str]:
    """Return the keys of the markets that an event has prices in, in the usual order."""
    keys = set(
        Market.objects.filter(event_id=event_id, selections__quotes__isnull=False).values_list(
            "key", flat=True
        )
    )
    return [key for key in MARKETS if key in keys] + sorted(keys - set(MARKETS))


def event_quotes(event_id: int, market_key: str) -> list[Quote]:
    """Return every book's latest quote in one market of an event."""
    return list(
        Quote.objects.with_looks()
        .filter(selection__market__event_id=event_id, selection__market__key=market_key)
        .select_related("selection__market", "bookmaker")
        .order_by("selection__point", "selection__side", "-bookmaker__weight", "bookmaker__title")
    )


def closes_of(event_id: int) -> dict[int, ClosingPrice]:
    """Return the closes of an event's selections, by selection."""
    closes = ClosingPrice.objects.filter(selection__market__event_id=event_id)
    return {close.selection_id: close for close in closes}


@dataclass
class EventRow:
    """One selection of an event's market: its prices now, its fair price, its close."""

    selection: Selection
    title: str
    cells: list[tuple[Bookmaker, Cell]]
    best: Cell | None
    best_book: Bookmaker | None
    fair: float | None
    edge: float | None
    close: ClosingPrice | None
    is_main: bool


@dataclass
class EventTable:
    """An event's selections in one market, main line first."""

    rows: list[EventRow]
    books: list[Bookmaker]


def event_table(event: Event, market_key: str, *, now: datetime, rate: float = 1.0) -> EventTable:
    """Return every selection of one market of an event with its latest price at each book."""
    quotes = event_quotes(event.pk, market_key)
    started = event.starts_at <= now
    fair = {} if started else _fair_probabilities(now=now, until=event.starts_at)
    closes = closes_of(event.pk)
    line = main_line(quotes)
    by_selection: dict[int, list[Quote]] = defaultdict(list)
    for quote in quotes:
        by_selection[quote.selection_id].append(quote)
    rows = [
        _event_row(event, each, fair, closes, line, now, rate) for each in by_selection.values()
    ]
    rows.sort(
        key=lambda row: (
            not row.is_main,
            abs(row.selection.point or 0),
            SIDE_ORDER[Side(row.selection.side)],
        )
    )
    books = sorted(
        {quote.bookmaker for quote in quotes}, key=lambda book: (-book.weight, book.title)
    )
    return EventTable(rows=rows, books=books)


def _event_row(
    event: Event,
    quotes: list[Quote],
    fair: dict[int, float],
    closes: dict[int, ClosingPrice],
    line: Decimal | None,
    now: datetime,
    rate: float,
) -> EventRow:
    selection = quotes[0].selection
    grid = _grid_row(
        selection, event, quotes, [quote.bookmaker for quote in quotes], fair, now, rate
    )
    point = None if selection.point is None else abs(selection.point)
    return EventRow(
        selection=selection,
        title=grid.title,
        cells=grid.ranked,
        best=grid.best,
        best_book=grid.best_book,
        fair=grid.fair,
        edge=grid.edge,
        close=closes.get(selection.pk),
        is_main=point == line,
    )


# --- the state of the feeds


@dataclass
class Feeds:
    """What the providers last brought, what it cost, and what was refused."""

    latest: list[FeedRun]
    failures: list[FeedRun]
    credits: FeedRun | None
    quarantined: int
    quarantine: list[QuarantinedRow]
    newest_quote: datetime | None


def feeds() -> Feeds:
    """Return the state of the feeds."""
    latest = list(
        FeedRun.objects.order_by("provider", "kind", "-started_at").distinct("provider", "kind")
    )
    return Feeds(
        latest=latest,
        failures=list(FeedRun.objects.filter(outcome=FeedRun.Outcome.FAILED)[:5]),
        credits=FeedRun.objects.filter(credits_remaining__isnull=False).first(),
        quarantined=QuarantinedRow.objects.filter(resolved_at=None).count(),
        quarantine=list(QuarantinedRow.objects.filter(resolved_at=None)[:10]),
        newest_quote=_newest_look(),
    )


def _newest_look() -> datetime | None:
    """Return when prices were last looked at, as of some seconds ago: it reads every market."""

    def text() -> str:
        newest = newest_look()
        return newest.isoformat() if newest else ""

    kept: str = cache.remember("status", "newest look", text, seconds=KEPT_SECONDS)
    return datetime.fromisoformat(kept) if kept else None


def is_simulated() -> bool:
    """Say whether any competition here is an invented one."""
    return Competition.objects.filter(is_simulated=True).exists()
