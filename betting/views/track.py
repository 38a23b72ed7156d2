"""The track record: mine to publish or withdraw, and the public page that anybody may verify."""

import secrets

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import clock
from accounts.http import UserRequest
from betting.selectors import track as selectors
from betting.services.track import CannotPublish, publish_record

SHOWN = 200


class Publishing(forms.Form):
    """How a record is called, and where it is shown."""

    title = forms.CharField(
        max_length=64,
        error_messages={"required": "Title: say what it is."},
        help_text="Everybody with the address reads it, such as Half a year of totals.",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    slug = forms.CharField(
        label="Address",
        max_length=40,
        required=False,
        help_text="Small letters, digits and dashes; one without your name tells nobody whose it "
        "is. Empty: one that nobody guesses.",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    is_public = forms.BooleanField(
        label="Show it to whoever has the address",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
    )


@require_http_methods(["GET", "POST"])
@login_required
def my_record(request: UserRequest) -> HttpResponse:
    """Show my track record's state; publish it, change its address, withdraw it."""
    record = selectors.record_of(request.user.pk)
    if request.method == "GET":
        initial = (
            {"title": record.title, "slug": record.slug, "is_public": record.is_public}
            if record
            # Neither a name of theirs nor one that can be guessed.
            else {"slug": f"record-{secrets.token_hex(6)}"}
        )
        return _mine(request, Publishing(initial=initial), status=200)
    form = Publishing(request.POST)
    if not form.is_valid():
        return _mine(request, form, status=422)
    try:
        made = publish_record(owner_id=request.user.pk, now=clock.now(), **form.cleaned_data)
    except CannotPublish as refusal:
        field = str(refusal).partition(":")[0]
        form.add_error(field if field in form.fields else None, str(refusal))
        return _mine(request, form, status=422)
    messages.success(
        request, "Public from now on." if made.is_public else "Kept; nobody else sees it."
    )
    return redirect("my_record")


@require_GET
def public_record(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a public record to anybody."""
    record = selectors.public_record(slug)
    if record is None:
        raise Http404("There is no such record, or it is not public.")
    now = clock.now()
    shown = selectors.exported(record, now=now)
    rows = [
        row | {"said": selectors.content_of(row)} for row in reversed(shown["commitments"][-SHOWN:])
    ]
    context = {
        "record": record,
        "shown": shown,
        "rows": rows,
        "performance": selectors.performance_of_committed(record),
        "now": now,
    }
    answer = render(request, "betting/public_record.html", context)
    answer["X-Robots-Tag"] = "noindex"
    return answer


@require_GET
def export_record(_request: HttpRequest, slug: str) -> HttpResponse:
    """Give a public record as JSON, as scripts/verify_track_record reads it."""
    record = selectors.public_record(slug)
    if record is None:
        raise Http404("There is no such record, or it is not public.")
    answer = JsonResponse(selectors.exported(record, now=clock.now()))
    answer["Content-Disposition"] = f'attachment; filename="track-record-{slug}.json"'
    return answer


@require_GET
def verify_record(_request: HttpRequest) -> FileResponse:
    """Give the script that proves a record, to whoever has the record: it needs nothing of ours."""
    script = settings.BASE_DIR / "scripts" / "verify_track_record"
    return FileResponse(
        script.open("rb"), as_attachment=True, filename=f"{script.name}.py",
        content_type="text/x-python; charset=utf-8",
    )  # fmt: skip


def _mine(request: UserRequest, form: Publishing, *, status: int) -> HttpResponse:
    record = selectors.record_of(request.user.pk)
    shown = selectors.exported(record, now=clock.now()) if record else None
    context: dict[str, object] = {
        "record": record, "form": form, "shown": shown, "now": clock.now()
    }  # fmt: skip
    if record:
        context["address"] = request.build_absolute_uri(
            reverse("public_record", args=[record.slug])
        )
    return render(request, "betting/my_record.html", context, status=status)
