"""The converter of free bets and promotions: by the prices of now, and by prices typed."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from odds import screens
from odds.domain.free_bets import (
    Conversion,
    Offer,
    OfferKind,
    convert,
    convert_by_laying,
    net_price,
)
from odds.forms import CalculatorForm, FindForm
from odds.free_bets import Wanted, conversions

TABS = {"find": "Best place now", "calculator": "Calculator"}


@require_GET
@login_required
def free_bets(request: UserRequest) -> HttpResponse:
    """Show where an offer converts best, or what typed prices make of it.

    Everything asked is in the address; nothing is kept.
    """
    now = clock.now()
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "find"
    # An address without an amount asks nothing yet.
    data = request.GET if "amount" in request.GET else None
    given: dict[str, Any] = {"kind": OfferKind.FREE_BET, "worth": "70"}
    shown: dict[str, Any] = {"tab": tab, "tabs": TABS.items(), "now": now}
    form: FindForm | CalculatorForm
    if tab == "find":
        books = [(book.pk, book.title) for book in screens.bookmakers()]
        form = FindForm(data, books=books, initial=given)
        if form.is_valid():
            doubtful = request.GET.get("doubtful") == "yes"
            wanted = _wanted(form.cleaned_data, with_doubtful=doubtful)
            shown |= {"found": conversions(wanted, now=now), "wanted": wanted}
    else:
        form = CalculatorForm(data, initial=given | {"by": "back"})
        if form.is_valid():
            shown |= {"worked": _worked(form.cleaned_data), "asked": form.cleaned_data}
    refused = form.is_bound and not form.is_valid()
    return render(
        request, "odds/free_bets.html", shown | {"form": form}, status=422 if refused else 200
    )


def _offer(asked: dict[str, Any]) -> Offer:
    return Offer(OfferKind(asked["kind"]), asked["amount"], asked["worth"])


def _wanted(asked: dict[str, Any], *, with_doubtful: bool) -> Wanted:
    return Wanted(
        offer=_offer(asked),
        bookmaker_id=asked["book"],
        min_price=asked["min_price"] or Decimal(1),
        market_keys=asked["markets"],
        # On a clock that runs faster, sweeps are as much further apart.
        max_age=15.0 * max(clock.rate(), 1.0),
        with_doubtful=with_doubtful,
        with_simulated=settings.CLOCK is not None,
    )


def _worked(asked: dict[str, Any]) -> Conversion:
    def share(name: str) -> Decimal:
        return (asked[name] or Decimal(0)) / 100

    offer = _offer(asked)
    if asked["by"] == "lay":
        return convert_by_laying(offer, asked["price"], asked["price_2"], share("commission_2"))
    against = [net_price(asked["price_2"], share("commission_2"))]
    if asked["price_3"]:
        against.append(net_price(asked["price_3"], share("commission_3")))
    return convert(offer, asked["price"], against)
