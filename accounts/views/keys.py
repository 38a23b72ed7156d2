"""A person's keys for programs: made, rotated, revoked; each shown once."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts import keys as services
from accounts.forms.preferences import NewKey, RotateKey
from accounts.http import UserRequest, or_404
from accounts.scopes import SCOPES, scopes_of


@require_GET
@login_required
def keys(request: UserRequest) -> HttpResponse:
    """Show my keys, what each may do, and when it was last used."""
    return _page(request)


@sensitive_post_parameters()
@require_POST
@login_required
def issue_key(request: UserRequest) -> HttpResponse:
    """Make an API key and show its text, this once."""
    form = NewKey(request.POST, may=scopes_of(request.user))
    if not form.is_valid():
        return _page(request, form=form, status=422)
    now, asked = timezone.now(), dict(form.cleaned_data)
    days = asked.pop("expires")
    try:
        key, text = services.issue_key(
            owner_id=request.user.pk,
            now=now,
            expires_at=days and now + timedelta(days=days),
            **asked,
        )
    except services.KeyRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
        return _page(request, form=form, status=422)
    return _page(request, issued=(key.name, text), status=201)


@sensitive_post_parameters()
@require_POST
@login_required
def rotate_key(request: UserRequest, prefix: str) -> HttpResponse:
    """Make the key that takes another's place; the old one works on for a while."""
    form = RotateKey(request.POST)
    if not form.is_valid():
        return _page(request, status=422)
    overlap = timedelta(hours=form.cleaned_data["hours"])
    try:
        with or_404(services.UnknownKey):
            key, text = services.rotate_key(
                owner_id=request.user.pk, prefix=prefix, overlap=overlap, now=timezone.now()
            )
    except services.KeyRefused as refused:
        messages.error(request, refused.detail)
        return _page(request, status=422)
    return _page(request, issued=(key.name, text), status=201)


@require_POST
@login_required
def revoke_key(request: UserRequest, prefix: str) -> HttpResponse:
    """Revoke a key of mine, at once and for good."""
    with or_404(services.UnknownKey):
        services.revoke_key(owner_id=request.user.pk, prefix=prefix, now=timezone.now())
    messages.success(request, f"Key {prefix} no longer works.")
    return redirect("keys")


def _page(
    request: UserRequest,
    *,
    form: NewKey | None = None,
    issued: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    mine = [(key, services.is_over(key, now=now)) for key in services.keys_of(request.user.pk)]
    answer = render(
        request,
        "accounts/keys.html",
        {
            "form": form or NewKey(may=scopes_of(request.user)),
            "rotate": RotateKey(),
            "scope_words": {name: scope.words for name, scope in SCOPES.items()},
            "issued": issued,
            "keys": sorted(mine, key=lambda row: row[1]),
        },
        status=status,
    )
    # The text of a key is nothing for anybody's cache.
    answer["Cache-Control"] = "no-store"
    return answer
