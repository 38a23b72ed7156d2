"""The rows of bets, written here and not by template nodes: 25 of them with some forty each."""

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.showing.formats import money_text, price_text
from accounts.templatetags.fairline import change, moment, pnl, relative
from betting.models import Bet, BetStatus, Result
from betting.screens import BetRow

register = template.Library()

WAITS: dict[str, tuple[str, str]] = {
    BetStatus.PENDING: ("Pending", "The venue has it and has not decided yet"),
    BetStatus.PLACING: (
        "Placing",
        "Sent to the venue; its answer is awaited and never asked for twice",
    ),
}
COLOURS: dict[str, str] = {
    Result.WON: " tag-ok",
    Result.HALF_WON: " tag-ok",
    Result.LOST: " tag-warn",
    Result.HALF_LOST: " tag-warn",
}


@register.simple_tag(takes_context=True)
def bet_status(context: template.Context, bet: Bet) -> SafeString:
    """`{% bet_status bet %}`: where a bet stands, or how it ended."""
    if bet.status == BetStatus.SETTLED:
        return _tag(COLOURS.get(bet.result, ""), escape(bet.get_result_display()))
    if bet.status == BetStatus.OPEN:
        return _tag(" tag-info", "Open")
    if bet.status == BetStatus.REJECTED:
        return _tag(" tag-halt", "Rejected", bet.rejection)
    if bet.status == BetStatus.CANCELLED:
        return _tag("", "Cancelled", bet.rejection)
    word, why = WAITS[bet.status]
    return _tag("", f"{word}, sent {relative(context, bet.placed_at)}", why)


def _tag(colour: str, within: str, title: str | None = None) -> SafeString:
    told = "" if title is None else f' title="{escape(title)}"'
    return SafeString(f'<span class="tag{colour}"{told}>{within}</span>')


@register.simple_tag(takes_context=True)
def bet_rows(context: template.Context, rows: Iterable[BetRow]) -> SafeString:
    """`{% bet_rows rows %}`: a table row for each bet."""
    price_format = getattr(context.get("user"), "price_format", "decimal")
    # Asked for once, with a number that stands for each one's.
    before, _, after = reverse("bet", args=[0]).rpartition("0")
    event_before, _, event_after = reverse("event", args=[0]).rpartition("0")
    tagged = f"{reverse('bets')}?tag="
    written = []
    for row in rows:
        bet, event = row.bet, row.event
        currency = bet.bankroll.currency
        tags = "".join(
            f'<a class="tag tag-own" href="{tagged}{escape(quote(tag))}">{escape(tag)}</a>'
            for tag in bet.tags
        )
        score = followed = missed = asked = ""
        if event.home_score is not None:
            score = f' · <span class="tnum">{event.away_score}–{event.home_score}</span>'
        if bet.is_followed:
            followed = '<span class="sub">by a strategy</span>'
        if row.missed_minimum:
            missed = (
                '<span class="sub !whitespace-normal"><span class="tag tag-warn'
                ' !whitespace-normal">below the minimum price '
                f"{price_text(row.missed_minimum, price_format)}</span></span>"
            )
        if bet.taken_stake != bet.stake:
            asked = f'<span class="sub">of {escape(money_text(bet.stake, currency))}</span>'
        written.append(
            f'<tr id="bet-{bet.pk}" data-row><th scope="row" class="two">'
            f'<a class="row-link" href="{before}{bet.pk}{after}">{escape(row.title)}</a>'
            f'<span class="sub">{escape(row.market)}</span>{tags}</th>'
            f'<td class="two"><a href="{event_before}{event.pk}{event_after}" '
            f'class="hover:underline">{escape(event.away.name)} at {escape(event.home.name)}</a>'
            f'<span class="sub">{moment(context, event.starts_at)}{score}</span></td>'
            f'<td data-label="Book">{escape(bet.bookmaker.title)}'
            f'<span class="sub">{escape(row.venue.lower())}</span></td>'
            f'<td data-label="Placed" class="tnum">{moment(context, bet.placed_at)}{followed}</td>'
            '<td class="num" data-label="Price">'
            f"{price_text(bet.taken_price, price_format)}{missed}</td>"
            '<td class="num" data-label="Stake">'
            f"{escape(money_text(bet.taken_stake, currency))}{asked}</td>"
            f'<td data-label="Status">{bet_status(context, bet)}</td>'
            f'<td class="num" data-label="CLV">{_clv(bet)}</td>'
            f'<td class="num" data-label="P&amp;L">{pnl(row.profit, currency)}</td></tr>\n'
        )
    return SafeString("".join(written))


def _clv(bet: Bet) -> str:
    """Write what a bet's price was worth at the close, or why that is not known."""
    note = escape(bet.clv_note)
    told, heard = (f' title="{note}"', f": {note}") if note else ("", "")
    if bet.clv is None:
        return f'<span class="flat"{told}>–<span class="sr-only">not known{heard}</span></span>'
    moved = f' <span class="sub"{told}>line moved<span class="sr-only">{heard}</span></span>'
    return f"{change(bet.clv)}{moved if note else ''}"
