"""Filters of a list kept under a name: an address of one's own. One way for every list."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from accounts.showing import saved
from accounts.showing.pages import way_back


@require_POST
@login_required
def save_filter(request: UserRequest) -> HttpResponse:
    """Keep the filters in the address of a page under a name."""
    sent = request.POST
    page = sent.get("page", "")
    if page not in saved.PAGES:
        raise Http404("There is no such page with filters.")
    try:
        kept = saved.save_filter(
            owner_id=request.user.pk,
            page=page,
            name=sent.get("name", ""),
            query=sent.get("query", ""),
            now=timezone.now(),
        )
    except saved.NotSaved as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"Kept as “{kept.name}”.")
    return redirect(way_back(request, reverse(page)))


@require_POST
@login_required
def delete_filter(request: UserRequest, filter_id: int) -> HttpResponse:
    """Forget a set of filters of mine."""
    saved.delete_filter(owner_id=request.user.pk, filter_id=filter_id, now=timezone.now())
    return redirect(way_back(request, "/"))
