"""The odds screen as one reader sees it: a slate arranged by the books they chose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from accounts.live import Move
from accounts.showing.formats import point_text, span_text
from odds.domain.consensus import price_after_commission
from odds.domain.freshness import freshness
from odds.slate import PAGE, Slate, SlateBook, SlateEvent, SlateLine, SlateRow

MOVE_WINDOW = timedelta(minutes=10)
# Under an accelerated clock ten minutes pass in seconds; the arrow then looks back two hours.
FASTEST_WINDOW = 12.0
SIDES = {"over": "Over", "under": "Under", "draw": "Draw"}


@dataclass(slots=True)
class BoardBook:
    """A column: a bookmaker, how fresh its newest price on this board is, whether it is mine."""

    id: int
    key: str
    title: str
    is_mine: bool
    commission: float
    age: timedelta = timedelta.max
    freshness: str = "stale"


@dataclass(slots=True)
class BoardCell:
    """One book's price of one selection; None where it was withdrawn."""

    book: BoardBook
    price: float | None
    seen_at: datetime
    age: timedelta
    freshness: str
    is_best: bool = False

    @property
    def net(self) -> float:
        """Return what it pays after its book's commission, 0 where it was withdrawn."""
        return price_after_commission(self.price, self.book.commission) if self.price else 0.0


@dataclass(slots=True)
class BoardRow:
    """One selection: a cell for each column, None where the book does not list it.

    `ranked` are its prices, the best first, stale ones after all others.
    """

    id: int
    title: str
    side: str
    point: float | None
    fair: float | None
    cells: list[BoardCell | None]
    move: Move | None
    best: BoardCell | None = None
    edge: float | None = None
    ranked: list[BoardCell] = field(default_factory=list)


@dataclass(slots=True)
class BoardLine:
    """The selections of one line; hold is what its best prices, net of commission, keep of all."""

    rows: list[BoardRow]
    hold: float | None
    is_main: bool


@dataclass(slots=True)
class BoardEvent:
    """One event with its main line, and the others where they were asked for."""

    id: int
    home: str
    away: str
    competition: str
    starts_at: datetime
    lines: list[BoardLine]
    more_lines: int
    is_open: bool

    @property
    def title(self) -> str:
        """Return the event as it is announced."""
        return f"{self.away} at {self.home}"


@dataclass(slots=True)
class Board:
    """The screen: columns, events, and where this page stands among all of them."""

    books: list[BoardBook]
    events: list[BoardEvent]
    total: int
    page: int
    size: int
    newest: datetime | None
    hold: float | None
    window: timedelta
    hidden_books: int

    @property
    def first(self) -> int:
        """Return the number of the first event shown, from one."""
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        """Return the number of the last event shown."""
        return min(self.total, self.page * self.size)

    @property
    def has_later(self) -> bool:
        """Return whether another page follows."""
        return self.last < self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks, and how: which books are theirs, whether only those, which events are opened."""

    my_books: Sequence[str] = ()
    only_mine: bool = False
    opened: frozenset[int] = frozenset()
    all_lines: bool = False


def board(
    found: Slate,
    reader: Reader,
    *,
    now: datetime,
    rate: float = 1.0,
    page: int = 1,
    size: int = PAGE,
) -> Board:
    """Return a slate as one reader sees it at `now`: their books first, or only theirs.

    The best price and the hold are of the books shown; the fair price is of all books. Best is what
    pays most after commission; a stale price never is while another is offered.
    """
    mine = set(reader.my_books)
    columns = [
        (place, _column(each, is_mine=each["key"] in mine))
        for place, each in enumerate(found["books"])
    ]
    only_mine = reader.only_mine and any(book.is_mine for _, book in columns)
    kept = [(place, book) for place, book in columns if book.is_mine or not only_mine]
    kept.sort(key=lambda each: not each[1].is_mine)
    arranging = _Arranging(dict(kept), now, rate)
    events = [
        arranging.event(each, reader)
        for each in found["events"]
        if each["starts_at"] > now.timestamp()
    ]
    holds = [event.lines[0].hold for event in events if event.lines[0].hold is not None]
    seen = [book.age for _, book in kept if book.age < timedelta.max]
    return Board(
        books=[book for _, book in kept],
        events=events,
        total=found["total"],
        page=page,
        size=size,
        newest=now - min(seen) if seen else None,
        hold=sum(holds) / len(holds) if holds else None,
        window=arranging.window,
        hidden_books=len(columns) - len(kept),
    )


def event_lines(found: Slate, *, now: datetime, rate: float = 1.0) -> list[BoardLine]:
    """Return every line of a slate's one event with the prices of all books, main line first."""
    columns = {place: _column(each, is_mine=False) for place, each in enumerate(found["books"])}
    everything = Reader(all_lines=True)
    return [
        line
        for each in found["events"]
        for line in _Arranging(columns, now, rate).event(each, everything).lines
    ]


def _column(book: SlateBook, *, is_mine: bool) -> BoardBook:
    return BoardBook(book["id"], book["key"], book["title"], is_mine, book["commission"])


class _Arranging:
    """One pass over a slate."""

    def __init__(self, columns: dict[int, BoardBook], now: datetime, rate: float) -> None:
        self.columns = columns
        self.order = {place: column for column, place in enumerate(columns)}
        self.now = now
        self.rate = rate
        self.window = MOVE_WINDOW * min(max(rate, 1.0), FASTEST_WINDOW)
        # Most of a sweep's prices were seen at the same few moments.
        self.ages: dict[float, tuple[datetime, timedelta, str]] = {}

    def event(self, each: SlateEvent, reader: Reader) -> BoardEvent:
        is_open = reader.all_lines or each["id"] in reader.opened
        lines = each["lines"] if is_open else each["lines"][:1]
        return BoardEvent(
            id=each["id"],
            home=each["home"],
            away=each["away"],
            competition=each["competition"],
            starts_at=datetime.fromtimestamp(each["starts_at"], UTC),
            lines=[self.line(line, each, is_main=not place) for place, line in enumerate(lines)],
            more_lines=len(each["lines"]) - 1,
            is_open=is_open,
        )

    def line(self, line: SlateLine, event: SlateEvent, *, is_main: bool) -> BoardLine:
        rows = [self.row(row, event) for row in line["rows"]]
        best = [row.best.net for row in rows if row.best]
        whole = len(rows) > 1 and len(best) == len(rows)
        hold = 1 - 1 / sum(1 / net for net in best) if whole else None
        return BoardLine(rows=rows, hold=hold, is_main=is_main)

    def row(self, row: SlateRow, event: SlateEvent) -> BoardRow:
        cells: list[BoardCell | None] = [None] * len(self.columns)
        for place, price, seen in row["prices"]:
            book = self.columns.get(place)
            if book is not None:
                cells[self.order[place]] = self.cell(book, price, seen)
        ranked = sorted(
            (cell for cell in cells if cell and cell.price),
            key=lambda cell: (cell.freshness == "stale", -cell.net),
        )
        best = ranked[0] if ranked else None
        for cell in ranked:
            cell.is_best = best is not None and _stands_like(cell, best)
        fair = row["fair"]
        edge = None
        if fair and best:
            edge = fair * best.net - 1
        title = _title(row, event)
        return BoardRow(
            row["id"], title, row["side"], row["point"], fair, cells, self.move(row), best, edge,
            ranked,
        )  # fmt: skip

    def cell(self, book: BoardBook, price: float | None, seen: float) -> BoardCell:
        told = self.ages.get(seen)
        if told is None:
            seen_at = datetime.fromtimestamp(seen, UTC)
            age = max(self.now - seen_at, timedelta())
            told = self.ages[seen] = seen_at, age, freshness(age, self.rate)
        seen_at, age, how_fresh = told
        if age < book.age:
            book.age, book.freshness = age, how_fresh
        return BoardCell(book, price, seen_at, age, how_fresh)

    def move(self, row: SlateRow) -> Move | None:
        place, moved_at = row["book"], row["moved_at"]
        if place is None or row["opened"] is None or row["latest"] is None:
            return None
        since = (self.now - self.window).timestamp()
        is_recent = moved_at is not None and moved_at >= since
        book = self.columns.get(place)
        return Move(
            book=book.title if book else "the reference book",
            path=row["path"],
            opened=row["opened"],
            latest=row["latest"],
            direction=row["direction"] if is_recent else "",
            was=row["direction"],
            window=span_text(self.window),
        )


def _stands_like(cell: BoardCell, best: BoardCell) -> bool:
    """Return whether a price is as good as the best: a stale one only where all are."""
    return cell.net == best.net and (cell.freshness == "stale") == (best.freshness == "stale")


def _title(row: SlateRow, event: SlateEvent) -> str:
    side = row["side"]
    name = event["home"] if side == "home" else event["away"] if side == "away" else SIDES[side]
    return f"{name} {point_text(row['point'], signed=side in {'home', 'away'})}".strip()


def flat(shown: Board, market: str) -> Iterator[dict[str, str | float | int | bool | None]]:
    """Yield what a board shows as plain rows, one a selection and book, for an export."""
    for event in shown.events:
        for line in event.lines:
            for row in line.rows:
                for cell in row.cells:
                    if cell is not None:
                        yield {
                            "event_id": event.id,
                            "competition": event.competition,
                            "event": event.title,
                            "starts_at": event.starts_at.isoformat(),
                            "market": market,
                            "selection_id": row.id,
                            "selection": row.title,
                            "side": row.side,
                            "point": row.point,
                            "is_main_line": line.is_main,
                            "bookmaker": cell.book.key,
                            "price": None if cell.price is None else f"{cell.price:.3f}",
                            "is_withdrawn": cell.price is None,
                            "is_best": cell.is_best,
                            "freshness": cell.freshness,
                            "seen_at": cell.seen_at.isoformat(),
                            "fair_probability": row.fair,
                            "hold": line.hold,
                        }
