"""The Scanner's rows: finds of several legs, written here and not by template nodes."""

from html import escape
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.showing.formats import (
    NOTHING,
    PERCENT,
    SYMBOLS,
    price_text,
    share_text,
    signed_share_text,
    span_text,
)
from accounts.templatetags.fairline import change, time_since, zone_of
from odds.finds import Found, FoundLeg, signed_amount

register = template.Library()


@register.simple_tag(takes_context=True)
def find_rows(context: template.Context, shown: list[Found]) -> SafeString:
    """`{% find_rows shown %}`: a table row for each find of the kind that is asked for."""
    user, now = context.get("user"), context["now"]
    kind, value_title = context["kind"], escape(context["value_title"])
    price_format, zone = getattr(user, "price_format", "decimal"), zone_of(user)
    take = "Move" if kind == "steam" else "Take"
    # Asked for once, with a number that stands for each event's.
    before, _, after = reverse("event", args=[0]).rpartition("0")
    place = reverse("place_bet") if context["may"]["place_bet"] else ""
    currency = context["framed"].currency
    sign = escape(SYMBOLS.get(currency, f"{currency} " if currency else ""))
    written = []
    for each in shown:
        event = each.event
        legs = "".join(_leg(leg, price_format, place, sign) for leg in each.legs)
        competition = event.competition
        told = time_since(event.starts_at, now, zone)
        muted = ' class="muted"' if each.doubts else ""
        simulated = " · simulated" if competition.is_simulated else ""
        # A move has no leg to place: its line's movement is what there is to see.
        moved = f"&amp;selection={each.numbers['selection']}" if kind == "steam" else ""
        rounded = ""
        if kind in {"arbitrages", "low-holds"}:
            profit = (
                NOTHING
                if each.profit is None
                else f"{signed_amount(each.profit, sign)} on {sign}{each.outlay:,}"
            )
            rounded = f'<td class="num" data-label="After rounding">{profit}</td>'
        written.append(
            f"<tr data-row{muted}>"
            '<th scope="row" class="full"><a class="row-link" '
            f'href="{before}{event.pk}{after}?market={escape(each.market_key)}{moved}">'
            f"{escape(event.away.name)} at {escape(event.home.name)}</a>"
            f'<span class="sub">{escape(competition.title)} · {escape(each.market)} · {told}'
            f"{simulated}</span></th>"
            f'<td class="full" data-label="{take}">'
            f"{legs}{_remarks(each)}</td>"
            f'<td class="num" data-label="{value_title}">{_value(each, kind)}</td>{rounded}'
            f'<td class="num" data-label="Oldest price">{span_text(each.oldest)}</td></tr>\n'
        )
    return SafeString("".join(written))


def _leg(leg: FoundLeg, price_format: str, place: str, sign: str) -> str:
    """Write a leg; `place` is where it is placed, empty where the reader may not."""
    price = price_text(leg.price, price_format)
    stake = "" if leg.stake is None else f"<strong>stake {sign}{leg.stake:,}</strong>"
    bet = ""
    if place:
        given = {"selection": leg.selection_id, "book": leg.bookmaker_id, "saw": price}
        if leg.stake is not None:
            given["stake"] = leg.stake
        bet = (
            f'<a class="btn btn-sm btn-quiet" href="{place}?{escape(urlencode(given))}">Bet'
            f'<span class="sr-only"> on {escape(leg.title)} at {escape(leg.book)}</span></a>'
        )
    return (
        f'<div class="leg tnum"><span class="px">{price}</span>'
        f'<span>{escape(leg.title)}</span><span class="muted">{escape(leg.book)}</span>'
        f'<span class="muted">{span_text(leg.age)} old</span><span>{stake}</span>{bet}</div>\n'
    )


def _remarks(each: Found) -> str:
    note = f'<span class="sub">{escape(each.note)}</span>' if each.note else ""
    return note + "".join(
        f'<span class="sub"><span class="tag tag-warn">doubtful</span> {escape(doubt)}</span>'
        for doubt in each.doubts
    )


def _value(each: Found, kind: str) -> str:
    if kind == "low-holds":
        return share_text(each.value, 2)
    if kind == "steam":
        points = signed_share_text(each.value).removesuffix(PERCENT)
        return f'{points}<span class="sub">points</span>'
    misses = kind == "middles" and each.numbers.get("expected", 0) is None
    return change(each.value, 2) + ('<span class="sub">if it misses</span>' if misses else "")
