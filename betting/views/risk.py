"""Risk: limits used and left, and the switch that stops everything."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting.forms import (
    BreakerLevelsForm,
    ChangeLimits,
    DrillDays,
    Halting,
    Lifting,
    Locking,
    RefusedFilter,
)
from betting.selectors.history import UNITS, breakers_of, drill_of
from betting.selectors.money import bankroll_of
from betting.selectors.stakes import limits_used
from betting.services.breaking import stale_minutes, world_levels
from risk import services
from risk.domain.breakers import SHARES, WORLD, Level
from risk.domain.limits import Bounds
from risk.rules import all_rules
from risk.selectors import (
    AssessmentFilter,
    assessments_of,
    breakers_at,
    halts_in_force,
    halts_of,
    refused_stakes,
    world_readings,
)


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


@require_GET
@login_required
def stop(request: UserRequest) -> HttpResponse:
    """Ask once more, then one press stops: `!` on every page leads here."""
    # So that one press is enough.
    halting = Halting(initial={"reason": "Pressed the kill switch."})
    return render(request, "risk/stop.html", {"halting": halting})


@require_POST
@login_required
def lock(request: UserRequest) -> HttpResponse:
    """Lock by hand what a scope names: for me, or for everybody if I am an operator."""
    form = Locking(request.POST)
    if not form.is_valid():
        return _risk(request, halting=Halting(), status=422, locking=form)
    given = form.cleaned_data
    if given["everybody"] and not request.user.is_staff:
        raise PermissionDenied("Only an operator locks for everybody; you can lock for yourself.")
    now = clock.now()
    halt = services.halt_everything(
        owner_id=None if given["everybody"] else request.user.pk,
        by_id=request.user.pk,
        cause="manual",
        scope=given["scope"],
        scope_key=given["scope_key"],
        until=now + timedelta(hours=given["hours"]) if given["hours"] else None,
        reason=given["reason"],
        now=now,
    )
    messages.warning(request, f"Locked: it blocks {halt.blocks}.")
    return redirect("risk")


@require_POST
@login_required
def change_levels(request: UserRequest) -> HttpResponse:
    """Set where one of my breakers warns and trips, or as an operator one of everybody's."""
    form = BreakerLevelsForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Levels: write two numbers above zero and a number of hours.")
        return redirect("risk")
    given = form.cleaned_data
    breaker = given["breaker"]
    unit = 100 if breaker in SHARES else 1
    level = Level(given["warn"] / unit, given["trip"] / unit, given["lock_hours"] or 0)
    if breaker in WORLD and not request.user.is_staff:
        raise PermissionDenied("It stops everybody; only an operator sets where it trips.")
    try:
        if breaker in WORLD:
            services.set_world_level(
                breaker=breaker,
                before=world_levels()[breaker],
                level=level,
                reason=given["reason"],
                now=clock.now(),
                by_id=request.user.pk,
            )
        else:
            services.set_levels(
                owner_id=request.user.pk,
                levels={breaker: level},
                now=clock.now(),
                by_id=request.user.pk,
            )
    except services.LevelsRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The breaker reads by these levels from now on.")
    return redirect("risk")


@require_GET
@login_required
def drill(request: UserRequest) -> HttpResponse:
    """Show what each breaker would have blocked in the past days; writes nothing."""
    form = DrillDays(request.GET)
    days = (form.cleaned_data.get("days") if form.is_valid() else None) or 90
    found = drill_of(request.user.pk, days=days, now=clock.now(), stale_minutes=stale_minutes())
    money = bankroll_of(request.user.pk)
    return render(
        request,
        "risk/drill.html",
        {"drill": found, "days": days, "choices": (7, 30, 90, 365), "currency": money.currency},
    )


@require_GET
@login_required
def refused(request: UserRequest) -> HttpResponse:
    """List the stakes that were not taken, each with all its reasons."""
    form = RefusedFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    which = AssessmentFilter(
        refused=True, rule=given.get("rule") or None, text=given.get("text") or None
    )
    listed = Paginator(assessments_of(request.user.pk, which), 50).get_page(request.GET.get("page"))
    return render(
        request,
        "risk/refused.html",
        {
            "listed": listed,
            "refusals": refused_stakes(listed.object_list),
            "rules": [(rule.name, rule.title) for rule in all_rules()],
            "rule": which.rule or "",
            "text": which.text or "",
            "currency": bankroll_of(request.user.pk).currency,
        },
    )


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
    messages.success(request, "Lifted. New stakes are taken again, unless another halt stands.")
    return redirect("risk")


def _risk(
    request: UserRequest,
    *,
    halting: Halting,
    status: int,
    lifting: Lifting | None = None,
    changing: ChangeLimits | None = None,
    locking: Locking | None = None,
) -> HttpResponse:
    now = clock.now()
    owner_id = request.user.pk
    money = bankroll_of(owner_id)
    used = limits_used(money, now=now)
    standing = breakers_at(owner_id, now=now, bounds=used.bounds)
    return render(
        request,
        "risk/risk.html",
        {
            "money": money,
            "uses": used.of_stakes,
            "limits_line": used.line,
            "limits": used.bounds,
            "changing": changing or ChangeLimits(initial=asdict(used.bounds)),
            "breakers": breakers_of(standing),
            "level_rows": _level_rows(standing.levels),
            "world_rows": _level_rows(world_levels(standing.of_world))
            if request.user.is_staff
            else [],
            "world": world_readings(),
            "locking": locking or Locking(),
            "halts_past": halts_of(owner_id).filter(lifted_at__isnull=False)[:10],
            "refusals": refused_stakes(
                assessments_of(owner_id, AssessmentFilter(refused=True))[:5]
            ),
            "halting": halting,
            "lifting": lifting,
            "now": now,
        },
        status=status,
    )


def _level_rows(levels: Mapping[str, Level]) -> list[tuple[str, dict[str, object]]]:
    """Return each breaker's levels as they are typed: shares in per cent."""
    rows: list[tuple[str, dict[str, object]]] = []
    for name, level in levels.items():
        unit = 100 if name in SHARES else 1
        shown = {
            "breaker": name,
            "unit": UNITS.get(name, "% of equity"),
            "warn": f"{level.warn * unit:g}",
            "trip": f"{level.trip * unit:g}",
            "lock_hours": level.lock_hours,
        }
        rows.append((name.replace("_", " ").capitalize().replace("Clv", "CLV"), shown))
    return rows
