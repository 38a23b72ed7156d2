"""Bots whose signals I listen to: made, given another secret, revoked; and what they said."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts import clock, sources
from accounts.http import UserRequest, or_404
from accounts.showing import guides
from betting.forms import NewSource
from betting.selectors.signals import signals_of
from betting.services import signals as services

SHOWN = 50


@require_GET
@login_required
def signals(request: UserRequest) -> HttpResponse:
    """Show my sources and what they said last."""
    return _page(request)


@require_GET
@login_required
def guide(request: UserRequest) -> HttpResponse:
    """Say how a bot sends a signal, and what becomes of it."""
    return render(request, "betting/signals_guide.html", {"guide": guides.guide("signals")})


@sensitive_post_parameters()
@require_POST
@login_required
def make_source(request: UserRequest) -> HttpResponse:
    """Make a source and its strategy, and show its secret, this once."""
    form = NewSource(request.POST)
    if form.is_valid():
        try:
            source, text = services.make_source(
                by=request.user,
                name=form.cleaned_data["name"],
                now=clock.now(),
                real_now=timezone.now(),
            )
        except sources.SourceRefused as refused:
            form.add_error(refused.field, refused.detail)
        else:
            return _page(request, issued=(source, text), status=201)
    return _page(request, form=form, status=422)


@sensitive_post_parameters()
@require_POST
@login_required
def rotate_source(request: UserRequest, key: str) -> HttpResponse:
    """Give a source another secret and show it, this once."""
    with or_404(sources.UnknownSource):
        issued = sources.rotate_source(owner_id=request.user.pk, key=key, now=timezone.now())
    return _page(request, issued=issued, status=201)


@require_POST
@login_required
def revoke_source(request: UserRequest, key: str) -> HttpResponse:
    """Revoke a source of mine, for good, and put its strategy away."""
    with or_404(sources.UnknownSource):
        source = services.revoke_source(
            by=request.user, key=key, now=clock.now(), real_now=timezone.now()
        )
    messages.success(request, f"Nothing that {source.name} says counts any more.")
    return redirect("signals")


def _page(
    request: UserRequest,
    *,
    form: NewSource | None = None,
    issued: tuple[object, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    answer = render(
        request,
        "betting/signals.html",
        {
            "form": form or NewSource(),
            "issued": issued,
            "sources": sources.sources_of(request.user.pk).select_related("strategy"),
            "signals": signals_of(request.user.pk)[:SHOWN],
            "now": clock.now(),
        },
        status=status,
    )
    # A secret is nothing for anybody's cache.
    answer["Cache-Control"] = "no-store"
    return answer
