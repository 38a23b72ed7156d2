"""What templates need to write prices, money and moments as each reader likes them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from accounts import clock
from accounts.showing import formats
from accounts.showing.charts import Bar
from accounts.showing.glossary import meaning
from accounts.showing.pages import Chip, Table

register = template.Library()

ICONS = {
    "today": "M3 12h4l3-8 4 16 3-8h4",
    "odds": "M3 5h18M3 12h18M3 19h18M9 3v18",
    "bets": "M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2zM9 8h6M9 12h6",
    "performance": "M3 3v18h18M7 15l4-5 3 3 6-7",
    "models": "M12 2l9 5v10l-9 5-9-5V7zM12 12l9-5M12 12v10M12 12L3 7",
    "strategies": "M4 6h9M17 6h3M13 4v4M4 12h3M11 12h9M7 10v4M4 18h11M19 18h1M15 16v4",
    "risk": "M12 2l8 3v6c0 5-3.4 9-8 11-4.6-2-8-6-8-11V5z",
    "status": "M4 12a8 8 0 1 1 16 0M12 12l4-4M4 18h16",
    "more": "M4 7h16M4 12h16M4 17h16",
    "bell": "M6 16v-5a6 6 0 1 1 12 0v5l2 2H4zM10 21h4",
    "signal": "M4 12a8 8 0 0 1 16 0M8 12a4 4 0 0 1 8 0M12 12v9",
    "user": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",  # noqa: E501
    "moon": "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
    "device": "M3 4h18v12H3zM8 20h8M12 16v4",
    "book": "M4 4h7a2 2 0 0 1 1 2 2 2 0 0 1 1-2h7v15h-7a2 2 0 0 0-1 1 2 2 0 0 0-1-1H4zM12 6v13",
    "gear": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM19 12l2-1-2-4-2 1-2-1-1-3h-4L9 7 7 8 5 7l-2 4 2 1v1l-2 1 2 4 2-1 2 1 1 3h4l1-3 2-1 2 1 2-4-2-1z",  # noqa: E501
    "out": "M14 4h6v16h-6M3 12h11M10 8l4 4-4 4",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l9-9M16 7l3 3M19 4l2 2",
    "code": "M8 7l-5 5 5 5M16 7l5 5-5 5",
    "wrench": "M14 7a4 4 0 0 0 5 5l-9 9-4-4 9-9zM17 4l3 3",
    "download": "M12 3v12M7 11l5 5 5-5M4 20h16",
    "stop": "M8 2h8l6 6v8l-6 6H8l-6-6V8zM12 7v6M12 16.5v.5",
    "check": "M4 12l5 5L20 6",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
    "close": "M6 6l12 12M18 6L6 18",
    "down": "M6 9l6 6 6-6",
    "refresh": "M20 11a8 8 0 1 0-2.3 6.7M20 5v6h-6",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon that only decorates the words beside it."""
    return SafeString(
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'
    )


@register.simple_tag(takes_context=True)
def term(context: template.Context, name: str, text: str = "") -> SafeString:
    """`{% term "CLV" %}`: a word that explains itself where a page first says it, without a script.

    Later on the page it is only the word. What it means comes from docs/glossary.md.
    """
    request = context.get("request")
    said: set[str] = set() if request is None else request.__dict__.setdefault("_terms", set())
    shown = text or name
    meant = meaning(name)
    if name.lower() in said:
        return SafeString(escape(shown))
    said.add(name.lower())
    return format_html(
        '<button type="button" class="term" popovertarget="term-{0}">{1}</button>'
        '<span class="term-said" id="term-{0}" popover><strong>{2}</strong>: {3}.</span>',
        slugify(name),
        shown,
        name,
        meant,
    )


@register.simple_tag(takes_context=True)
def head(
    context: template.Context, table: Table, name: str, word: str = "", title: str = ""
) -> SafeString:
    """`{% head table "price" %}`: a column's head, which sorts the table by it.

    `word`: one of the glossary, which then explains itself beside the arrow that sorts.
    """
    column = table.columns[name]
    said = table.aria_sort(name)
    arrow = format_html(
        '<span class="sort-arrow" aria-hidden="true">{}</span>',
        {"descending": "▼", "ascending": "▲"}.get(said, "↕"),
    )
    url = table.sort_url(name)
    if word:
        said_first = term(context, word, column.label)
        link = '{} <a class="sort" href="{}"><span class="sr-only">Sort by {}</span>{}</a>'
        inner = format_html(link, said_first, url, column.label, arrow)
    else:
        inner = format_html('<a class="sort" href="{}">{}{}</a>', url, column.label, arrow)
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"{}>{}</th>',
        "num" if column.is_figure else "",
        said,
        format_html(' title="{}"', title) if title else "",
        inner,
    )


@register.simple_tag(takes_context=True)
def heads(context: template.Context, table: Table) -> SafeString:
    """`{% heads table as heads %}`: all its heads, for several tables of one order."""
    return SafeString("".join(head(context, table, name) for name in table.columns))


@register.filter(name="json")
def as_json(value: object) -> str:
    """`data-options="{{ options|json }}"`: what a script reads from an attribute."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def count_set(chips: Sequence[Chip]) -> int:
    """`{{ chips|count_set }}`: how many filters are set."""
    return sum(bool(chip.value) for chip in chips)


@register.filter
def price(value: Decimal | float | None, user: object = None) -> str:
    """`{{ bet.price|price:user }}`: the price in the format that this reader chose."""
    return formats.price_text(value, getattr(user, "price_format", "decimal"))


@register.filter
def fair(probability: float | None, user: object = None) -> str:
    """`{{ p|fair:user }}`: the fair price of a probability, as this reader writes prices."""
    return formats.fair_text(probability, getattr(user, "price_format", "decimal"))


@register.filter
def money(amount: Decimal | None, currency: str = "EUR") -> str:
    return formats.money_text(amount, currency or "EUR")


@register.filter
def said(sentence: object, currency: str = "") -> str:
    """Write a stored sentence with its figures as pages write them, money in this currency."""
    return formats.said_text(str(sentence), currency)


@register.simple_tag
def bars(drawn: Iterable[Bar]) -> SafeString:
    """`{% bars plot.bars %}`: the bars of a histogram, dozens of them, without template nodes."""
    return SafeString(
        "".join(
            f'<rect class="{bar.kind}" x="{bar.x}" y="{bar.y}" width="{bar.width}"'
            f' height="{bar.height}" rx="1.5"><title>{escape(bar.text)}</title></rect>'
            for bar in drawn
            if bar.height
        )
    )


@register.filter
def percent(share: float | Decimal | None, places: int = 1) -> str:
    # A template hands on "" for what an absent row would have.
    return formats.share_text(share if isinstance(share, float | Decimal) else None, places)


@register.filter
def chance(share: float | None) -> str:
    return formats.chance_text(share if isinstance(share, float) else None)


@register.filter
def signed(share: float | Decimal | None, places: int = 1) -> str:
    return formats.signed_share_text(share if isinstance(share, float | Decimal) else None, places)


@register.filter
def figure(value: float | None, places: int = 4) -> str:
    if not isinstance(value, float):
        return formats.NOTHING
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


@register.filter
def scored(value: float | None, name: str) -> str:
    """`{{ row.model|scored:row.name }}`: a score by its name; accuracy is a share."""
    return percent(value) if name == "Accuracy" else figure(value)


@register.filter
def signed_figure(value: float | None, places: int = 3) -> str:
    """`{{ part.log_odds|signed_figure:3 }}`: a number with its sign, a true minus."""
    if not isinstance(value, float):
        return formats.NOTHING
    text = f"{value:+.{places}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


@register.filter
def count(value: int | None, unknown: str = formats.NOTHING) -> str:
    """`{{ account.used|count:"it has not said" }}`: thousands apart, or why there is none."""
    # A template hands on "" for what an absent row would have.
    return f"{value:,}" if isinstance(value, int) else unknown


@register.filter
def words(name: str) -> str:
    """`{{ "full_kelly"|words }}`: a key as a reader's words."""
    return formats.key_text(str(name))


@register.filter
def feed(name: str) -> str:
    """`{{ row.source|feed }}`: a provider by its name; a file's name is its own."""
    return formats.feed_text(str(name))


@register.filter
def job(name: str) -> str:
    """`{{ "odds.fetch_odds"|job }}`: what a job does, in words."""
    app, _, what = str(name).rpartition(".")
    if what == "upkeep":
        return f"Upkeep of {app.partition('_')[0]}"
    return words(what).replace("clv", "CLV")


@register.filter
def outcome(told: object) -> str:
    """`{{ job.detail|outcome }}`: what a job did, in words."""
    return formats.outcome_text(told)


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: object) -> Any:  # noqa: ANN401
    """`{{ row|get:key }}`: a mapping's value where the key is itself a variable."""
    return mapping.get(key) if mapping else None


def _coloured(amount: float | Decimal | None, text: str) -> SafeString:
    # By the hundred on some pages, so without format_html; a currency is a person's own word.
    text = formats.NOTHING if amount is None else escape(text)
    kind, arrow = "flat", ""
    if amount:
        kind, arrow = ("gain", "▲") if amount > 0 else ("loss", "▼")
        arrow = f'<span class="arrow" aria-hidden="true">{arrow}</span>'
    return SafeString(f'<span class="{kind}">{arrow}{text}</span>')


@register.filter
def signed_money(amount: Decimal, currency: str = "EUR") -> str:
    """Write what changed, with its sign: neither gain nor loss, as where money was paid in."""
    return formats.signed_money_text(amount, currency or "EUR")


@register.filter
def pnl(amount: float | Decimal | None, currency: str = "EUR") -> SafeString:
    """Profit or loss: sign, arrow and colour, so that no one of them carries it alone."""
    if amount is None:
        return _coloured(None, "")
    text = formats.money_text(amount, currency or "EUR")
    return _coloured(amount, f"+{text}" if amount > 0 else text)


@register.filter
def change(share: float | None, places: int = 1) -> SafeString:
    """Write a signed share with the arrow and colour of profit or loss."""
    known = share if isinstance(share, float | Decimal) else None
    if known is not None and round(float(known), places + 2) == 0:
        # What is written as 0.0 % has no direction.
        known = 0.0
    return _coloured(known, formats.signed_share_text(known, places))


def zone_of(user: object) -> ZoneInfo:
    """Return the time zone in which this reader likes moments."""
    return ZoneInfo(getattr(user, "time_zone", "") or "UTC")


PATTERNS = {
    "short": "%-d %b %H:%M",
    "long": "%A %-d %B %Y, %H:%M %Z",
    "time": "%H:%M",
    "seconds": "%H:%M:%S",
    "date": "%-d %b %Y",
    "day": "%a %-d %b",
}
# Where a moment lies in another year than the world's, its year is written too.
OTHER_YEAR = {"short": "%-d %b %Y %H:%M", "day": "%a %-d %b %Y"}


@register.simple_tag(takes_context=True)
def moment(
    context: template.Context, at: datetime | str | None, style: str = "short"
) -> SafeString:
    """`{% moment bet.placed_at %}`: a moment in the reader's time zone, exact in its title.

    One that is stored as text, such as in a document, is read first.
    """
    if not at:
        return mark_safe(formats.NOTHING)  # noqa: S308 a constant
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    zone = zone_of(context.get("user"))
    local, world = at.astimezone(zone), context.get("world_now")
    pattern = PATTERNS[style]
    if world is not None and local.year != world.astimezone(zone).year:
        pattern = OTHER_YEAR.get(style, pattern)
    return _time(at, local, local.strftime(pattern))


def _time(at: datetime, local: datetime, text: str) -> SafeString:
    # Figures and names of days alone, by the hundred on some pages: so without format_html.
    exact = local.strftime("%A %-d %B %Y, %H:%M:%S %Z")
    return SafeString(
        f'<time datetime="{at.isoformat(timespec="seconds")}" title="{exact}">{text}</time>'
    )


@register.filter
def day(stored: str) -> str:
    """`{{ "2026-01-31"|day }}`: a day that is stored as text."""
    return date.fromisoformat(stored).strftime(PATTERNS["date"])


@register.simple_tag(takes_context=True)
def relative(
    context: template.Context, at: datetime | None, real: bool = False
) -> SafeString:  # `real`: seen from the real time, as job runs are
    """`{% relative event.starts_at %}`: 'in 2 h 15 min', the exact moment in the title."""
    if at is None:
        return mark_safe("never")
    now = timezone.now() if real else context.get("now") or timezone.now()
    return time_since(at, now, zone_of(context.get("user")))


def time_since(at: datetime, now: datetime, zone: ZoneInfo) -> SafeString:
    """Write a moment as seen from now, the exact one in its title."""
    return _time(at, at.astimezone(zone), formats.relative_text(at, now))


@register.filter
def clock_of(at: datetime) -> str:
    """`{{ entry.at|clock_of }}`: 'real' or 'world', where only one clock can have shown it."""
    return clock.clock_of(at)


@register.filter
def span(length: timedelta | None) -> str:
    return formats.span_text(length) if isinstance(length, timedelta) else formats.NOTHING


@register.inclusion_tag("_field.html")
def field(bound: object) -> dict[str, object]:
    """Show a form field with its label, help and errors tied together."""
    return {"field": bound}
