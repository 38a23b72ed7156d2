"""The odds screen's cells: by the thousand, so they are written here and not by template nodes."""

from collections.abc import Sequence

from django import template
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from accounts.formats import price_text, span_text
from odds.board import BoardCell, BoardRow, Move

register = template.Library()

NOT_LISTED = (
    '<td class="num price-cell"><span class="flat" title="This book does not list it">–'
    '<span class="sr-only">not listed</span></span></td>'
)
ARROWS = {"up": "▲", "down": "▼"}
WORDS = {"up": "rose", "down": "fell"}


@register.simple_tag
def price_cells(row: BoardRow, user: object) -> SafeString:
    """`{% price_cells row user %}`: one table cell for each column of the board."""
    price_format = getattr(user, "price_format", "decimal")
    return mark_safe(  # noqa: S308 - figures and our own words
        "".join(
            NOT_LISTED
            if cell is None
            else f'<td class="num price-cell">{_price(row, cell, price_format)}</td>'
            for cell in row.cells
        )
    )


@register.simple_tag
def price_list(row: BoardRow, user: object) -> SafeString:
    """`{% price_list row user %}`: the books that offer a selection, best first, for a phone."""
    price_format = getattr(user, "price_format", "decimal")
    return mark_safe(  # noqa: S308 - what is not ours is escaped
        "".join(
            f'<span class="offer">{_price(row, cell, price_format, "p")}'
            f' <span class="muted">{escape(cell.book.title)}</span></span>'
            for cell in row.ranked
        )
        or '<span class="muted">no book offers it</span>'
    )


def _price(row: BoardRow, cell: BoardCell, price_format: str, kind: str = "c") -> str:
    if cell.price is None:
        return '<span class="px px-gone" title="Withdrawn">off</span><span class="sr-only">withdrawn</span>'  # noqa: E501
    text = price_text(cell.price, price_format)
    key = f"{kind}{row.id}-{cell.book.id}"
    if cell.is_best:
        old = ", but stale" if cell.freshness == "stale" else ""
        dim = " px-old" if old else ""
        return (
            f'<span class="px px-best{dim}" data-k="{key}">{text}</span>'
            f'<span class="sr-only"> best{old}</span>'
        )
    if cell.freshness == "stale":
        return (
            f'<span class="px px-stale" data-k="{key}" title="last seen {span_text(cell.age)} ago">'
            f'{text}</span><span class="sr-only"> stale</span>'
        )
    return f'<span class="px" data-k="{key}">{text}</span>'


@register.simple_tag
def movement(move: Move | None, user: object, window: str = "") -> SafeString:
    """Draw how a price moved: a line since it opened, and an arrow for the last change."""
    if move is None:
        return mark_safe(
            '<span class="flat">–<span class="sr-only">no movement known</span></span>'
        )
    price_format = getattr(user, "price_format", "decimal")
    opened, latest = price_text(move.opened, price_format), price_text(move.latest, price_format)
    book = conditional_escape(move.book)
    text = f"{book}: opened {opened}, now {latest}"
    if move.direction:
        text += f"; {WORDS[move.direction]} in the last {conditional_escape(window)}"
    arrow = ARROWS.get(move.was, "")
    fresh = "" if move.direction else " move-old"
    line = f'<path d="{move.path}"/>' if move.path else ""
    return mark_safe(  # noqa: S308 - the book's name is escaped
        f'<span class="move" title="{text}"><svg class="spark" viewBox="0 0 88 24" '
        f'preserveAspectRatio="none" role="img" aria-label="{text}">{line}</svg>'
        f'<span class="move-arrow{fresh}" aria-hidden="true">{arrow}</span></span>'
    )


@register.simple_tag(takes_context=True)
def toggle_lines(context: template.Context, event_id: int, opened: Sequence[int]) -> str:
    """Return the address that shows an event's other lines, or its main line only again."""
    query = context["request"].GET.copy()
    chosen = set(opened) ^ {event_id}
    query.pop("refresh", None)
    query.pop("lines", None)
    if chosen:
        query["lines"] = ",".join(map(str, sorted(chosen)))
    return f"?{query.urlencode()}#event-{event_id}"
