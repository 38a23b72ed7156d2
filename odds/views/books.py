"""How much each bookmaker is believed."""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from accounts import clock
from accounts.http import UserRequest, or_404
from accounts.showing.pages import Column, Table
from odds.books import books_of, last_learning
from odds.tasks import ask_to_learn

TABLE = {
    "book": Column("Bookmaker", 1, "bookmaker.title", "A", "Z", is_figure=False),
    "weight": Column("Weight", 2, "weight"),
    "hand": Column("Set by hand", 3, "bookmaker.weight"),
    "events": Column("Events judged", 4, "learned.events", "few", "most"),
    "error": Column("Error", 5, "learned.error"),
    "relative": Column("Relative", 6, "learned.relative"),
    "margin": Column("Margin", 7, "learned.margin"),
    "commission": Column("Commission", 8, "bookmaker.commission_share"),
    "seen": Column("Last seen", 9, "seen_at", "oldest", "newest"),
}
# What nobody has learned in a sport has no columns.
LEARNED = ("events", "error", "relative", "margin")


@require_GET
@login_required
def bookmakers(request: UserRequest) -> HttpResponse:
    """Show the weights in force in a sport, what they were learned from, how fresh each is."""
    found = books_of(request.GET.get("sport", ""), now=clock.now())
    columns = TABLE if found.weights else _as_set_by_hand()
    table = Table(columns, request.GET, "-weight")
    return render(
        request,
        "odds/bookmakers.html",
        {
            "found": found,
            "books": table.in_order(found.books),
            "table": table,
            "chips": table.chips,
            "learning": last_learning(found.sport) if request.user.is_staff else None,
        },
    )


@require_POST
@login_required
def learn(request: UserRequest) -> HttpResponse:
    """Have a sport's weights learned from its history by the workers."""
    sport_key = request.POST.get("sport", "")[:64]
    with or_404(ObjectDoesNotExist):
        try:
            ask_to_learn(sport_key=sport_key, by_id=request.user.pk, now=clock.now())
        except OperationalError:
            messages.error(request, "The queue is away; nothing was done, try again.")
        else:
            messages.success(
                request, "Asked for. What came of it is said here in some minutes: reload the page."
            )
    return redirect(f"{reverse('bookmakers')}?{urlencode({'sport': sport_key})}")


def _as_set_by_hand() -> dict[str, Column]:
    left = (item for item in TABLE.items() if item[0] not in LEARNED)
    return {name: replace(column, place=place) for place, (name, column) in enumerate(left, 1)}
