"""Money: bankrolls, what moves in and out of them, statements, and notices of corrections."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.alerts.selecting import notices_of
from accounts.http import UserRequest
from accounts.showing.exports import export
from accounts.showing.pages import query_of
from betting.forms_money import MoveMoney, NameBankroll, OpenBankroll, Period
from betting.selectors.money import bankrolls_of, books_to_move_to, money_in
from betting.selectors.statements import (
    Statement,
    bankroll_owned,
    just_after,
    movements,
    movements_page,
    statement_of,
)
from betting.services import bankrolls, ledger

COLUMNS = (
    "number", "at", "kind", "from_pot", "to_pot", "bookmaker", "amount", "change", "equity",
    "currency", "bet", "reference", "hash",
)  # fmt: skip
TEXTS = {"bookmaker", "reference"}
REFUSALS = (
    ledger.AmountRefused,
    ledger.BankrollClosed,
    bankrolls.NotEmpty,
    ledger.TransferRepeatedDifferently,
)
# So many movements a page; the files hold all.
SHOWN = 50


@require_GET
@login_required
def money(request: UserRequest) -> HttpResponse:
    """Show my bankrolls, pot by pot, and corrections I have not read."""
    return _money(request, status=200)


@require_POST
@login_required
def open_bankroll(request: UserRequest) -> HttpResponse:
    """Open a bankroll, or one that was closed once more."""
    form = OpenBankroll(request.POST)

    def do() -> str:
        name = bankrolls.read_name(form.cleaned_data["name"])
        currency = form.cleaned_data["currency"]
        bankrolls.open_bankroll(request.user.pk, name, currency, clock.now(), by_id=request.user.pk)
        return f"{name} is open."

    return _done(request, form, do, opening=form)


@require_POST
@login_required
def rename_bankroll(request: UserRequest, bankroll_id: int) -> HttpResponse:
    """Give one of my bankrolls another name."""
    _own(request, bankroll_id)
    form = NameBankroll(request.POST)

    def do() -> str:
        bankrolls.rename_bankroll(
            bankroll_id=bankroll_id,
            name=form.cleaned_data["name"],
            now=clock.now(),
            by_id=request.user.pk,
        )
        return "Renamed."

    return _done(request, form, do, naming=(bankroll_id, form))


@require_POST
@login_required
def close_bankroll(request: UserRequest, bankroll_id: int) -> HttpResponse:
    """Close one of my bankrolls that holds nothing."""
    own = _own(request, bankroll_id)
    try:
        bankrolls.close_bankroll(bankroll_id=bankroll_id, now=clock.now(), by_id=request.user.pk)
    except bankrolls.NotEmpty as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{own.name} is closed. Its record stays.")
    return redirect("money")


@require_POST
@login_required
def close_pot(request: UserRequest, bankroll_id: int, bookmaker_id: int) -> HttpResponse:
    """Close an empty pot at a bookmaker: stakes there come out of free money again."""
    _own(request, bankroll_id)
    book = dict(books_to_move_to()).get(bookmaker_id)
    if book is None:
        raise Http404("There is no such bookmaker.")
    try:
        bankrolls.close_pot(
            bankroll_id=bankroll_id,
            bookmaker_id=bookmaker_id,
            now=clock.now(),
            by_id=request.user.pk,
        )
    except bankrolls.NotEmpty as refused:
        messages.error(request, f"{book}: {refused}")
    else:
        messages.success(request, f"Stakes at {book} come out of free money again.")
    return redirect("money")


@require_POST
@login_required
def move_money(request: UserRequest, bankroll_id: int) -> HttpResponse:
    """Move money: written out first, done when it is confirmed."""
    _own(request, bankroll_id)
    form = MoveMoney(request.POST, books=books_to_move_to())
    if form.is_valid() and not form.cleaned_data["confirmed"]:
        books = dict(books_to_move_to())
        context = {
            "form": form,
            "money": money_in(bankroll_id),
            "asked": form.cleaned_data,
            "what": dict(form.fields["kind"].choices)[form.cleaned_data["kind"]],  # type: ignore[attr-defined]
            "book": books.get(form.cleaned_data["bookmaker"] or 0, ""),
        }
        return render(request, "betting/confirm_move.html", context)

    def do() -> str:
        asked = form.cleaned_data
        there = {"bookmaker_id": asked["bookmaker"]} if asked["kind"].endswith("_book") else {}
        moved = ledger.move_money(
            asked["kind"],
            bankroll_id=bankroll_id,
            amount=asked["amount"],
            reference=asked["request_key"],
            now=clock.now(),
            by_id=request.user.pk,
            **there,
        )
        return f"{moved.get_kind_display()}: {moved.amount}."

    return _done(request, form, do, moving=(bankroll_id, form))


@require_GET
@login_required
def statement(request: UserRequest, bankroll_id: int) -> HttpResponse:
    """Show a period of a bankroll: opening, movements, closing."""
    period = Period(request.GET)
    found = _statement(request, bankroll_id, period)
    rows, paging = movements_page(found, page=request.GET.get("page"), size=SHOWN)
    if period.is_valid() and not any(period.cleaned_data.values()):
        last = found.end - timedelta(microseconds=1)
        period = Period({"begin": found.begin.date().isoformat(), "end": last.date().isoformat()})
    return render(
        request,
        "betting/statement.html",
        {
            "statement": found,
            "rows": rows,
            "paging": paging,
            "period": period,
            "query": query_of(request),
        },
    )


@require_GET
@login_required
def export_statement(request: UserRequest, bankroll_id: int, kind: str) -> StreamingHttpResponse:
    """Send a statement as CSV or JSON."""
    found = _statement(request, bankroll_id, Period(request.GET))
    rows = (
        {
            "number": each.transfer.number,
            "at": each.transfer.at.isoformat(),
            "kind": each.transfer.kind,
            "from_pot": each.transfer.source.kind,
            "to_pot": each.transfer.destination.kind,
            "bookmaker": _book(each.transfer),
            "amount": str(each.transfer.amount),
            "change": str(each.change),
            "equity": str(each.equity),
            "currency": found.bankroll.currency,
            "bet": each.transfer.bet_id,
            "reference": each.transfer.reference,
            "hash": each.transfer.hash,
        }
        for each in movements(found)
    )
    return export(rows, COLUMNS, kind=kind, name="statement", texts=TEXTS)


def _book(transfer: object) -> str:
    ends = (getattr(transfer, name).bookmaker for name in ("source", "destination"))
    return next((book.title for book in ends if book is not None), "")


def _own(request: UserRequest, bankroll_id: int) -> Any:  # noqa: ANN401 - a view knows no models
    found = bankroll_owned(request.user.pk, bankroll_id)
    if found is None:
        raise Http404("There is no such bankroll of yours.")
    return found


def _statement(request: UserRequest, bankroll_id: int, period: Period) -> Statement:
    own = _own(request, bankroll_id)
    begin, end = period.moments()
    begin, end = begin or own.opened_at, end or just_after(clock.now())
    return statement_of(own, begin=min(begin, end), end=end)


Form = MoveMoney | NameBankroll


def _done(
    request: UserRequest,
    form: Form,
    do: Callable[[], str],
    *,
    opening: OpenBankroll | None = None,
    naming: tuple[int, NameBankroll] | None = None,
    moving: tuple[int, MoveMoney] | None = None,
) -> HttpResponse:
    """Do what a form asks, or show the page again with what speaks against it."""
    if form.is_valid():
        try:
            messages.success(request, do())
        except REFUSALS as refused:
            at = getattr(refused, "field", None)
            form.add_error(at if at in form.fields else None, str(refused))
        else:
            return redirect("money")
    return _money(request, status=422, opening=opening, naming=naming, moving=moving)


def _money(
    request: UserRequest,
    *,
    status: int,
    opening: OpenBankroll | None = None,
    naming: tuple[int, NameBankroll] | None = None,
    moving: tuple[int, MoveMoney] | None = None,
) -> HttpResponse:
    books = books_to_move_to()
    rows = [
        {
            "money": each,
            "move": moving[1]
            if moving is not None and moving[0] == each.bankroll_id
            else MoveMoney(books=books, auto_id=f"id_{each.bankroll_id}_%s"),
            "name": naming[1]
            if naming is not None and naming[0] == each.bankroll_id
            else NameBankroll(
                initial={"name": each.bankroll.name}, auto_id=f"id_name_{each.bankroll_id}_%s"
            ),
        }
        for each in bankrolls_of(request.user.pk)
    ]
    return render(
        request,
        "betting/money.html",
        {
            "rows": rows,
            "opening": opening or OpenBankroll(auto_id="id_open_%s"),
            "notices": notices_of(request.user.pk, unread=True, kind="correction")[:20],
        },
        status=status,
    )
