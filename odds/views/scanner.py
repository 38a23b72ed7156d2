"""The Scanner: what the slate offers beyond single prices, and its export."""

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.exports import Row, export
from accounts.showing.pages import Chip, chips, values
from odds import screens
from odds.finds import Found
from odds.scanner import KINDS, Asked, scan

# What a find of each kind is sorted by.
VALUES = {
    "arbitrages": "Profit",
    "low-holds": "Hold",
    "middles": "Expected",
    "outliers": "Edge",
    "steam": "Change",
}
AGES = {"5": "seen within 5 minutes", "60": "seen within an hour"}
A_PAGE = 25
COLUMNS = (
    "kind", "event_id", "competition", "event", "starts_at", "market", "line", "value",
    "selections", "bookmakers", "prices", "stakes", "outlay", "profit", "oldest_minutes", "note",
    "doubts",
)  # fmt: skip
TEXTS = ("event", "market", "selections", "bookmakers", "note", "doubts")


@require_GET
@login_required
def scanner(request: UserRequest) -> HttpResponse:
    """Show the finds of one kind, best first, each with the age of its oldest leg."""
    since = live.position()
    now = clock.now()
    kind, asked, made, faults = _asked(request)
    found = scan(kind, asked, now=now)
    page = Paginator(found.found, A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "odds/_scanner.html" if request.htmx else "odds/scanner.html",
        {
            "kind": kind,
            "kinds": KINDS.items(),
            "value_title": VALUES[kind],
            "asked": asked,
            "faults": faults,
            "chips": made,
            "scan": found,
            "shown": page.object_list,
            "paging": page,
            "now": now,
            "since": since,
        },
        status=422 if faults else 200,
    )


@require_GET
@login_required
def export_scanner(request: UserRequest, kind: str) -> StreamingHttpResponse:
    """Send exactly the finds that the filter keeps, as CSV or JSON."""
    tab, asked, _, _ = _asked(request)
    found = scan(tab, asked, now=clock.now()).found
    return export(_rows(found), COLUMNS, kind=kind, name=tab, texts=TEXTS)


def _asked(request: UserRequest) -> tuple[str, Asked, list[Chip], list[str]]:
    """Return the tab, what is asked, the chips, and what of the address could not be meant."""
    tab = request.GET.get("tab", "")
    kind = tab if tab in KINDS else next(iter(KINDS))
    filters = {
        "competition": screens.competition_filter(clock.now()),
        "age": ("Age", list(AGES.items())),
        "doubtful": ("Doubtful", [("yes", "shown too")]),
    }
    made = chips(request.GET, filters)
    chosen = values(made, filters)
    faults: list[str] = []
    asked = Asked(
        outlay=_amount(request, "outlay", Decimal(100), faults),
        unit=_amount(request, "unit", Decimal(1), faults),
        # On a clock that runs faster, sweeps are as much further apart.
        max_age=float(chosen["age"] or 15) * max(clock.rate(), 1.0),
        competition_key=chosen["competition"],
        with_doubtful=chosen["doubtful"] == "yes",
        with_simulated=settings.CLOCK is not None,
    )
    return kind, asked, made, faults


def _amount(request: UserRequest, name: str, default: Decimal, faults: list[str]) -> Decimal:
    text = request.GET.get(name, "")
    if not text:
        return default
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not Decimal("0.01") <= amount <= Decimal(1_000_000):
        faults.append(f"{name}: {text!r} is no amount; use 0.01 to 1,000,000, such as {default}.")
        return default
    return amount


def _rows(found: Iterable[Found]) -> Iterator[Row]:
    for each in found:
        yield {
            "kind": each.kind,
            "event_id": each.event.pk,
            "competition": each.event.competition.key,
            "event": f"{each.event.away.name} at {each.event.home.name}",
            "starts_at": each.event.starts_at.isoformat(),
            "market": each.market_key,
            "line": each.line,
            "value": round(each.value, 6),
            "selections": " | ".join(leg.title for leg in each.legs),
            "bookmakers": " | ".join(leg.bookmaker_key for leg in each.legs),
            "prices": " | ".join(str(leg.price) for leg in each.legs),
            "stakes": " | ".join(str(leg.stake) for leg in each.legs if leg.stake is not None),
            "outlay": None if each.outlay is None else str(each.outlay),
            "profit": None if each.profit is None else str(each.profit),
            "oldest_minutes": round(each.oldest.total_seconds() / 60, 1),
            "note": each.note,
            "doubts": " ".join(each.doubts),
        }
