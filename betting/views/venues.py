"""Venues: where bets can be placed, and the switch that lets one stake real money."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting.forms import ArmVenue, ConfirmArming, DisarmVenue
from betting.selectors import venues as selectors
from betting.services import arming
from betting.services.arming import ArmingRefused

Form = ArmVenue | ConfirmArming | DisarmVenue


@require_GET
@login_required
def venues(request: UserRequest) -> HttpResponse:
    """Show every venue: what it can do, whether it may be asked, and what waits there."""
    return _venues(request, status=200)


@require_POST
@login_required
def arm_venue(request: UserRequest, key: str) -> HttpResponse:
    """Ask for a venue to be armed; nothing is staked before the second step."""

    def ask(reason: str, hours: int) -> str:
        arming.ask_arming(
            venue=key, reason=reason, hours=hours, by_id=request.user.pk, now=clock.now()
        )
        return "Asked. It is armed once you type its key below, within ten minutes."

    return _done(request, key, ArmVenue(request.POST), ask)


@require_POST
@login_required
def confirm_arming(request: UserRequest, key: str) -> HttpResponse:
    """Arm a venue that was asked for, by typing its key."""

    def confirm(typed: str) -> str:
        found = arming.confirm_arming(
            venue=key, typed=typed, by_id=request.user.pk, now=clock.now()
        )
        return f"Armed until {found.expires_at:%Y-%m-%d %H:%M} UTC: it stakes real money now."

    return _done(request, key, ConfirmArming(request.POST), confirm)


@require_POST
@login_required
def disarm_venue(request: UserRequest, key: str) -> HttpResponse:
    """End a venue's arming at once."""

    def end(reason: str) -> str:
        had = arming.disarm(venue=key, reason=reason, by_id=request.user.pk, now=clock.now())
        return "Disarmed: no bet is sent there." if had else "It was not armed; nothing changed."

    return _done(request, key, DisarmVenue(request.POST), end)


def _done(request: UserRequest, key: str, form: Form, do: Callable[..., str]) -> HttpResponse:
    """Let an operator do it, and say what came of it; what is refused becomes the form's errors."""
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator arms and disarms venues.")
    if key not in {state.key for state in selectors.venue_states(now=clock.now())}:
        raise Http404("There is no such venue.")
    if form.is_valid():
        try:
            said = do(**form.cleaned_data)
        except ArmingRefused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
        else:
            messages.success(request, said)
            return redirect("venues")
    return _venues(request, status=422, wrong=(key, form))


def _venues(
    request: UserRequest, *, status: int, wrong: tuple[str, Form] | None = None
) -> HttpResponse:
    now = clock.now()
    key, form = wrong or ("", None)
    context = {
        "venues": selectors.venue_states(now=now),
        "armings": selectors.armings(),
        "wrong_key": key,
        "wrong": form,
        "confirm_within": selectors.CONFIRM_WITHIN,
        "now": now,
    }
    return render(request, "betting/venues.html", context, status=status)
