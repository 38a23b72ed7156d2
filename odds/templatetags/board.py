"""The odds screen's rows: cells by the thousand, so written here and not by template nodes."""

from collections.abc import Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from accounts.formats import NOTHING, fair_text, price_text, share_text, span_text
from accounts.templatetags.fairline import change
from odds.board import BoardCell, BoardLine, BoardRow, Move

register = template.Library()

NOT_LISTED = (
    '<td class="num price-cell"><span class="flat" title="This book does not list it">–'
    '<span class="sr-only">not listed</span></span></td>'
)
UNMOVED = '<span class="flat">–<span class="sr-only">no movement known</span></span>'
NOT_OFFERED = '<span class="muted">no book offers it</span>'
ARROWS = {"up": "▲", "down": "▼"}
WORDS = {"up": "rose", "down": "fell"}


@register.simple_tag
def line_rows(line: BoardLine, user: object, window: str) -> SafeString:
    """`{% line_rows line user window %}`: a table row for each selection of a line."""
    price_format = getattr(user, "price_format", "decimal")
    kind = "" if line.is_main else ' class="alternate"'
    hold = share_text(line.hold)
    written = []
    for row in line.rows:
        best = (
            f"<strong>{price_text(row.best.price, price_format)}</strong>"
            if row.best
            else f'<span class="flat">{NOTHING}</span>'
        )
        cells = "".join(
            NOT_LISTED
            if cell is None
            else f'<td class="num price-cell">{_price(row, cell, price_format)}</td>'
            for cell in row.cells
        )
        written.append(
            f'<tr{kind}><th scope="row" class="stick !font-normal">{escape(row.title)}</th>'
            f"<td>{_movement(row.move, price_format, window)}</td>"
            f'<td class="num">{best}</td>'
            f'<td class="num fair">{fair_text(row.fair, price_format)}</td>'
            f'<td class="num">{change(row.edge)}</td>'
            f'<td class="num muted">{hold}</td>{cells}</tr>\n'
        )
        # What the line keeps is said once, beside its first selection.
        hold = ""
    return mark_safe("".join(written))  # noqa: S308 - what is not ours is escaped


@register.simple_tag
def line_list(line: BoardLine, user: object, window: str) -> SafeString:
    """`{% line_list line user window %}`: each selection with the books that offer it, best first.

    For a phone, where a table has no room.
    """
    price_format = getattr(user, "price_format", "decimal")
    written = []
    for row in line.rows:
        offers = "".join(
            f'<span class="offer">{_price(row, cell, price_format, "p")}'
            f' <span class="muted">{escape(cell.book.title)}</span></span>'
            for cell in row.ranked
        )
        edge = "" if row.edge is None else f" · {change(row.edge)}"
        written.append(
            '<div class="mt-2"><div class="flex flex-wrap justify-between items-center gap-x-2">'
            f'<span class="font-medium">{escape(row.title)}</span>'
            '<span class="muted tnum text-xs whitespace-nowrap">'
            f"{_movement(row.move, price_format, window)}"
            f" fair {fair_text(row.fair, price_format)}{edge}</span></div>"
            f'<div class="offers">{offers or NOT_OFFERED}</div></div>\n'
        )
    return mark_safe("".join(written))  # noqa: S308 - what is not ours is escaped


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
            f'<span class="px px-stale" data-k="{key}" title="{span_text(cell.age)} old">'
            f'{text}</span><span class="sr-only"> stale</span>'
        )
    return f'<span class="px" data-k="{key}">{text}</span>'


def _movement(move: Move | None, price_format: str, window: str) -> str:
    """Draw how a price moved: a line since it opened, and an arrow for the last change."""
    if move is None:
        return UNMOVED
    opened, latest = price_text(move.opened, price_format), price_text(move.latest, price_format)
    text = f"{escape(move.book)}: opened {opened}, now {latest}"
    if move.direction:
        text += f"; {WORDS[move.direction]} in the last {escape(window)}"
    arrow = ARROWS.get(move.was, "")
    fresh = "" if move.direction else " move-old"
    line = f'<path d="{move.path}"/>' if move.path else ""
    return (
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
