"""Preferences, API keys, and how the figures are made."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import services
from accounts.forms import NewKey, Preferences
from accounts.http import UserRequest
from accounts.pages import way_back
from accounts.selectors import keys_of


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: UserRequest) -> HttpResponse:
    """Show and save how I like prices, times and colours."""
    user = request.user
    if request.method == "GET":
        form = Preferences(
            initial={
                "price_format": user.price_format,
                "time_zone": user.time_zone,
                "theme": user.theme,
            }
        )
        return _preferences(request, form=form)
    form = Preferences(request.POST)
    if form.is_valid():
        services.save_preferences(user_id=user.pk, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("preferences")
    return _preferences(request, form=form, status=422)


@require_POST
@login_required
def set_price_format(request: UserRequest) -> HttpResponse:
    """Switch the price format and go back to where I was."""
    return _set(request, price_format=request.POST.get("price_format", ""))


@require_POST
@login_required
def set_theme(request: UserRequest) -> HttpResponse:
    """Switch the theme and go back to where I was."""
    return _set(request, theme=request.POST.get("theme", ""))


def _set(request: UserRequest, **changed: str) -> HttpResponse:
    user = request.user
    kept = {
        "price_format": user.price_format,
        "time_zone": user.time_zone,
        "theme": user.theme,
    }
    try:
        services.save_preferences(user_id=user.pk, **(kept | changed))
    except ValidationError as invalid:
        messages.error(request, " ".join(invalid.messages))
    return redirect(way_back(request, "/"))


@sensitive_post_parameters()
@require_POST
@login_required
def issue_key(request: UserRequest) -> HttpResponse:
    """Make an API key and show its text, this once."""
    form = NewKey(request.POST)
    if not form.is_valid():
        return _preferences(request, new_key=form, status=422)
    try:
        key, text = services.issue_key(
            owner_id=request.user.pk, now=timezone.now(), **form.cleaned_data
        )
    except services.TooManyKeys as too_many:
        form.add_error(None, str(too_many))
        return _preferences(request, new_key=form, status=422)
    answer = _preferences(request, issued=(key.name, text), status=201)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@login_required
def revoke_key(request: UserRequest, prefix: str) -> HttpResponse:
    """Revoke a key of mine, at once and for good."""
    try:
        services.revoke_key(owner_id=request.user.pk, prefix=prefix, now=timezone.now())
    except services.UnknownKey as unknown:
        raise Http404(str(unknown)) from unknown
    messages.success(request, f"Key {prefix} no longer works.")
    return redirect("preferences")


@require_GET
@login_required
def methodology(request: UserRequest) -> HttpResponse:
    """Say with formulas how each figure is made."""
    return render(request, "accounts/methodology.html")


@require_GET
@login_required
def world_clock(request: UserRequest) -> HttpResponse:
    """Say what time it is in the world that is played."""
    return render(request, "accounts/_world_clock.html")


def _preferences(
    request: UserRequest,
    *,
    form: Preferences | None = None,
    new_key: NewKey | None = None,
    issued: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = request.user
    form = form or Preferences(
        initial={
            "price_format": user.price_format,
            "time_zone": user.time_zone,
            "theme": user.theme,
        }
    )
    return render(
        request,
        "accounts/preferences.html",
        {
            "form": form,
            "new_key": new_key or NewKey(),
            "issued": issued,
            "keys": keys_of(user),
        },
        status=status,
    )
