"""Models: what was trained, which version prices, and the log of why."""

import logging

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.charts import calibration
from models_registry import life, screens, selectors
from models_registry.artifacts import ArtifactRefused, is_there
from models_registry.screens import proofs as screens_proofs

logger = logging.getLogger(__name__)


@require_GET
@login_required
def models(request: UserRequest) -> HttpResponse:
    """List every predictor with its versions beside Elo and the market, and its training."""
    return models_page(request)


def models_page(request: UserRequest, *, refused: str = "") -> HttpResponse:
    """Return the page of all versions; with what was refused, in words, a 422."""
    since = live.position()
    return render(
        request,
        "models_registry/_models.html" if request.htmx else "models_registry/models.html",
        {
            "since": since,
            "registry": screens.registry(now=clock.now()),
            "untrained": screens.never_trained() if request.user.is_staff else [],
            "pair": ("first", "second"),
            "about_files": about_files(request),
            "refused": refused,
            "now": clock.now(),
        },
        status=422 if refused else 200,
    )


def said_to(request: UserRequest, refusal: Exception) -> str:
    """Return why something is refused; of a file what helps this reader, never where it lies."""
    if isinstance(refusal, ArtifactRefused):
        logger.warning("%s", refusal)
        return about_files(request)
    return str(refusal)


def about_files(request: UserRequest) -> str:
    """Return what is wrong, and what this reader can do, where a version's file is missing."""
    return f"{ArtifactRefused.remedy if request.user.is_staff else ArtifactRefused.plain}."


@require_GET
@login_required
def model_version(request: UserRequest, version_id: int) -> HttpResponse:
    """Show one version: its figures, its calibration, what it was made from, its log."""
    return version_page(request, version_id)


def version_page(request: UserRequest, version_id: int, *, refused: str = "") -> HttpResponse:
    """Return the page of a version; with what was refused, in words, a 422."""
    since = live.position()
    version = selectors.versions().filter(pk=version_id).first()
    if version is None:
        raise Http404("There is no such version.")
    bins = screens.calibration_bins(version)
    return render(
        request,
        "models_registry/version.html",
        {
            "version": version,
            "metrics": screens.metric_rows(version),
            "plot": calibration(bins) if bins else None,
            "since": since,
            "attacks": screens_proofs.attacks_on(version_id),
            "log": life.log_of(predictor=version.predictor.key)[:40],
            "stages": screens.stages_open_to(version),
            "others": screens.others_of(version),
            "refused": refused,
            "reason": request.POST.get("reason", "")[:500],
            "file_missing": "" if is_there(version.artifact) else about_files(request),
            "now": clock.now(),
        },
        status=422 if refused else 200,
    )
