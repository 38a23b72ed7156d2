"""The life of versions: train and cancel, promote and roll back, stage, tag, note, compare."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.charts import calibration
from models_registry import comparison, screens, selectors, services
from models_registry.forms import Noting, Pair, Reason, Staging, Tagging, Training
from models_registry.history import NoSuchCompetition
from models_registry.tasks import queue_training
from models_registry.views.versions import models_page, said_to, version_page

REFUSALS = (*services.REFUSALS, NoSuchCompetition)


@require_GET
@login_required
def compare(request: UserRequest) -> HttpResponse:
    """Set two versions side by side, on the events of both records."""
    pair = Pair(request.GET)
    if not pair.is_valid():
        raise Http404("Choose two versions on Models to compare them.")
    found = [
        selectors.versions().filter(pk=pair.cleaned_data[name]).first()
        for name in ("first", "second")
    ]
    if found[0] is None or found[1] is None:
        raise Http404("There is no such version.")
    context: dict[str, object] = {"first": found[0], "second": found[1], "now": clock.now()}
    try:
        answer = comparison.compare_versions(found[0], found[1])
    except (comparison.NothingInCommon, *services.REFUSALS) as refusal:
        context["refusal"] = said_to(request, refusal)
    else:
        context |= {
            "answer": answer,
            "figures": screens.figures_beside(answer),
            "plots": [
                (each["version"], calibration(screens.bins_of(each["calibration"])))
                for each in (answer["first"], answer["second"])
            ],
        }
    return render(request, "models_registry/compare.html", context)


@require_GET
@login_required
def gates(request: UserRequest, version_id: int) -> HttpResponse:
    """Show what each gate says of a version now: the part of its page that is asked for last."""
    version = selectors.versions().filter(pk=version_id).first()
    if version is None:
        raise Http404("There is no such version.")
    context: dict[str, object] = {"version": version}
    try:
        context["gates"] = services.gates_of(version)
    except services.REFUSALS as refusal:
        context["refusal"] = said_to(request, refusal)
    return render(request, "models_registry/_gates.html", context)


@require_POST
@login_required
def train(request: UserRequest) -> HttpResponse:
    """Ask for a training; a worker begins it and the page shows how far it is."""
    form = Training(request.POST)

    def ask() -> None:
        asked, now = form.cleaned_data, clock.now()
        until = now
        if asked["until"]:
            until = datetime.combine(asked["until"] + timedelta(days=1), time(), tzinfo=UTC)
        run = services.ask_for_training(
            competition_key=asked["competition"], until=min(until, now), by_id=request.user.pk,
            now=now, notes=asked["notes"], recipe=asked["recipe"],
        )  # fmt: skip
        queue_training(run.pk)

    return _of_all(request, form, ask, "Asked for. A worker begins it in a moment.")


@require_POST
@login_required
def cancel(request: UserRequest, run_id: int) -> HttpResponse:
    """Cancel a training run, with a reason."""
    form = Reason(request.POST)

    def end() -> None:
        services.cancel_training(
            run_id=run_id, by_id=request.user.pk, reason=form.cleaned_data["reason"],
            now=clock.now(),
        )  # fmt: skip

    return _of_all(request, form, end, "Cancelled. It ends at its next step.")


@require_POST
@login_required
def roll_back(request: UserRequest, predictor_key: str) -> HttpResponse:
    """Return to the champion before this one, with a reason."""
    form = Reason(request.POST)

    def go_back() -> None:
        services.roll_back(
            predictor_key=predictor_key, by_id=request.user.pk,
            reason=form.cleaned_data["reason"], now=clock.now(),
        )  # fmt: skip

    return _of_all(request, form, go_back, "Rolled back. The version before prices again.")


@require_POST
@login_required
def promote(request: UserRequest, version_id: int) -> HttpResponse:
    """Make a version the champion, with a reason; the gates decide."""
    done = "Promoted. It prices from the next prediction on."
    return _change(request, version_id, Reason(request.POST), services.promote_version, done)


@require_POST
@login_required
def stage(request: UserRequest, version_id: int) -> HttpResponse:
    """Put a version in a stage, with a reason."""
    form = Staging(request.POST)
    done = "Its stage changed. In staging a version predicts in shadow."
    return _change(request, version_id, form, services.stage_version, done)


@require_POST
@login_required
def tag(request: UserRequest, version_id: int) -> HttpResponse:
    """Put a tag on a version."""
    return _change(request, version_id, Tagging(request.POST), services.tag_version, "Tagged.")


@require_POST
@login_required
def untag(request: UserRequest, version_id: int) -> HttpResponse:
    """Take a tag off a version."""
    form = Tagging(request.POST)
    return _change(request, version_id, form, services.untag_version, "The tag is off.")


@require_POST
@login_required
def note(request: UserRequest, version_id: int) -> HttpResponse:
    """Add a note about a version."""
    form = Noting(request.POST)
    return _change(request, version_id, form, services.note_on_version, "Noted, for ever.")


def _change(
    request: UserRequest, version_id: int, form: forms.Form, do: Callable[..., object], done: str
) -> HttpResponse:
    def change() -> None:
        do(version_id=version_id, by_id=request.user.pk, now=clock.now(), **form.cleaned_data)

    if refused := _refusal(request, form, change, done):
        return version_page(request, version_id, refused=refused)
    return redirect("model_version", version_id)


def _of_all(
    request: UserRequest, form: forms.Form, do: Callable[[], None], done: str
) -> HttpResponse:
    if refused := _refusal(request, form, do, done):
        return models_page(request, refused=refused)
    return redirect("models")


def _refusal(request: UserRequest, form: forms.Form, do: Callable[[], None], done: str) -> str:
    """Do what was asked and say so; or return why it was not done."""
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator changes the registry of models.")
    if not form.is_valid():
        return " ".join(str(faults[0]) for faults in form.errors.values())
    try:
        do()
    except ObjectDoesNotExist:
        raise Http404("There is no such version, predictor or run.") from None
    except REFUSALS as refusal:
        return str(refusal)
    messages.success(request, done)
    return ""
