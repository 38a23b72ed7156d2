"""Keeping it in check: limits over time, time-outs, self-exclusion, reality checks."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.pages import way_back
from betting.forms_personal import CheckEvery, Exclude, PersonalLimitForm, SayPlace
from betting.selectors.playing import own_rooms
from betting.selectors.reality import RealityCheck, reality_check_of
from risk.jurisdiction import place_said_by
from risk.personal import exclusions_of, minutes_here, presence_of, raises_waiting
from risk.selectors import exclusion_of
from risk.services import personal as services
from risk.services.jurisdiction import say_place as say


@require_GET
@login_required
def personal(request: UserRequest) -> HttpResponse:
    """Show what I let myself pay in, stake, lose and spend in time, and how to stop."""
    return _page(request)


@require_POST
@login_required
def set_personal_limit(request: UserRequest) -> HttpResponse:
    """Lower one of my limits at once, or ask for a higher one."""
    form = PersonalLimitForm(request.POST)
    if not form.is_valid():
        return _page(request, limit=form, status=422)
    amount: Decimal | None = form.cleaned_data["amount"]
    done = services.set_personal_limit(
        owner_id=request.user.pk,
        kind=form.cleaned_data["kind"],
        period=form.cleaned_data["period"],
        amount=amount,
        now=timezone.now(),
    )
    if hasattr(done, "ready_at"):
        messages.warning(
            request,
            "That allows more, so it waits: confirm it from "
            f"{done.ready_at:%Y-%m-%d %H:%M} UTC on. Until then the limit stays as it is.",
        )
    else:
        messages.success(request, "Your limit holds from now on.")
    return redirect("personal")


@require_POST
@login_required
def answer_raise(request: UserRequest, asked_id: int) -> HttpResponse:
    """Confirm a higher limit once it waited, or take it back."""
    owner_id, now = request.user.pk, timezone.now()
    try:
        if request.POST.get("answer") == "confirm":
            services.confirm_raise(owner_id=owner_id, asked_id=asked_id, now=now)
            messages.warning(request, "Confirmed: the higher limit holds from now on.")
        else:
            services.withdraw_raise(owner_id=owner_id, asked_id=asked_id, now=now)
            messages.success(request, "Taken back; the limit stays as it is.")
    except services.NoSuchRaise as unknown:
        raise Http404(str(unknown)) from unknown
    except services.NotYet as refused:
        messages.error(request, str(refused))
    return redirect("personal")


@require_POST
@login_required
def exclude(request: UserRequest) -> HttpResponse:
    """Keep me away: shown once more in plain words, then done at once."""
    form = Exclude(request.POST)
    if not form.is_valid():
        return _page(request, exclude=form, status=422)
    if not form.cleaned_data["confirmed"]:
        return render(request, "risk/confirm_exclusion.html", {"form": form})
    try:
        services.exclude(
            owner_id=request.user.pk,
            kind=form.cleaned_data["kind"],
            length=form.cleaned_data["length"],
            now=timezone.now(),
        )
    except services.ExclusionRefused as refused:
        form.add_error("days", str(refused))
        return _page(request, exclude=form, status=422)
    messages.warning(request, "It holds from now on. Open bets settle as usual.")
    return redirect("personal")


@require_POST
@login_required
def check_every(request: UserRequest) -> HttpResponse:
    """Set how often I am told how long I am here."""
    form = CheckEvery(request.POST)
    if not form.is_valid():
        return _page(request, check=form, status=422)
    services.check_every(
        owner_id=request.user.pk, minutes=form.cleaned_data["minutes"], now=timezone.now()
    )
    request.session.pop("here", None)
    messages.success(request, "Saved.")
    return redirect("personal")


@require_POST
@login_required
def say_place(request: UserRequest) -> HttpResponse:
    """Note where I am, and an age I have reached."""
    form = SayPlace(request.POST, rules=settings.JURISDICTIONS)
    if not form.is_valid():
        return _page(request, place=form, status=422)
    try:
        say(owner_id=request.user.pk, now=timezone.now(), **form.cleaned_data)
    except services.NotYet as refused:
        form.add_error("place", str(refused))
        return _page(request, place=form, status=422)
    request.session.pop("here", None)
    messages.success(request, "Noted.")
    return redirect("personal")


@require_GET
@login_required
def limits_line(request: UserRequest) -> HttpResponse:
    """Show what of the limits is used and left, for a page that asks for it afterwards."""
    return render(request, "risk/_limits_line.html")


@login_required
def reality_check(request: UserRequest) -> HttpResponse:
    """Show the reality check if it is due; a POST says that I saw it."""
    if request.method == "POST":
        services.acknowledge_check(owner_id=request.user.pk, now=timezone.now())
        request.session.pop("here", None)
        return redirect(way_back(request, reverse("today")))
    due = due_check(request.user.pk, request.session)
    return render(request, "risk/_reality_check.html", {"reality": due})


def due_check(owner_id: int, session: SessionBase) -> RealityCheck | None:
    """Return the reality check that is due, by what the session keeps of since when one is here."""
    here = session.get("here")
    if here is None:
        return None
    return reality_check_of(
        owner_id,
        since=datetime.fromisoformat(here["since"]),
        told_at=datetime.fromisoformat(here["told_at"]),
        check_minutes=here["check_minutes"],
        real=timezone.now(),
        now=clock.now(),
        rate=clock.rate(),
    )


def _page(
    request: UserRequest,
    *,
    limit: PersonalLimitForm | None = None,
    exclude: Exclude | None = None,
    check: CheckEvery | None = None,
    place: SayPlace | None = None,
    status: int = 200,
) -> HttpResponse:
    owner_id = request.user.pk
    here = presence_of(owner_id)
    minutes = here.check_minutes if here else 60
    said = place_said_by(owner_id)
    held = {"place": said.place, "reached_age": said.reached_age} if said else {}
    return render(
        request,
        "risk/personal.html",
        {
            "rooms": own_rooms(owner_id, now=clock.now()),
            "waiting": raises_waiting(owner_id),
            "real_now": timezone.now(),
            "exclusion": exclusion_of(owner_id),
            "exclusions": exclusions_of(owner_id)[:10],
            "minutes": minutes_here(owner_id),
            "here": timezone.now() - here.since if here else timedelta(0),
            "limit_form": limit or PersonalLimitForm(),
            "exclude_form": exclude or Exclude(),
            "age_gate": settings.AGE_GATE,
            "place_said": said,
            "place_rule": settings.JURISDICTIONS.get(said.place) if said else None,
            "place_form": place or SayPlace(initial=held, rules=settings.JURISDICTIONS),
            "check_form": check or CheckEvery(initial={"minutes": minutes}),
        },
        status=status,
    )
