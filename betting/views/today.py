"""Today, and placing a bet from it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.messages import ERROR, SUCCESS
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.formats import money_text, price_text
from accounts.showing.pages import Column, Table, chips, set_values
from betting import screens
from betting.forms import PlaceBet
from betting.selectors.opportunities import MARKET, OpportunityFilter
from betting.selectors.stakes import used_of
from betting.selectors.venues import venues_open_at
from betting.services.placement import RequestKeyReused, StakeRefused
from betting.services.placement import place_bet as place
from betting.services.prices import latest_price
from betting.venues.registry import venue_by_key
from odds.screens import MARKETS, competition_filter

TABLE = {
    "event": Column(
        "Event", 1, f"{MARKET}__event__starts_at", "soonest", "latest", is_figure=False
    ),
    "book": Column("Book", 3, "quote__bookmaker__title", "A", "Z", is_figure=False),
    "price": Column("Price", 4, "price"),
    "fair": Column("Fair", 5, "fair_probability", "long shots", "favourites"),
    "market": Column("Market", 6, "market_probability", "long shots", "favourites"),
    "model": Column("Model", 7, "model_probability", "long shots", "favourites"),
    "edge": Column("Edge", 8, "edge", is_known=True),
}
EDGES = ("0.01", "0.02", "0.03", "0.05")
HOURS = {1: "an hour", 6: "6 hours", 24: "a day", 72: "3 days"}
# Where a price is no longer short, and where it begins to be long.
SHORT, LONG = "2.00", "3.50"
# A number or a price of an address; no longer one is either.
LONGEST = 16


@require_GET
@login_required
def today(request: UserRequest) -> HttpResponse:
    """Show what is worth a bet now, or what was passed over and why."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    now = clock.now()
    filters = {
        "competition": competition_filter(now),
        "market": ("Market", list(MARKETS.items())),
        "edge": ("Edge", [(edge, f"{float(edge):.0%} and more") for edge in EDGES]),
        "price": ("Price", _prices(request.user.price_format)),
        "starts": ("Starts", [(str(hours), f"within {text}") for hours, text in HOURS.items()]),
        "books": ("Books", [("mine", "Mine only")] if request.user.my_books else []),
    }
    made = chips(request.GET, filters)
    chosen = set_values(made, filters)
    passed = request.GET.get("tab") == "passed"
    table = Table(TABLE, request.GET, "-edge")
    which = replace(_which(chosen, request.user.my_books, now), recommended=not passed)
    page = screens.today(
        request.user.pk,
        which,
        now=now,
        rate=clock.rate(),
        order=table.order,
        page=request.GET.get("page"),
        refresh=request.GET.get("refresh") == "1",
    )
    template = "betting/_today.html" if request.htmx else "betting/today.html"
    return render(
        request,
        template,
        {
            "today": page,
            "money": page.money,
            # The frame shows them too; it need not ask again.
            "halts": page.halts,
            "passed": passed,
            "chips": [*made, *table.chips],
            "table": table,
            "chips_on": bool(chosen),
            "now": now,
            "since": since,
        },
    )


def _prices(price_format: str) -> list[tuple[str, str]]:
    """Return each range of prices as the reader writes prices."""

    def said(price: str) -> str:
        return price_text(Decimal(price), price_format)

    return [
        (f"-{SHORT}", f"up to {said(SHORT)}"),
        (f"{SHORT}-{LONG}", f"{said(SHORT)} to {said(LONG)}"),
        (f"{LONG}-", f"{said(LONG)} and more"),
    ]


def _which(chosen: Mapping[str, str], books: Sequence[str], now: datetime) -> OpportunityFilter:
    """Return what the chips that are set stand for."""
    low, _, high = chosen.get("price", "-").partition("-")
    return OpportunityFilter(
        competition=chosen.get("competition"),
        market=chosen.get("market"),
        min_edge=Decimal(chosen["edge"]) if "edge" in chosen else None,
        min_price=Decimal(low) if low else None,
        max_price=Decimal(high) if high else None,
        starts_before=now + timedelta(hours=int(chosen["starts"])) if "starts" in chosen else None,
        books=tuple(books) if "books" in chosen else None,
    )


@require_http_methods(["GET", "POST"])
@login_required
def place_bet(request: UserRequest) -> HttpResponse:
    """Confirm a bet on an opportunity, or on any price, with its exact figures, and place it.

    `saw` is the price as whoever follows a link saw it, `stake` what it offers to stake. An open
    form asks for its prices again, with the price that it was `opened` with.
    """
    since, now = live.position(), clock.now()
    data = request.POST if request.method == "POST" else request.GET
    bettor = screens.bettor_of(request.user.pk, now=now)
    row = _row(data, bettor, now=now)
    if row is None:
        raise Http404("There is no such price.")
    if request.method == "GET":
        if request.htmx and "opened" in request.GET:
            shown = _price_now(request, row, _opened(request), since)
            told = shown | {"money": bettor.money}
            return render(request, "betting/_price_now.html", told)
        latest = _latest(row)
        # What an opportunity was found at is the least that it was decided for.
        found = row.opportunity.price if row.opportunity else latest
        form = PlaceBet(
            initial={
                "request_key": str(uuid.uuid4()),
                "stake": data.get("stake", "")[:LONGEST] or row.stake or None,
                "price": min(found, latest) if found and latest else found,
                "venue": "paper",
            }
        )
        return _confirm(request, form, row, bettor, since=since, status=200)
    form = PlaceBet(request.POST)
    bet_id = _placed(request, form)
    if bet_id is None:
        return _confirm(request, form, row, bettor, since=since, status=422)
    if venue_by_key(form.cleaned_data["venue"]).terms.asks_person:
        # What they are to do now has its own page.
        if request.htmx:
            return HttpResponseClientRedirect(reverse("confirm_bet", args=[bet_id]))
        return redirect("confirm_bet", bet_id)
    made = screens.rows_of_bets(request.user.pk, [bet_id])[bet_id]
    said = _said(made, request.user.price_format)
    if not request.htmx or row.opportunity is None:
        messages.add_message(request, ERROR if made.was_refused else SUCCESS, said)
        return redirect("bet", bet_id)
    bettor = screens.bettor_of(request.user.pk, now=now)
    fresh = screens.opportunity_of(row.opportunity.pk, bettor, now=now, rate=clock.rate())
    # As the tab that it stands in shows it.
    passed = bool(row.opportunity.passes)
    context = {
        "rows": [fresh], "money": bettor.money, "passed": passed, "now": now,
        "said": said, "said_of": reverse("bet", args=[bet_id]),
    }  # fmt: skip
    return render(request, "betting/_opportunity_row.html", context, status=201)


def _said(made: screens.BetRow, price_format: str) -> str:
    """Say what became of a bet that was just placed."""
    bet, currency = made.bet, made.bet.bankroll.currency
    what = (
        f"{money_text(bet.taken_stake, currency)} on {made.title} at"
        f" {price_text(bet.taken_price, price_format)}, {bet.bookmaker.title}."
    )
    if made.was_refused:
        return f"Not taken, your stake is back: {what} {bet.rejection}".strip()
    win = f"It can win {money_text(made.can_win, currency)}"
    if made.is_unanswered:
        return f"Bet sent, {made.venue} has yet to answer: {what} {win}."
    return f"Bet placed: {what} {win}."


def _row(
    data: QueryDict, bettor: screens.Bettor, *, now: datetime
) -> screens.OpportunityRow | screens.PriceRow | None:
    """Return what is to be bet on: an opportunity by its number, or a price of a book."""

    def number(*names: str) -> int | None:
        text = next(filter(None, (data.get(name, "") for name in names)), "")
        return int(text) if text.isdecimal() and len(text) < LONGEST else None

    opportunity = number("opportunity_id", "opportunity")
    if opportunity is not None:
        return screens.opportunity_of(opportunity, bettor, now=now, rate=clock.rate())
    selection, book = number("selection_id", "selection"), number("bookmaker_id", "book")
    if selection is None or book is None:
        return None
    return screens.price_of(selection, book, bettor, now=now, rate=clock.rate())


def _placed(request: UserRequest, form: PlaceBet) -> int | None:
    """Place what the form asks, return the bet; what speaks against it becomes its errors."""
    if not form.is_valid():
        return None
    try:
        return place(owner_id=request.user.pk, now=clock.now(), **form.cleaned_data).pk
    except StakeRefused as refusal:
        for breach in refusal.breaches:
            form.add_error(breach.field if breach.field in form.fields else None, breach.detail)
    except RequestKeyReused as reused:
        form.add_error(None, str(reused))
    return None


def _latest(row: screens.OpportunityRow | screens.PriceRow) -> Decimal | None:
    """Return the book's price now: it moves while somebody types; None where it is withdrawn."""
    if row.opportunity is None:
        return row.price
    latest = latest_price(row.selection_id, row.book.pk)
    return row.opportunity.price if latest is None else latest.price


def _was(request: UserRequest, row: screens.OpportunityRow | screens.PriceRow) -> str:
    """Return the price as it was when it was chosen: as it was seen, or found."""
    if saw := request.GET.get("saw", "")[:LONGEST]:
        return saw
    return price_text(row.opportunity.price, request.user.price_format) if row.opportunity else ""


def _opened(request: UserRequest) -> Decimal | None:
    """Return the price that an open form asks about again; None for a form that opens."""
    try:
        price = Decimal(request.GET.get("opened", "")[:LONGEST])
    except InvalidOperation:
        return None
    return price if price.is_finite() else None


def _price_now(
    request: UserRequest,
    row: screens.OpportunityRow | screens.PriceRow,
    opened: Decimal | None,
    since: str,
) -> dict[str, object]:
    """Return what the part of the form shows that stays up to date.

    A price that left the one that the form was opened with is compared with that one, else with
    the one that was chosen.
    """
    price, was = _latest(row), _was(request, row)
    start = price if opened is None else opened
    moved = ""
    if start != price:
        was = price_text(start, request.user.price_format)
        moved = "up" if start and price and price > start else "down"
    which = (
        {"opportunity": row.opportunity.pk}
        if row.opportunity
        else {"selection": row.selection_id, "book": row.book.pk}
    )
    saw = {"saw": was} if was else {}
    return {
        "row": row,
        "price_now": price,
        "opened": start,
        "moved": moved,
        "was": "" if was == price_text(price, request.user.price_format) else was,
        "edge_now": row.edge_at(price),
        "market_edge": row.market_edge_at(price) if row.opportunity else None,
        "part_of": urlencode(which | saw | {"opened": "" if start is None else start}),
        "since": since,
        "now": clock.now(),
    }


def _confirm(
    request: UserRequest,
    form: PlaceBet,
    row: screens.OpportunityRow | screens.PriceRow,
    bettor: screens.Bettor,
    *,
    since: str,
    status: int,
) -> HttpResponse:
    shown = _price_now(request, row, None, since)
    used = used_of(bettor.money, bettor.staked, on=row.on)
    template = "_place_bet_form.html" if request.htmx else "place_bet.html"
    return render(
        request,
        f"betting/{template}",
        shown
        | {
            "form": form,
            "venues": venues_open_at(row.book.key, now=clock.now()),
            "money": bettor.money,
            "uses": used.of_stakes,
            "beside": screens.bets_beside(request.user.pk, row.selection, row.event),
            "event_room": used.rooms["max_event_share"],
        },
        status=status,
    )
