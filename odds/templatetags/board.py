"""The odds screen's events: cells by the thousand, so written here and not by template nodes."""

from datetime import timedelta
from html import escape
from typing import NamedTuple

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.showing.formats import NOTHING, fair_text, price_text, share_text, span_text
from accounts.templatetags.fairline import change, time_since, zone_of
from odds.board import Board, BoardCell, BoardEvent, BoardLine, BoardRow, Move

register = template.Library()

NOT_LISTED = (
    '<td class="num price-cell"><span class="flat" title="This book does not list it">–'
    '<span class="sr-only">not listed</span></span></td>'
)
UNMOVED = '<span class="flat">–<span class="sr-only">no movement known</span></span>'
WITHDRAWN = (
    '<span class="px px-gone" title="Withdrawn">off</span><span class="sr-only">withdrawn</span>'
)
NOT_OFFERED = '<span class="muted">no book offers it</span>'
ARROWS = {"up": "▲", "down": "▼"}
WORDS = {"up": "rose", "down": "fell"}


@register.simple_tag(takes_context=True)
def write_board(context: template.Context, board: Board) -> "_Writer":
    """`{% write_board board as written %}`: `written.table`, and for a phone `written.list`."""
    return _Writer(context, board)


class _Said(NamedTuple):
    """What is said of a selection wherever it stands."""

    title: str
    movement: str
    fair: str
    edge: str


class _Writer:
    """Writes a board as this reader likes prices and times; its links keep the filters.

    What is not ours is escaped.
    """

    def __init__(self, context: template.Context, board: Board) -> None:
        self.board = board
        user = context.get("user")
        self.price_format = getattr(user, "price_format", "decimal")
        self.zone = zone_of(user)
        self.now = context["now"]
        self.window = escape(span_text(board.window))
        self.opened = set(context["opened"])
        self.market = escape(context["market"])
        # Asked for once, with a number that stands for each event's.
        self.before, _, self.after = reverse("event", args=[0]).rpartition("0")
        self.query = context["request"].GET.copy()
        for name in ("refresh", "lines"):
            self.query.pop(name, None)

        # All is written twice, in the table and in the list: thought of once.
        self.said: dict[int, _Said] = {}
        self.prices: dict[int, tuple[str, str]] = {}
        self.spans: dict[timedelta, str] = {}
        self.books = {book.id: escape(book.title) for book in board.books}

    def table(self) -> SafeString:
        """Return a table body for each event: a row for each selection, a cell for each book."""
        span = len(self.board.books) + 5
        written = []
        for event in self.board.events:
            more = self.lines_link(event) if event.more_lines else ""
            rows = "".join(self.rows(line) for line in event.lines)
            written.append(
                f'<tbody id="event-{event.id}"><tr data-row class="event-row">'
                f'<th scope="rowgroup" class="stick">{self.event_link(event)}'
                f'<span class="sub">{escape(event.competition)} · {self.start(event)}</span></th>'
                f'<td colspan="{span}">{more}</td></tr>\n{rows}</tbody>\n'
            )
        return SafeString("".join(written))

    def list(self) -> SafeString:
        """Return each event's selections with the books that offer them, best first.

        For a phone, where a table has no room.
        """
        written = []
        for event in self.board.events:
            hold = event.lines[0].hold
            kept = "" if hold is None else f" · hold {share_text(hold)}"
            offers = "".join(self.offers(line) for line in event.lines)
            more = ""
            if event.more_lines:
                more = f'<p class="mt-2 text-xs">{self.lines_link(event)}</p>'
            written.append(
                '<article class="p-3 border-t border-line first:border-0">'
                f'<h2>{self.event_link(event)}</h2><p class="muted text-xs">'
                f"{escape(event.competition)} · {self.start(event)}{kept}</p>\n"
                f"{offers}{more}</article>\n"
            )
        return SafeString("".join(written))

    def event_link(self, event: BoardEvent) -> str:
        address = f"{self.before}{event.id}{self.after}?market={self.market}"
        return f'<a class="row-link" href="{address}">{escape(event.title)}</a>'

    def start(self, event: BoardEvent) -> str:
        return time_since(event.starts_at, self.now, self.zone)

    def lines_link(self, event: BoardEvent) -> str:
        """Link to the board with an event's other lines, or with its main line only again."""
        query = self.query.copy()
        if chosen := self.opened ^ {event.id}:
            query["lines"] = ",".join(map(str, sorted(chosen)))
        more = f"{event.more_lines} more line{'s' if event.more_lines > 1 else ''}"
        return (
            f'<a class="text-link text-xs" href="?{escape(query.urlencode())}#event-{event.id}">'
            f"{'Main line only' if event.is_open else more}"
            f'<span class="sr-only"> of {escape(event.title)}</span></a>'
        )

    def rows(self, line: BoardLine) -> str:
        kind = "" if line.is_main else ' class="alternate"'
        hold = share_text(line.hold)
        written = []
        for row in line.rows:
            said = self.of(row)
            best = (
                f"<strong>{price_text(row.best.price, self.price_format)}</strong>"
                f'<span class="sub">{self.books[row.best.book.id]}</span>'
                if row.best
                else f'<span class="flat">{NOTHING}</span>'
            )
            cells = "".join(
                NOT_LISTED
                if cell is None
                else f'<td class="num price-cell">{self.price(row, cell, "c")}</td>'
                for cell in row.cells
            )
            written.append(
                f'<tr{kind}><th scope="row" class="stick !font-normal">{said.title}</th>'
                f'<td>{said.movement}</td><td class="num">{best}</td>'
                f'<td class="num fair">{said.fair}</td><td class="num">{said.edge}</td>'
                f'<td class="num muted">{hold}</td>{cells}</tr>\n'
            )
            # What the line keeps is said once, beside its first selection.
            hold = ""
        return "".join(written)

    def offers(self, line: BoardLine) -> str:
        written = []
        for row in line.rows:
            said = self.of(row)
            offers = "".join(
                f'<span class="offer">{self.price(row, cell, "p")}'
                f' <span class="muted">{self.books[cell.book.id]}</span></span>'
                for cell in row.ranked
            )
            edge = "" if row.edge is None else f" · {said.edge}"
            written.append(
                '<div class="mt-2">'
                '<div class="flex flex-wrap justify-between items-center gap-x-2">'
                f'<span class="font-medium">{said.title}</span>'
                '<span class="muted tnum text-xs whitespace-nowrap">'
                f"{said.movement} fair {said.fair}{edge}</span></div>"
                f'<div class="offers">{offers or NOT_OFFERED}</div></div>\n'
            )
        return "".join(written)

    def of(self, row: BoardRow) -> "_Said":
        said = self.said.get(row.id)
        if said is None:
            said = self.said[row.id] = _Said(
                title=escape(row.title),
                movement=_movement(row.move, self.price_format, self.window),
                fair=fair_text(row.fair, self.price_format),
                edge=change(row.edge),
            )
        return said

    def price(self, row: BoardRow, cell: BoardCell, place: str) -> str:
        """Return a price; its key tells this one from the same in the other place."""
        around = self.prices.get(id(cell))
        if around is None:
            around = self.prices[id(cell)] = self.around_key(cell)
        before, after = around
        return f"{before}{place}{row.id}-{cell.book.id}{after}" if after else before

    def around_key(self, cell: BoardCell) -> tuple[str, str]:
        """Return what stands before and after the key of a price; nothing after: it has none."""
        if cell.price is None:
            return WITHDRAWN, ""
        text = price_text(cell.price, self.price_format)
        if cell.is_best:
            old = ", but stale" if cell.freshness == "stale" else ""
            dim = " px-old" if old else ""
            after = f'">{text}</span><span class="sr-only"> best{old}</span>'
            return f'<span class="px px-best{dim}" data-k="', after
        if cell.freshness == "stale":
            age = f'" title="{self.span(cell.age)} old">'
            after = f'{age}{text}</span><span class="sr-only"> stale</span>'
            return '<span class="px px-stale" data-k="', after
        return '<span class="px" data-k="', f'">{text}</span>'

    def span(self, length: timedelta) -> str:
        text = self.spans.get(length)
        if text is None:
            text = self.spans[length] = span_text(length)
        return text


def _movement(move: Move | None, price_format: str, window: str) -> str:
    """Draw how a price moved: a line since it opened, and an arrow for the last change."""
    if move is None:
        return UNMOVED
    opened, latest = price_text(move.opened, price_format), price_text(move.latest, price_format)
    text = f"{escape(move.book)}: opened {opened}, now {latest}"
    if move.direction:
        text += f"; {WORDS[move.direction]} in the last {window}"
    arrow = ARROWS.get(move.was, "")
    fresh = "" if move.direction else " move-old"
    line = f'<path d="{move.path}"/>' if move.path else ""
    return (
        f'<span class="move" title="{text}"><svg class="spark" viewBox="0 0 88 24" '
        f'preserveAspectRatio="none" role="img" aria-label="{text}">{line}</svg>'
        f'<span class="move-arrow{fresh}" aria-hidden="true">{arrow}</span></span>'
    )
