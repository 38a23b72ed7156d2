"""The audit for operators: searched, read in words, exported as it is stored."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.audit.search import COLUMNS, AuditFilter, actions, entries, rows
from accounts.forms.alerts import AuditSearch
from accounts.http import UserRequest
from accounts.showing.exports import export
from betting.selectors.audited import in_words

A_PAGE = 50
# Columns of the export that are words, which a spreadsheet must not run.
WORDS = tuple(name for name in COLUMNS if name != "number")


@require_GET
@login_required
def audit(request: UserRequest) -> HttpResponse:
    """Search who did what, from where, before and after."""
    form, found = _searched(request)
    paging = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    told = in_words(paging.object_list)
    return render(request, "betting/audit.html", {"form": form, "paging": paging, "told": told})


@require_GET
@login_required
def audit_export(request: UserRequest, kind: str) -> HttpResponseBase:
    """Export what the search finds."""
    _, found = _searched(request)
    return export(rows(found), COLUMNS, kind=kind, name="audit", texts=WORDS)


def _searched(request: UserRequest) -> tuple[AuditSearch, Any]:
    form = AuditSearch(request.GET, actions=actions())
    asked = form.cleaned_data if form.is_valid() else {}
    which = AuditFilter(
        text=asked.get("q", ""),
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        address=asked.get("address", ""),
        since=asked.get("since"),
        until=asked.get("until"),
        people_only=asked.get("people", False),
    )
    return form, entries(which)
