"""Preferences, and how the figures are made."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import services
from accounts.forms.preferences import Preferences
from accounts.http import UserRequest
from accounts.showing.glossary import words
from accounts.showing.pages import way_back


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: UserRequest) -> HttpResponse:
    """Show and save how I like pages to be."""
    user = request.user
    if request.method == "GET":
        return _preferences(request)
    form = Preferences(request.POST)
    if form.is_valid():
        services.save_preferences(user_id=user.pk, now=timezone.now(), **form.cleaned_data)
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
    try:
        services.save_preferences(user_id=request.user.pk, now=timezone.now(), **changed)
    except ValidationError as invalid:
        messages.error(request, " ".join(invalid.messages))
    return redirect(way_back(request, "/"))


@require_POST
@login_required
def close_tour(request: UserRequest) -> HttpResponse:
    """Show me the tour no longer by itself; the menu has it."""
    request.session.pop("tour", None)
    services.close_tour(user_id=request.user.pk, now=timezone.now())
    return redirect(way_back(request, "/"))


@require_GET
@login_required
def methodology(request: UserRequest) -> HttpResponse:
    """Say with formulas how each figure is made, and what each word means."""
    return render(request, "accounts/methodology.html", {"words": words()})


@require_GET
@login_required
def world_clock(request: UserRequest) -> HttpResponse:
    """Say what time it is in the world that is played."""
    return render(request, "accounts/_world_clock.html")


def _preferences(
    request: UserRequest, *, form: Preferences | None = None, status: int = 200
) -> HttpResponse:
    user = request.user
    form = form or Preferences(initial={name: getattr(user, name) for name in services.PREFERENCES})
    return render(request, "accounts/preferences.html", {"form": form}, status=status)
