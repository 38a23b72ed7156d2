"""The quarantine: every refused row that waits, and what an operator may do about it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.pages import Chip, chips, values
from accounts.templatetags.fairline import feed
from odds import quarantine
from odds.quarantine import Waiting
from odds.services.results import NoScoreToAccept, accept_score
from odds.services.runs import resolve_all

A_PAGE = 25
# Each has an entry of its own in the audit log, so not the whole of a bad import at once.
MOST_AT_ONCE = 500


class Numbers(forms.MultipleChoiceField):
    """Any rows by their numbers; which of them are there to be dealt with, the query says."""

    def valid_value(self, value: str) -> bool:
        """Take what is a number."""
        return value.isdecimal() and len(value) < 19


class Deal(forms.Form):
    """What is to be done with which rows, and why."""

    reason = forms.CharField(
        label="Your reason", max_length=500, widget=forms.TextInput(attrs={"class": "input"})
    )
    row = Numbers(required=False)
    all = forms.BooleanField(required=False)
    newest = forms.IntegerField(required=False)
    score = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse to do it to nothing."""
        asked = self.cleaned_data
        if not (asked.get("row") or asked.get("all") or asked.get("score")):
            raise forms.ValidationError("Tick the rows it is about first.")
        return asked


@require_GET
@login_required
def show_quarantine(request: UserRequest) -> HttpResponse:
    """List what was refused and waits."""
    return _page(request, Deal(), status=200)


@require_POST
@login_required
def deal(request: UserRequest) -> HttpResponse:
    """Dismiss the rows that are ticked, or all that are found; or take one row's score."""
    form = Deal(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    asked = form.cleaned_data
    by = {"reason": asked["reason"], "by_id": request.user.pk}
    if asked["score"]:
        try:
            event = accept_score(row_id=asked["score"], now=clock.now(), **by)
        except NoScoreToAccept as refusal:
            form.add_error(None, str(refusal))
            return _page(request, form, status=422)
        messages.success(request, f"{event}: that score is the result now.")
    else:
        found = _found(request)[0]
        # What came after the page was made, nobody has seen.
        seen = found.filter(pk__lte=asked["newest"]) if asked["all"] else found
        rows = seen if asked["all"] else seen.filter(pk__in=asked["row"])
        ids = list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE])
        done = resolve_all(row_ids=ids, now=timezone.now(), **by)
        messages.success(request, f"{done} row{'' if done == 1 else 's'} dismissed.")
    return redirect(f"{reverse('quarantine')}?{_shown(request).urlencode()}")


def _page(request: UserRequest, form: Deal, *, status: int) -> HttpResponse:
    found, made, text = _found(request)
    paging = Paginator(found, A_PAGE).get_page(_shown(request).get("page"))
    return render(
        request,
        "odds/quarantine.html",
        {
            "form": form,
            "chips": made,
            "text": text,
            "shown": _shown(request).urlencode(),
            "paging": paging,
            "rows": quarantine.explained(paging.object_list),
            "ticked": request.POST.getlist("row"),
            "newest": quarantine.newest_of(found),
            "most": MOST_AT_ONCE,
        },
        status=status,
    )


def _found(request: UserRequest) -> tuple[Waiting, list[Chip], str]:
    groups = quarantine.groups()
    filters = {
        "source": ("Feed", _counted((source, rows) for source, _, rows in groups)),
        "field": ("Field", _counted((field, rows) for _, field, rows in groups)),
    }
    asked = _shown(request)
    made = chips(asked, filters)
    text = asked.get("reason", "").strip()[:100]
    return quarantine.waiting_rows(text=text, **values(made, filters)), made, text


def _shown(request: UserRequest) -> QueryDict:
    """Return which rows are shown: of the address, or as the form that is sent had them."""
    return QueryDict(request.POST.get("shown", "")) if request.method == "POST" else request.GET


def _counted(parts: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    """Return each name as a choice that says how many rows wait there."""
    total: dict[str, int] = {}
    for name, rows in parts:
        total[name] = total.get(name, 0) + rows
    return [(name, f"{feed(name)} ({rows})") for name, rows in sorted(total.items())]
