"""Models: what was trained, which version prices, and the log of why."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock, live
from accounts.http import UserRequest
from accounts.showing.charts import calibration
from models_registry import life, screens, selectors
from models_registry.screens import proofs as screens_proofs


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
            "refused": refused,
            "now": clock.now(),
        },
        status=422 if refused else 200,
    )


def said_to(request: UserRequest, refusal: Exception) -> str:
    """Return why something is refused: files and paths are for operators only."""
    plain: str = getattr(refusal, "plain", "")
    return plain + "." if plain and not request.user.is_staff else str(refusal)


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
            "now": clock.now(),
        },
        status=422 if refused else 200,
    )
