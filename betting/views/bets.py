"""Bets: the list and its exports, and one bet with all that explains it."""

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.exports import export
from accounts.showing.formats import price_text
from accounts.showing.pages import Chip, Column, Table, chips, set_values
from accounts.templatetags.fairline import zone_of
from betting import screens
from betting.screens import BetRow
from betting.selectors import bets as selectors
from betting.selectors.bets import EVENT, BetFilter
from betting.selectors.columns import Names, bet_columns, names_of
from betting.selectors.legs import legs_of
from betting.selectors.money import bankroll_of
from betting.selectors.stakes import limits_line_of
from betting.venues.registry import venue_by_key

TABLE = {
    "event": Column("Event", 2, f"{EVENT}__starts_at", "soonest", "latest", is_figure=False),
    "book": Column("Book", 3, "bookmaker__title", "A", "Z", is_figure=False),
    "placed": Column("Placed", 4, "placed_at", "oldest", "newest", is_figure=False, is_known=True),
    "price": Column("Price", 5, "at_price"),
    "stake": Column("Stake", 6, "at_stake"),
    "status": Column("Status", 7, is_figure=False),
    "clv": Column("CLV", 8, "clv"),
    "profit": Column("P&L", 9, "profit"),
}
EXPORTED = (
    "id", "placed_at", "competition", "event", "starts_at", "market", "selection", "bookmaker",
    "venue", "price", "price_shown", "stake",
    "matched_stake", "matched_price", "currency", "status", "result", "returned", "profit",
    "settled_at", "fair_probability", "clv", "strategy", "tags", "note",
)  # fmt: skip


@require_GET
@login_required
def bets(request: UserRequest) -> HttpResponse:
    """List my bets, as filtered, with sums over all that the filter keeps."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    mine = bet_columns(request.user.pk)
    names = names_of(mine)
    made, which = _filters(request, names)
    table = Table(TABLE, request.GET, "-placed")
    page = request.GET.get("page", "1")
    money = bankroll_of(request.user.pk)
    shown = screens.bets_page(
        request.user.pk,
        which,
        selectors.bet_sums(mine, names, which),
        page=int(page) if page.isdecimal() and len(page) < 9 else 1,
        order=table.order,
    )
    return render(
        request,
        "betting/_bets.html" if request.htmx else "betting/bets.html",
        {
            "bets": shown,
            "chips": [*made, *table.chips],
            "table": table,
            "chips_on": which != BetFilter(),
            "money": money,
            "limits_line": limits_line_of(money, now=clock.now()),
            "now": clock.now(),
            "since": since,
        },
    )


@require_GET
@login_required
def export_bets(request: UserRequest, kind: str) -> StreamingHttpResponse:
    """Send exactly the bets that the filter keeps, in the list's order, as CSV or JSON."""
    _, which = _filters(request, names_of(bet_columns(request.user.pk)))
    user = request.user
    order = Table(TABLE, request.GET, "-placed").order
    rows = (
        exported(screens.bet_row(bet), user.price_format)
        for bet in selectors.bets(user.pk, which, order=order).iterator(chunk_size=500)
    )
    return export(rows, EXPORTED, kind=kind, name="bets", texts=EXPORTED_TEXTS)


@require_GET
@login_required
def bet(request: UserRequest, bet_id: int) -> HttpResponse:
    """Show one bet: what was believed, how the stake came about, and every cent it moved."""
    now, since = clock.now(), live.position()
    found = selectors.bet_in_full(request.user.pk, bet_id)
    if found is None:
        raise Http404("There is no such bet of yours.")
    return render(
        request,
        "betting/_bet.html" if request.htmx else "betting/bet.html",
        {
            "bet": found,
            "since": since,
            "row": screens.bet_row(found),
            "legs": legs_of(found, now=now),
            "close": getattr(found.selection, "close", None),
            "venue_title": venue_by_key(found.venue).terms.title,
            "waits_for_bettor": selectors.waits_for_bettor(found),
            "can_be_cancelled": selectors.can_be_cancelled(found),
            "waited": now - found.placed_at,
            "next_look": found.next_look_at,
            "now": now,
        },
    )


def _filters(request: UserRequest, names: Names) -> tuple[list[Chip], BetFilter]:
    filters = screens.bet_choices(names)
    asked = request.GET.get("settled_at", "")
    if at := _moment(asked):
        # As a notice of several bets leads here; nobody picks a moment out of a list.
        local = at.astimezone(zone_of(request.user))
        filters["settled_at"] = ("Settled", [(asked, f"{local:%-d %b %Y %H:%M:%S}")])
    made = chips(request.GET, filters)
    which = set_values(made, filters)
    return made, BetFilter(**which | ({"settled_at": at} if at else {}))


def _moment(text: str) -> datetime | None:
    """Read a moment of an address; None where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def exported(row: BetRow, price_format: str) -> dict[str, str | float | int | None]:
    """Return a bet as a line of a file."""
    bet = row.bet
    strategy = bet.opportunity.strategy.title if bet.opportunity else ""
    return {
        "id": bet.pk,
        "placed_at": bet.placed_at.isoformat(),
        "competition": row.event.competition.title,
        "event": f"{row.event.away.name} at {row.event.home.name}",
        "starts_at": row.event.starts_at.isoformat(),
        "market": bet.selection.market.key,
        "selection": row.title,
        "bookmaker": bet.bookmaker.title,
        "venue": bet.venue,
        "price": str(bet.price),
        "price_shown": price_text(bet.price, price_format),
        "stake": str(bet.stake),
        "matched_stake": None if bet.matched_stake is None else str(bet.matched_stake),
        "matched_price": None if bet.matched_price is None else str(bet.matched_price),
        "currency": bet.bankroll.currency,
        "status": bet.status,
        "result": bet.result,
        "returned": None if bet.returned is None else str(bet.returned),
        "profit": None if row.profit is None else str(row.profit),
        "settled_at": bet.settled_at.isoformat() if bet.settled_at else None,
        "fair_probability": bet.fair_probability,
        "clv": bet.clv,
        "strategy": strategy,
        "tags": ", ".join(bet.tags),
        "note": bet.note,
    }


EXPORTED_TEXTS = {
    "competition",
    "event",
    "selection",
    "bookmaker",
    "venue",
    "price_shown",
    "strategy",
    "tags",
    "note",
}
