"""The odds screen's events: cells by the thousand, so written here and not by template nodes."""

from datetime import timedelta
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.live.streams import move_told
from accounts.showing.formats import NOTHING, fair_text, price_text, share_text, span_text
from accounts.templatetags.fairline import change, icon, time_since, zone_of
from odds.board import Board, BoardCell, BoardEvent, BoardLine, BoardRow

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


class _Price(NamedTuple):
    """A price wherever it stands: its classes, what it says, what of it is only heard or hovered.

    `bet` is where it is bet on; empty where nobody may, or it was withdrawn.
    """

    classes: str
    text: str
    heard: str
    title: str
    bet: str


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
        # What is best among some books alone is told to nobody.
        self.is_whole = not board.hidden_books
        self.opened = set(context["opened"])
        self.market = escape(context["market"])
        # Asked for once, with a number that stands for each event's.
        self.before, _, self.after = reverse("event", args=[0]).rpartition("0")
        # A price opens its bet, for whoever may place one.
        self.place = reverse("place_bet") if context["may"]["place_bet"] else ""
        self.query = context["request"].GET.copy()
        for name in ("refresh", "lines"):
            self.query.pop(name, None)

        # All is written twice, in the table and in the list: thought of once.
        self.said: dict[int, _Said] = {}
        self.prices: dict[int, _Price] = {}
        self.spans: dict[timedelta, str] = {}
        self.books = {book.id: escape(book.title) for book in board.books}

    def table(self) -> SafeString:
        """Return a table body for each event: a row for each selection, a cell for each book."""
        # The event's name lies over the columns before its prices, or it would make its own wide.
        span = len(self.board.books) + 3
        written = []
        for event in self.board.events:
            more = self.lines_link(event) if event.more_lines else ""
            rows = "".join(self.rows(line) for line in event.lines)
            written.append(
                f'<tbody id="event-{event.id}"><tr data-row class="event-row">'
                f'<th scope="rowgroup" colspan="3" class="stick">{self.event_link(event)}'
                f'<span class="sub">{escape(event.competition)} · {self.start(event)}</span></th>'
                f'<td colspan="{span}">{more}</td></tr>\n{rows}</tbody>\n'
            )
        return SafeString("".join(written))

    def list(self) -> SafeString:
        """Return a card for each event: the best price of each selection, and all in a fold.

        For a phone, where a table has no room.
        """
        written = []
        for event in self.board.events:
            hold = event.lines[0].hold
            kept = ""
            if hold is not None:
                told = self.told(event.lines[0].rows[0], "hold")
                kept = f" · hold <span{told}>{share_text(hold)}</span>"
            lines = "".join(self.best_prices(line) for line in event.lines)
            more = ""
            if event.more_lines:
                more = f'<p class="mt-2 text-xs">{self.lines_link(event)}</p>'
            written.append(
                '<article class="p-3 border-t border-line first:border-0">'
                f'<h2>{self.event_link(event)}</h2><p class="muted text-xs">'
                f"{escape(event.competition)} · {self.start(event)}{kept}</p>\n"
                f"{lines}{self.all_prices(event)}{more}</article>\n"
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
        hold, held = share_text(line.hold), self.told(line.rows[0], "hold")
        written = []
        for row in line.rows:
            said = self.of(row)
            best = (
                f'{self.best(row, row.best)}<span class="sub">{self.books[row.best.book.id]}</span>'
                if row.best
                else f'<span class="flat">{NOTHING}</span>'
            )
            cells = "".join(
                NOT_LISTED
                if cell is None
                else f'<td class="num price-cell">{self.price(row, cell)}</td>'
                for cell in row.cells
            )
            written.append(
                f'<tr{kind}><th scope="row" class="stick !font-normal">{said.title}</th>'
                f'<td>{said.movement}</td><td class="num"{self.told(row, "best")}>{best}</td>'
                f'<td class="num fair" data-w="{row.id}-fair">{said.fair}</td>'
                f'<td class="num"{self.told(row, "edge")}>{said.edge}</td>'
                f'<td class="num muted"{held}>{hold}</td>{cells}</tr>\n'
            )
            # What the line keeps is said once, beside its first selection.
            hold = held = ""
        return "".join(written)

    def best_prices(self, line: BoardLine) -> str:
        written = []
        for row in line.rows:
            said = self.of(row)
            told, fair = self.told(row, "edge"), f'<span data-w="{row.id}-fair">{said.fair}</span>'
            edge = "" if row.edge is None else f" · <span{told}>{said.edge}</span>"
            best = self.offer(row, row.best, "b") if row.best else NOT_OFFERED
            written.append(
                f'<div class="best-offer"><div><span class="font-medium">{said.title}</span>'
                '<span class="muted tnum text-xs block">'
                f"{said.movement} fair {fair}{edge}</span></div>"
                f"<div{self.told(row, 'best')}>{best}</div></div>\n"
            )
        return "".join(written)

    def all_prices(self, event: BoardEvent) -> str:
        """Return every other price of the lines shown, fresh ones first, folded away."""
        count, written = 0, []
        for line in event.lines:
            for row in line.rows:
                others = [cell for cell in row.ranked if cell is not row.best]
                count += len(others)
                if others:
                    offers = "".join(self.offer(row, cell, "p") for cell in others)
                    written.append(
                        f'<p class="mt-2 font-medium">{self.of(row).title}</p>'
                        f'<div class="offers">{offers}</div>\n'
                    )
        if not count:
            return ""
        return (
            f'<details class="why mt-1" id="all-{event.id}"><summary>{icon("down")}'
            f"{count} other price{'s' if count > 1 else ''}"
            f'<span class="sr-only"> of {escape(event.title)}</span></summary>'
            f"{''.join(written)}</details>"
        )

    def offer(self, row: BoardRow, cell: BoardCell, place: str) -> str:
        """Return a price with its book, one link to its bet; one that is stale says how old."""
        said = self.priced(row, cell)
        key = f"{place}{row.id}-{cell.book.id}"
        old = f", {self.span(cell.age)} old" if cell.freshness == "stale" else ""
        within = (
            f'<span class="{said.classes}" data-k="{key}">{said.text}</span>{said.heard}'
            f' <span class="muted">{self.books[cell.book.id]}{old}</span>'
        )
        if said.bet:
            return f'<a class="offer" href="{said.bet}">{within}</a>'
        return f'<span class="offer">{within}</span>'

    def told(self, row: BoardRow, name: str) -> str:
        """Mark what is told as it changes, or comes only with the part: what is of some books."""
        return f' data-w="{row.id}-{name}"' if self.is_whole else f' data-after="{row.id}"'

    def movement(self, row: BoardRow) -> str:
        """Draw how a price moved: a line since it opened, and an arrow for the last change."""
        if row.move is None:
            return UNMOVED
        told = f' data-w="{row.id}-move"' if self.is_whole else ""
        move = move_told(row.move, self.price_format)
        text, old = escape(move.text), "" if move.is_recent else " move-old"
        return (
            f'<span class="move"{told} title="{text}"><svg class="spark" viewBox="0 0 88 24" '
            f'preserveAspectRatio="none" role="img" aria-label="{text}"><path d="{move.path}"/>'
            f'</svg><span class="move-arrow{old}" aria-hidden="true">{move.arrow}</span></span>'
        )

    def of(self, row: BoardRow) -> "_Said":
        said = self.said.get(row.id)
        if said is None:
            said = self.said[row.id] = _Said(
                title=escape(row.title),
                movement=self.movement(row),
                fair=fair_text(row.fair, self.price_format),
                edge=change(row.edge),
            )
        return said

    def price(self, row: BoardRow, cell: BoardCell) -> str:
        """Return a price of the table; its key tells this one from the same in the list.

        Tab stops at a selection's best price; the arrow keys lead to those of the books.
        """
        said = self.priced(row, cell)
        if not said.text:
            return WITHDRAWN
        key = f'data-k="c{row.id}-{cell.book.id}"'
        if not said.bet:
            return f'<span class="{said.classes}" {key}{said.title}>{said.text}</span>{said.heard}'
        return (
            f'<a class="{said.classes}" href="{said.bet}" {key} tabindex="-1"{said.title}>'
            f"{said.text}</a>{said.heard}"
        )

    def best(self, row: BoardRow, cell: BoardCell) -> str:
        """Return the best price as its own column has it."""
        said = self.priced(row, cell)
        if not said.bet:
            return f"<strong>{said.text}</strong>"
        return f'<a class="px font-semibold" href="{said.bet}">{said.text}</a>'

    def priced(self, row: BoardRow, cell: BoardCell) -> _Price:
        said = self.prices.get(id(cell))
        if said is None:
            said = self.prices[id(cell)] = self._priced(row, cell)
        return said

    def _priced(self, row: BoardRow, cell: BoardCell) -> _Price:
        if cell.price is None:
            return _Price("", "", "", "", "")
        text = price_text(cell.price, self.price_format)
        bet = ""
        if self.place:
            saw = text if self.price_format == "decimal" else quote(text)
            bet = f"{self.place}?selection={row.id}&amp;book={cell.book.id}&amp;saw={saw}"
        is_stale = cell.freshness == "stale"
        if cell.is_best:
            old = ", but stale" if is_stale else ""
            classes = "px px-best px-old" if old else "px px-best"
            return _Price(classes, text, f'<span class="sr-only"> best{old}</span>', "", bet)
        if is_stale:
            title = f' title="{self.span(cell.age)} old"'
            return _Price("px px-stale", text, '<span class="sr-only"> stale</span>', title, bet)
        return _Price("px", text, "", "", bet)

    def span(self, length: timedelta) -> str:
        text = self.spans.get(length)
        if text is None:
            text = self.spans[length] = span_text(length)
        return text
