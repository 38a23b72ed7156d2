"""Searches for better parameters: the list, one search, and its buttons."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock, live
from accounts.http import UserRequest
from models_registry import services, tasks
from models_registry.history import NoSuchCompetition
from models_registry.screens import proofs as screens_proofs
from models_registry.services.search import (
    MOST_TRIALS,
    MOST_WORKERS,
    SearchRefused,
    resume_search,
    start_search,
    stop_search,
    train_best,
)


class Start(forms.Form):
    """What to search, and how long."""

    competition = forms.CharField(max_length=64)
    trials = forms.IntegerField(
        min_value=1,
        max_value=MOST_TRIALS,
        initial=50,
        help_text="Sets of parameters to try, such as 50.",
    )
    workers = forms.IntegerField(
        min_value=1,
        max_value=MOST_WORKERS,
        initial=2,
        label="At once",
        help_text="How many run beside each other; trainers take one each.",
    )


@require_GET
@login_required
def searches(request: UserRequest) -> HttpResponse:
    """List searches, with how far each is and its best."""
    return _list(request, form=Start(), status=200)


@require_POST
@login_required
def start(request: UserRequest) -> HttpResponse:
    """Begin a search."""
    _operators_only(request)
    form = Start(request.POST)
    if form.is_valid():
        try:
            search = start_search(
                competition_key=form.cleaned_data["competition"],
                trials=form.cleaned_data["trials"],
                workers=form.cleaned_data["workers"],
                by_id=request.user.pk,
                now=clock.now(),
            )
        except (SearchRefused, NoSuchCompetition) as refused:
            form.add_error(None, str(refused))
        else:
            tasks.queue_search(search.pk, workers=search.workers)
            return redirect("search", search.pk)
    return _list(request, form=form, status=422)


@require_GET
@login_required
def search(request: UserRequest, search_id: int) -> HttpResponse:
    """Show one search: how far it is, its best, its trials."""
    since = live.position()
    shown = screens_proofs.search_shown(search_id)
    if shown is None:
        raise Http404("There is no such search.")
    return render(
        request,
        "models_registry/_search.html" if request.htmx else "models_registry/search.html",
        {"shown": shown, "since": since},
    )


@require_POST
@login_required
def stop(request: UserRequest, search_id: int) -> HttpResponse:
    """Stop a search."""
    _operators_only(request)
    try:
        stop_search(search_id=search_id, by_id=request.user.pk, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such search.") from None
    except SearchRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Stopped. Its trials are put down at the end of their season.")
    return redirect("search", search_id)


@require_POST
@login_required
def resume(request: UserRequest, search_id: int) -> HttpResponse:
    """Go on with a search."""
    _operators_only(request)
    try:
        resumed = resume_search(search_id=search_id, by_id=request.user.pk, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such search.") from None
    except SearchRefused as refused:
        messages.error(request, str(refused))
    else:
        tasks.queue_search(resumed.pk, workers=resumed.workers)
    return redirect("search", search_id)


@require_POST
@login_required
def train(request: UserRequest, search_id: int) -> HttpResponse:
    """Train a candidate with the parameters of the best trial."""
    _operators_only(request)
    try:
        run = train_best(search_id=search_id, by_id=request.user.pk, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such search.") from None
    except (SearchRefused, services.TrainingRefused) as refused:
        messages.error(request, str(refused))
        return redirect("search", search_id)
    tasks.queue_training(run.pk)
    messages.success(request, "Training is asked for; the version will be a candidate.")
    return redirect("models")


def _list(request: UserRequest, *, form: Start, status: int) -> HttpResponse:
    since = live.position()
    return render(
        request,
        "models_registry/_searches.html" if request.htmx else "models_registry/searches.html",
        {
            "searches": screens_proofs.latest_searches(),
            "openings": screens_proofs.latest_openings(),
            "competitions": screens_proofs.competitions_to_search(),
            "form": form,
            "since": since,
        },
        status=status,
    )


def _operators_only(request: UserRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator searches.")
