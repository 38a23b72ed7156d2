"""My account: what is kept of me, who may look, taking it out, and leaving."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.http import UserRequest, client_address, or_404
from accounts.people import closing
from accounts.people.tries import Limit, TooManyTries, count
from accounts.selectors import email_confirmed
from accounts.showing.pages import too_many
from betting.selectors.money import bankroll_of
from betting.selectors.performance import ALL, track_record_of
from betting.services import sharing, taking_out
from betting.tasks import queue_take_outs

OPENINGS = Limit("shared-link", 60, 60)
CLOSINGS = Limit("close-account", 5, 600)


class Sharing(forms.Form):
    """Who may look, for how long, and at what."""

    label = forms.CharField(
        max_length=64,
        label="For whom",
        help_text="Only you see it.",
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "A friend"}),
    )
    days = forms.IntegerField(
        label="Works for, days", initial=30, widget=forms.NumberInput(attrs={"class": "input"})
    )
    shows_money = forms.BooleanField(
        required=False,
        label="Show amounts of money",
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
    )


class Closing(forms.Form):
    """Two things that say one means it."""

    password = forms.CharField(
        label="Your password",
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )
    word = forms.CharField(
        label=f"Type “{closing.WORD}” to confirm",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )


@require_GET
@login_required
def account(request: UserRequest) -> HttpResponse:
    """Show what is kept of me and what I can do about it; to htmx, how far a file is."""
    if request.htmx:
        last = taking_out.latest_of(request.user.pk)
        return render(request, "betting/_take_out.html", {"last": last})
    return _page(request)


@require_POST
@login_required
def share(request: UserRequest) -> HttpResponse:
    """Make a link to my performance and show it, this once."""
    form = Sharing(request.POST)
    if not form.is_valid():
        return _page(request, sharing_form=form, status=422)
    try:
        link, token = sharing.share(
            owner_id=request.user.pk, now=timezone.now(), **form.cleaned_data
        )
    except sharing.CannotShare as refusal:
        form.add_error(str(refusal).partition(":")[0], str(refusal))
        return _page(request, sharing_form=form, status=422)
    address = request.build_absolute_uri(reverse("shared", args=[token]))
    answer = _page(request, made=(link, address), status=201)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@login_required
def unshare(request: UserRequest, link_id: int) -> HttpResponse:
    """Revoke a link of mine."""
    with or_404(sharing.UnknownLink):
        sharing.unshare(owner_id=request.user.pk, link_id=link_id, now=timezone.now())
    messages.success(request, "That link opens nothing any more.")
    return redirect("account")


@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show somebody's performance to whoever has the link."""
    address = client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)
    try:
        count(OPENINGS, address)
    except TooManyTries as refusal:
        return too_many(request, wait=refusal.wait)
    link = sharing.open_link(token, now=timezone.now())
    if link is None:
        raise Http404("There is nothing here, or no longer.")
    track = track_record_of(link.owner_id, ALL)
    record = track.performance
    context = {
        "link": link,
        "record": record,
        "earned": record.yield_,
        "drawdown": float(record.drawdown[-1]) if record.bets else None,
        "currency": bankroll_of(link.owner_id).currency if link.shows_money else "",
        "now": timezone.now(),
    }
    answer = render(request, "betting/shared.html", context)
    answer["X-Robots-Tag"] = "noindex"
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@login_required
def take_out(request: UserRequest) -> HttpResponse:
    """Ask for everything of mine."""
    taking_out.ask(owner_id=request.user.pk, now=timezone.now())
    queue_take_outs()
    messages.success(request, "It is being made; this page says when it is ready.")
    return redirect("account")


@require_GET
@login_required
def taken_out(request: UserRequest) -> HttpResponse:
    """Give me the file."""
    content = taking_out.content_of(request.user.pk)
    if content is None:
        raise Http404("There is no file; ask for one on Account.")
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="fairline-account.zip"'
    return answer


@sensitive_post_parameters()
@require_POST
@login_required
def close_account(request: UserRequest) -> HttpResponse:
    """Close my account in two weeks."""
    form = Closing(request.POST)
    try:
        count(CLOSINGS, str(request.user.pk))
    except TooManyTries as refusal:
        return too_many(request, wait=refusal.wait)
    if form.is_valid():
        try:
            closing.ask_to_close(user_id=request.user.pk, now=timezone.now(), **form.cleaned_data)
        except closing.CannotClose as refusal:
            form.add_error(str(refusal).partition(":")[0], str(refusal))
        else:
            messages.success(request, "Your account will be closed; until then you can keep it.")
            return redirect("account")
    return _page(request, closing_form=form, status=422)


@require_POST
@login_required
def keep_account(request: UserRequest) -> HttpResponse:
    """Keep my account after all."""
    closing.keep_account(user_id=request.user.pk, now=timezone.now())
    messages.success(request, "Your account stays.")
    return redirect("account")


def _page(
    request: UserRequest,
    *,
    sharing_form: Sharing | None = None,
    closing_form: Closing | None = None,
    made: tuple[object, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "sharing_form": sharing_form or Sharing(),
        "closing_form": closing_form or Closing(),
        "made": made,
        "links": sharing.links_of(request.user.pk)[:50],
        "last": taking_out.latest_of(request.user.pk),
        "grace": closing.GRACE,
        "email_confirmed": email_confirmed(request.user.pk, request.user.email),
        "now": timezone.now(),
    }
    return render(request, "betting/account.html", context, status=status)
