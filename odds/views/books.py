"""How much each bookmaker is believed."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from odds.books import books_of


@require_GET
@login_required
def bookmakers(request: UserRequest) -> HttpResponse:
    """Show the weights in force in a sport, what they were learned from, how fresh each is."""
    found = books_of(request.GET.get("sport", ""), now=clock.now())
    return render(
        request,
        "odds/bookmakers.html",
        {"found": found},
    )
