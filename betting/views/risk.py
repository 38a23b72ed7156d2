"""Risk: limits used and left, and the switch that stops everything."""

from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting.forms import ChangeLimits, Halting, Lifting
from betting.selectors.money import bankroll_of
from betting.selectors.stakes import limits_used
from risk import services
from risk.domain.limits import Bounds
from risk.selectors import assessments_of, bounds_of, halts_in_force, halts_of


@require_GET
@login_required
def risk(request: UserRequest) -> HttpResponse:
    """Show my limits with what is left, what is halted, and recent refusals."""
    return _risk(request, halting=Halting(), status=200)


@require_POST
@login_required
def kill_switch(request: UserRequest) -> HttpResponse:
    """Stop every new stake: mine, or everybody's if I am an operator."""
    form = Halting(request.POST)
    if not form.is_valid():
        return _risk(request, halting=form, status=422)
    everybody = form.cleaned_data["everybody"]
    if everybody and not request.user.is_staff:
        raise PermissionDenied("Only an operator stops everybody; you can stop yourself.")
    services.halt_everything(
        owner_id=None if everybody else request.user.pk,
        by_id=request.user.pk,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
    )
    messages.warning(request, "Stopped. No new stake is taken until the halt is lifted.")
    return redirect("risk")


@require_POST
@login_required
def change_limits(request: UserRequest) -> HttpResponse:
    """Set my limits; they hold from the next stake on."""
    form = ChangeLimits(request.POST)
    if not form.is_valid():
        return _risk(request, halting=Halting(), status=422, changing=form)
    raised = services.change_limits(
        owner_id=request.user.pk,
        bounds=Bounds(**form.cleaned_data),
        now=clock.now(),
        by_id=request.user.pk,
    )
    if raised:
        messages.warning(request, "Limits raised, from now on; the audit log keeps what they were.")
    else:
        messages.success(request, "Your limits hold from now on.")
    return redirect("risk")


@require_POST
@login_required
def lift_halt(request: UserRequest, halt_id: int) -> HttpResponse:
    """Lift a halt of my own, or any as an operator, with a reason."""
    halt = next(
        (each for each in halts_in_force(request.user.pk, now=clock.now()) if each.pk == halt_id),
        None,
    )
    if halt is None:
        raise Http404("There is no such halt in force.")
    if halt.owner_id is None and not request.user.is_staff:
        raise PermissionDenied("Everybody was stopped; only an operator lifts that.")
    form = Lifting(request.POST)
    if not form.is_valid():
        return _risk(request, halting=Halting(), status=422, lifting=form)
    services.lift_halt(
        halt_id=halt_id,
        by_id=request.user.pk,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
    )
    messages.success(request, "Lifted. New stakes are taken again.")
    return redirect("risk")


def _risk(
    request: UserRequest,
    *,
    halting: Halting,
    status: int,
    lifting: Lifting | None = None,
    changing: ChangeLimits | None = None,
) -> HttpResponse:
    now = clock.now()
    owner_id = request.user.pk
    money = bankroll_of(owner_id)
    used = limits_used(money, now=now)
    return render(
        request,
        "risk/risk.html",
        {
            "money": money,
            "uses": used.of_stakes,
            "limits": bounds_of(owner_id),
            "changing": changing or ChangeLimits(initial=asdict(bounds_of(owner_id))),
            "breaker": used.breaker,
            "halts_past": halts_of(owner_id).filter(lifted_at__isnull=False)[:10],
            "refusals": assessments_of(owner_id).exclude(breaches=[])[:10],
            "halting": halting,
            "lifting": lifting,
            "now": now,
        },
        status=status,
    )
