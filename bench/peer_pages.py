"""The odds screen as one would write it first, for bench_pages.py: model objects and a template.

Served by the same server as ours, beside it. It shows less: no movement, no keyed cells, no lines
but one, and its fair price only divides by the sum.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.ROOT_URLCONF = "bench.peer_pages"

from django.contrib.auth.decorators import login_required  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402

from config.asgi import application  # noqa: E402 - with our addresses
from odds.models import Bookmaker, Event, Quote  # noqa: E402

__all__ = ["application", "urlpatterns"]

PAGE = """{% extends "base.html" %}{% load fairline %}{% block main %}
<table class="t"><thead><tr>

<th>Selection</th><th>Best</th><th>Fair</th>{% for book in books %}<th>{{ book.title }}</th>
{% endfor %}
</tr></thead>{% for event, rows in events %}<tbody><tr><th>{{ event.away.name }} at
{{ event.home.name }}<span class="sub">{{ event.competition.title }}</span></th></tr>
{% for row in rows %}<tr><th>{{ row.selection.side }}
{{ row.selection.point|default_if_none:"" }}</th>
<td>{{ row.best|price:user }}</td><td>{{ row.fair|fair:user }}</td>{% for quote in row.quotes %}<td>
{% if quote %}<span class="px{% if quote.price == row.best %} px-best{% endif %}" title="seen
{{ quote.confirmed_at }}">{{ quote.price|price:user }}</span>{% else %}–{% endif %}</td>{% endfor %}
</tr>{% endfor %}</tbody>{% endfor %}</table>{% endblock %}"""


@login_required
def odds(request: HttpRequest) -> HttpResponse:
    """Show the next twenty events by bookmaker."""
    books = list(Bookmaker.objects.filter(is_archive=False))
    events = (
        Event.objects.filter(starts_at__gt=timezone.now(), status="scheduled", markets__key="h2h")
        .select_related("home", "away", "competition")
        .order_by("starts_at", "pk")[:20]
    )
    shown = []
    for event in events:
        quotes = (
            Quote.objects.with_looks()
            .filter(selection__market__event=event, selection__market__key="h2h")
            .select_related("selection", "bookmaker")
        )
        by_selection: dict[int, list[Quote]] = {}
        for quote in quotes:
            by_selection.setdefault(quote.selection_id, []).append(quote)
        best = {pk: max(q.price for q in each if q.price) for pk, each in by_selection.items()}
        total = sum(1 / float(price) for price in best.values())
        rows = []
        for pk, each in by_selection.items():
            at = {quote.bookmaker_id: quote for quote in each}
            rows.append(
                {
                    "selection": each[0].selection,
                    "best": best[pk],
                    "fair": 1 / float(best[pk]) / total,
                    "quotes": [at.get(book.pk) for book in books],
                }
            )
        shown.append((event, rows))
    page = engines["django"].from_string(PAGE)
    return HttpResponse(page.render({"books": books, "events": shown}, request))


urlpatterns = [path("peer/odds/", odds), path("", include("config.urls"))]
