"""Attacks on a version: the part of its page that shows them, and the button."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from models_registry import selectors, services, tasks
from models_registry.screens import proofs as screens_proofs


@require_GET
@login_required
def attacks(request: UserRequest, version_id: int) -> HttpResponse:
    """Show the attacks on a version: the part of its page that stays up to date."""
    if not selectors.versions().filter(pk=version_id).exists():
        raise Http404("There is no such version.")
    shown = screens_proofs.attacks_on(version_id)
    return render(request, "models_registry/_attacks.html", {"attacks": shown})


@require_POST
@login_required
def start_attack(request: UserRequest, version_id: int) -> HttpResponse:
    """Queue an attack on a version."""
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator attacks a model version.")
    try:
        asked = services.request_attack(
            version_id=version_id, by_id=request.user.pk, now=clock.now()
        )
    except ObjectDoesNotExist:
        raise Http404("There is no such version.") from None
    except services.AttackRefused as refused:
        messages.error(request, str(refused))
    else:
        tasks.queue_attack(asked.pk)
        messages.success(request, "Asked for. The attack begins when a worker is free.")
    return redirect("model_version", version_id)
