"""Results that never came: an operator says what became of an event."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting.forms_money import RuleOnEvent
from betting.selectors.waiting import (
    event_ruled_on,
    events_without_result,
    selections_bet_on,
)
from betting.services.ruling import NoSuchEvent, RulingRefused, Said, rule_on_event


@require_GET
@login_required
def results(request: UserRequest) -> HttpResponse:
    """List events with open bets that wait for a result."""
    _operators(request)
    return render(
        request,
        "betting/results.html",
        {"events": events_without_result(clock.now())[:200], "now": clock.now()},
    )


@require_GET
@login_required
def event_result(request: UserRequest, event_id: int) -> HttpResponse:
    """Ask what became of one event."""
    _operators(request)
    return _asked(
        request, event_id, RuleOnEvent(selections=selections_bet_on(event_id)), status=200
    )


@require_POST
@login_required
def rule(request: UserRequest, event_id: int) -> HttpResponse:
    """Rule on an event: what it does is written out first, done when it is confirmed."""
    _operators(request)
    form = RuleOnEvent(request.POST, selections=selections_bet_on(event_id))
    if not form.is_valid():
        return _asked(request, event_id, form, status=422)
    asked = dict(form.cleaned_data)
    if not asked.pop("confirmed"):
        return _asked(request, event_id, form, status=200, confirming=True)
    try:
        ruled = rule_on_event(
            event_id=event_id,
            reason=asked.pop("reason"),
            said=Said(**asked),
            now=clock.now(),
            by_id=request.user.pk,
        )
    except RulingRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
        return _asked(request, event_id, form, status=422)
    except NoSuchEvent:
        raise Http404("There is no such event.") from None
    messages.success(
        request,
        f"{ruled.event} is {ruled.event.get_status_display().lower()}: "
        f"{ruled.settled} bets settled, {ruled.corrected} corrected.",
    )
    for reason in ruled.parked[:5]:
        messages.warning(request, reason)
    return redirect("results")


def _asked(
    request: UserRequest,
    event_id: int,
    form: RuleOnEvent,
    *,
    status: int,
    confirming: bool = False,
) -> HttpResponse:
    event = event_ruled_on(event_id)
    if event is None:
        raise Http404("There is no such event.")
    said = dict(form.fields["status"].choices) if confirming else {}  # type: ignore[attr-defined]
    return render(
        request,
        "betting/event_result.html",
        {
            "event": event,
            "form": form,
            "confirming": confirming,
            "said": said.get(form.cleaned_data["status"], "") if confirming else "",
        },
        status=status,
    )


def _operators(request: UserRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator rules on results.")
