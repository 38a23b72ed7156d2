"""The rows of Today, written here and not by template nodes: 25 of them with some sixty each."""

from collections.abc import Iterable
from decimal import Decimal
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.showing.formats import (
    fair_text,
    key_text,
    money_text,
    price_text,
    said_text,
    share_text,
    signed_share_text,
    span_text,
)
from accounts.templatetags.fairline import change, icon, moment, relative
from betting.screens import OpportunityRow
from risk.domain.staking import Step

register = template.Library()

STALE = "A price this old is not bet on; it comes back with the next fetch"
LOW_END = "Edge at the low end of what is believed"


@register.simple_tag(takes_context=True)
def opportunity_rows(
    context: template.Context, rows: Iterable[OpportunityRow], said: str = "", said_of: str = ""
) -> SafeString:
    """`{% opportunity_rows rows %}`: a body of two table rows for each, the second its reasons.

    `said`: what became of a bet on it that was just placed; `said_of` is its address.
    """
    write = _Writer(context)
    told = f' data-said="{escape(said)}" data-said-of="{escape(said_of)}"' if said else ""
    return SafeString("".join(write.row(row, told) for row in rows))


@register.simple_tag(takes_context=True)
def market_moved(
    context: template.Context, row: OpportunityRow, market_edge: float | None
) -> SafeString:
    """Write what the consensus says now where it left what a decision was made by.

    `market_edge`: by it, of the price that is shown.
    """
    return _Writer(context).moved(row, market_edge)


class _Writer:
    """Writes for one reader; what is the same in every row is asked for once."""

    def __init__(self, context: template.Context) -> None:
        self._context = context
        self._price_format = getattr(context.get("user"), "price_format", "decimal")
        self._money = context["money"]
        self._passed = context.get("passed", False)
        self._may_place = context["may"]["place_bet"]
        self._place = reverse("place_bet")
        self._event, _, self._event_end = reverse("event", args=[0]).rpartition("0")

    def row(self, row: OpportunityRow, told: str) -> str:
        each, event = row.opportunity, row.event
        selection = each.quote.selection_id
        teams = f"{escape(event.away.name)} at {escape(event.home.name)}"
        old = " old" if row.freshness == "stale" else ""
        by_bot = " by the bot" if each.strategy.source_id else ""
        version = f' title="{escape(row.version)}"' if row.version else ""
        stake = (
            "" if self._passed else f'<td class="num" data-label="Stake">{self._stake(row)}</td>'
        )
        reasons = self._passes(row) if self._passed else self._why(row)
        return (
            f'<tbody id="opportunity-{each.pk}" data-row{told}><tr>'
            '<th scope="row" class="full"><a class="row-link" '
            f'href="{self._event}{event.pk}{self._event_end}">{teams}</a>'
            f'<span class="sub">{escape(event.competition.title)} · '
            f"{relative(self._context, event.starts_at)}</span></th>"
            f'<td class="two"><span class="font-medium">{escape(row.title)}</span>'
            f'<span class="sub">{escape(row.market)} · by {escape(each.strategy.title)}</span></td>'
            f'<td data-label="Book">{escape(row.book.title)}</td>'
            '<td class="num" data-label="Price">'
            f"<strong>{price_text(each.price, self._price_format)}</strong>"
            f'<span class="sub"><span class="dot dot-{row.freshness}"></span>'
            f"{span_text(row.age)}{old}</span></td>"
            f'<td class="num" data-label="Fair">{self._fair(each.fair_probability)}'
            f'<span class="sub">{share_text(each.fair_probability)}</span></td>'
            '<td class="num" data-label="Market">'
            f'<span data-w="{selection}-fair">{self._fair(row.market_fair)}</span>'
            f'<span class="sub" data-w="{selection}-probability">{share_text(row.market_fair)}'
            "</span></td>"
            f'<td class="num" data-label="Model">{self._fair(each.model_probability)}'
            f'<span class="sub"{version}>{share_text(each.model_probability)}{by_bot}</span></td>'
            f'<td class="num" data-label="Edge" data-after="{selection}">{self._edge(row)}</td>'
            f'{stake}<td class="act">{self._act(row)}</td></tr>\n'
            f'<tr class="reasons"><td class="full" colspan="10">{self._shared(row)}'
            f"{self._market_moved(row)}{reasons}</td></tr></tbody>\n"
        )

    def moved(self, row: OpportunityRow, market_edge: float | None) -> SafeString:
        now = "not known: no book prices all outcomes"
        if row.market_fair is not None:
            now = f"{self._fair(row.market_fair)}, edge {signed_share_text(market_edge)} by it"
        each = row.opportunity
        return SafeString(
            f"Decided {relative(self._context, each.as_of)} with the market at"
            f" {self._fair(each.market_probability)} · fair now {now}."
        )

    def _fair(self, probability: float | None) -> str:
        return fair_text(probability, self._price_format)

    def _sum(self, amount: Decimal | None) -> str:
        return escape(money_text(amount, self._money.currency or "EUR"))

    def _edge(self, row: OpportunityRow) -> str:
        each = row.opportunity
        if row.market_moved:
            edge = signed_share_text(each.edge)
            return f'<span class="flat">{edge}</span><span class="sub">as decided</span>'
        return (
            f'<strong>{change(each.edge)}</strong><span class="sub" title="{LOW_END}">'
            f"low end {signed_share_text(each.edge_low)}</span>"
        )

    def _stake(self, row: OpportunityRow) -> str:
        if row.bet:
            how = "placed"
            if row.bet.is_followed:
                how = f'<a class="text-link" href="{reverse("strategies")}">placed for you</a>'
            return f'{self._sum(row.bet.stake)}<span class="sub">{how}</span>'
        if row.stake:
            share = share_text(row.share, 2)
            return f'{self._sum(row.stake)}<span class="sub">{share} of equity</span>'
        return (
            '<span class="flat">–</span>'
            f'<span class="sub" title="{escape(row.why_none)}">'
            f"{'market left it' if row.is_left else 'no room'}</span>"
        )

    def _act(self, row: OpportunityRow) -> str:
        if row.bet:
            status = escape(row.bet.get_status_display().lower())
            url = reverse("bet", args=[row.bet.pk])
            return f'<a class="tag tag-ok" href="{url}">{icon("check")}Bet {status}</a>'
        if row.freshness == "stale":
            return f'<span class="tag tag-warn" title="{STALE}">Stale price</span>'
        if not self._money.is_open:
            return '<span class="tag">No bankroll</span>'
        if not self._may_place:
            return ""
        is_quiet = self._passed or not row.stake or row.market_moved
        url = f"{self._place}?opportunity={row.opportunity.pk}"
        return (
            f'<a class="btn btn-sm {"btn-quiet" if is_quiet else "btn-primary"}" href="{url}" '
            f'hx-get="{url}" hx-target="#dialog-body" hx-swap="innerHTML">Bet'
            f'<span class="sr-only"> on {escape(row.title)} at {escape(row.book.title)}</span></a>'
        )

    def _shared(self, row: OpportunityRow) -> str:
        if not (shared := row.shared):
            return ""
        others = f"{shared.others} other{'' if shared.others == 1 else 's'}"
        return (
            f'<p class="why">Stake: of {self._sum(shared.left)} left {escape(shared.of)},'
            f" shared with {others} on this page.</p>"
        )

    def _market_moved(self, row: OpportunityRow) -> str:
        if not row.market_moved:
            return ""
        told = self.moved(row, row.market_edge)
        return f'<p class="why"><span class="tag tag-warn">Moved</span> {told}</p>'

    def _passes(self, row: OpportunityRow) -> str:
        said = [_said(_detail(each)) for each in row.opportunity.passes]
        for other in row.also:
            title = escape(other.opportunity.strategy.title)
            passes = other.opportunity.passes
            said += [f"by {title} too: {_said(_detail(each))}" for each in passes]
        return (
            '<ul class="why grid gap-1">'
            + "".join(f'<li><span class="tag tag-warn">Passed</span> {each}</li>' for each in said)
            + "</ul>"
        )

    def _why(self, row: OpportunityRow) -> str:
        each = row.opportunity
        first, *more = [_said(reason) for reason in each.reasons] or [""]
        reasons = "".join(f"<li>{reason}</li>" for reason in more)
        as_of = moment(self._context, each.as_of, "seconds")
        version = f"; {escape(row.version)}" if row.version else ""
        return (
            f'<details class="why" id="why-{each.pk}">'
            f"<summary>{icon('down')}Why{': ' if first else ''}{first}</summary><ul>{reasons}"
            f"<li>Stake: {' → '.join(map(self._step, row.steps))}.</li>"
            f"<li>Information up to {as_of}; strategy {escape(each.strategy.title)}{version}."
            "</li></ul></details>" + "".join(self._also(row, other) for other in row.also)
        )

    def _step(self, step: Step) -> str:
        return f"{escape(key_text(step.name))} {self._sum(step.stake)}"

    def _also(self, row: OpportunityRow, other: OpportunityRow) -> str:
        found = other.opportunity
        title = escape(found.strategy.title)
        edge = str(change(found.edge))
        if row.market_moved:
            edge = f"{signed_share_text(found.edge)} as decided"
        stake, instead = "", ""
        if not row.bet and other.stake:
            stake = f", stake {self._sum(other.stake)}"
            if row.freshness != "stale" and self._money.is_open and self._may_place:
                url = f"{self._place}?opportunity={found.pk}"
                instead = f' <a class="text-link" href="{url}">Bet by {title} instead</a>'
        elif not row.bet:
            stake = f', <span title="{escape(other.why_none)}">no stake</span>'
        return (
            '<p class="why flex flex-wrap gap-x-3 gap-y-1 items-center">'
            f"<span>The same price by {title}: fair {self._fair(found.fair_probability)},"
            f" edge {edge}{stake}.</span> "
            f'<a class="text-link" href="{reverse("decision", args=[found.pk])}">Why'
            f'<span class="sr-only"> {title} finds {escape(row.title)}</span></a>{instead}</p>'
        )


def _detail(each: object) -> object:
    """Return what a pass says; of old ones there is no more than their sentence."""
    return (each.get("detail") if isinstance(each, dict) else None) or each


def _said(sentence: object) -> str:
    return escape(said_text(str(sentence), ""))
