"""What a bettor may do about a bet that waits: confirm what they got, or take it back."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting import screens
from betting.forms import ConfirmBet
from betting.screens import BetRow
from betting.selectors import bets as selectors
from betting.services import answers
from betting.services.answers import CannotCancel
from betting.services.confirming import CannotConfirm
from betting.services.confirming import confirm_bet as confirm


@require_http_methods(["GET", "POST"])
@login_required
def confirm_bet(request: UserRequest, bet_id: int) -> HttpResponse:
    """Show what a bettor is to place by hand, and take what they really got."""
    found = selectors.bet_in_full(request.user.pk, bet_id)
    if found is None:
        raise Http404("There is no such bet of yours.")
    row = screens.bet_row(found)
    if request.method == "GET":
        if not selectors.waits_for_bettor(found):
            return redirect("bet", bet_id)
        form = ConfirmBet(initial={"stake": found.stake, "price": found.price})
        return _asked(request, form, row, status=200)
    form = ConfirmBet(request.POST)
    if form.is_valid():
        try:
            confirm(owner_id=request.user.pk, bet_id=bet_id, now=clock.now(), **form.cleaned_data)
        except CannotConfirm as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
        else:
            messages.success(request, "Confirmed: it settles at the price you got.")
            return redirect("bet", bet_id)
    return _asked(request, form, row, status=422)


@require_POST
@login_required
def cancel_bet(request: UserRequest, bet_id: int) -> HttpResponse:
    """Take back what the venue has not matched."""
    if selectors.bet_in_full(request.user.pk, bet_id) is None:
        raise Http404("There is no such bet of yours.")
    try:
        bet = answers.cancel_bet(owner_id=request.user.pk, bet_id=bet_id, now=clock.now())
    except CannotCancel as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _CANCELLED.get(bet.status, _ASKED))
    return redirect("bet", bet_id)


_CANCELLED = {
    "cancelled": "Cancelled: the stake is free again.",
    "rejected": "The venue had never taken it; the stake is free again.",
    "open": "The venue had matched it, or a part of it, before: that part stays a bet.",
}
_ASKED = "The venue was asked to take it back; its answer is awaited."


def _asked(request: UserRequest, form: ConfirmBet, row: BetRow, *, status: int) -> HttpResponse:
    now = clock.now()
    left = selectors.time_left(row.bet, now=now)
    context = {
        "form": form,
        "bet": row.bet,
        "row": row,
        "beside": screens.bets_beside(
            request.user.pk, row.bet.selection, row.event, but=row.bet.pk
        ),
        # In real time, which is what is left to somebody at a bookmaker's page.
        "left": left / clock.rate() if left is not None else None,
        "now": now,
    }
    return render(request, "betting/confirm_bet.html", context, status=status)
