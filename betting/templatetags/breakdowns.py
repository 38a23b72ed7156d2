"""The rows of bets cut into groups, written here and not by template nodes."""

from collections.abc import Iterable, Mapping
from html import escape

from django import template
from django.utils.safestring import SafeString

from accounts.showing.formats import signed_share_text
from accounts.templatetags.fairline import change, count, pnl
from betting.domain.breakdowns import Group

register = template.Library()


@register.simple_tag
def group_rows(
    groups: Iterable[Group], urls: Mapping[str, str] | None, currency: str = ""
) -> SafeString:
    """`{% group_rows groups urls currency %}`: a table row for each group.

    `urls`: by a group's name the address that shows its bets alone, where there is one.
    """
    written = []
    for group in groups:
        name = escape(group.name)
        if url := (urls or {}).get(group.name):
            alone = '<span class="sr-only">: these bets alone</span>'
            name = f'<a class="row-link" href="{escape(url)}">{name}{alone}</a>'
        earned, ends = group.earned, ""
        if earned.is_bounded:
            low, high = signed_share_text(earned.low, 0), signed_share_text(earned.high, 0)
            ends = f' <span class="sub">{low} to {high}</span>'
        written.append(
            f'<tr><th scope="row" class="full min-w-28">{name}</th>'
            f'<td class="num" data-label="Bets">{count(group.bets)}</td>'
            f'<td class="num" data-label="P&amp;L">{pnl(group.profit, currency)}</td>'
            f'<td class="num" data-label="Yield">{change(earned.value)}{ends}</td>'
            f'<td class="num" data-label="CLV">{change(group.clv)}</td></tr>\n'
        )
    return SafeString("".join(written))
