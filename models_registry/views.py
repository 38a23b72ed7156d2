"""Models: what was trained, which version prices, and the log of why."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock, live
from accounts.charts import calibration
from accounts.http import UserRequest
from models_registry import screens, screens_proofs, selectors
from models_registry.artifacts import ArtifactRefused
from models_registry.services import NothingToRollBackTo, PromotionRefused, promote_version
from models_registry.services import roll_back as go_back


class Reason(forms.Form):
    """Why a version changes."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why, for whoever asks later."}
    )


@require_GET
@login_required
def models(request: UserRequest) -> HttpResponse:
    """List every predictor with its versions beside Elo and the market."""
    return render(
        request,
        "models_registry/_models.html" if request.htmx else "models_registry/models.html",
        {"registry": screens.registry(), "now": clock.now()},
    )


@require_GET
@login_required
def model_version(request: UserRequest, version_id: int) -> HttpResponse:
    """Show one version: its figures, its calibration, what it was made from, its log."""
    return _version(request, version_id, form=Reason(), status=200)


@require_POST
@login_required
def promote(request: UserRequest, version_id: int) -> HttpResponse:
    """Make a version the champion, with a reason; the gates decide."""
    _operators_only(request)
    form = Reason(request.POST)
    if form.is_valid():
        try:
            promote_version(
                version_id=version_id,
                by_id=request.user.pk,
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except ObjectDoesNotExist:
            raise Http404("There is no such version.") from None
        except (PromotionRefused, ArtifactRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Promoted. It prices from the next prediction on.")
            return redirect("model_version", version_id)
    return _version(request, version_id, form=form, status=422)


@require_POST
@login_required
def roll_back(request: UserRequest, predictor_key: str) -> HttpResponse:
    """Return to the champion before this one, with a reason."""
    _operators_only(request)
    form = Reason(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["reason"][0]))
        return redirect("models")
    try:
        go_back(
            predictor_key=predictor_key,
            by_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
    except ObjectDoesNotExist:
        raise Http404("There is no such predictor.") from None
    except (NothingToRollBackTo, ArtifactRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Rolled back. The version before prices again.")
    return redirect("models")


def _operators_only(request: UserRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator promotes or rolls back a model version.")


def _version(request: UserRequest, version_id: int, *, form: Reason, status: int) -> HttpResponse:
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
            "log": screens.promotions_of(version.predictor_id),
            "form": form,
            "now": clock.now(),
        },
        status=status,
    )
