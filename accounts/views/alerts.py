"""Alerts: what I want to be told of and where, what I was told."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.alerts import keeping, selecting
from accounts.forms.alerts import Mute, NewChannel, QuietHours, Rule
from accounts.http import UserRequest, or_404
from accounts.showing.pages import way_back

A_PAGE = 50


def alerts(request: UserRequest, *, names: Mapping[str, str]) -> HttpResponse:
    """Show my rules, channels, and the messages of late. `names`: of the keys in rules."""
    return _page(request, names=names)


@sensitive_post_parameters("token")
@require_POST
@login_required
def add_channel(request: UserRequest) -> HttpResponse:
    """Add a channel; of a webhook show the key that signs, this once."""
    form = NewChannel(request.POST)
    if form.is_valid():
        made = _tried(
            form,
            lambda: keeping.add_channel(
                owner_id=request.user.pk, now=timezone.now(), **form.cleaned_data
            ),
        )
        if made is not None:
            return _page(request, made=made, status=201)
    return _page(request, channel=form, status=422)


@require_POST
@login_required
def remove_channel(request: UserRequest, channel_id: int) -> HttpResponse:
    """Remove a channel of mine for good."""
    _of_mine(
        lambda: keeping.remove_channel(
            owner_id=request.user.pk, channel_id=channel_id, now=timezone.now()
        )
    )
    messages.success(request, "Removed.")
    return redirect("alerts")


@require_POST
@login_required
def renew_key(request: UserRequest, channel_id: int) -> HttpResponse:
    """Give a webhook another key to sign with, shown this once."""
    made = _of_mine(
        lambda: keeping.renew_signing_key(
            owner_id=request.user.pk, channel_id=channel_id, now=timezone.now()
        )
    )
    return _page(request, made=made, status=201)


@require_POST
@login_required
def test_channel(request: UserRequest, channel_id: int) -> HttpResponse:
    """Send a test message over a channel of mine."""
    _of_mine(
        lambda: keeping.send_test(
            owner_id=request.user.pk, channel_id=channel_id, now=timezone.now()
        )
    )
    messages.success(request, "On its way; the messages below say what became of it.")
    return redirect("alerts")


def rule(
    request: UserRequest,
    *,
    rule_id: int | None,
    choices: Mapping[str, list[tuple[str, str]]],
) -> HttpResponse:
    """Make a rule, or change one of mine. `choices`: what it may name, by field."""
    mine = None
    if rule_id is not None and (mine := selecting.rule_of(request.user.pk, rule_id)) is None:
        raise Http404("No such rule.")
    channels = selecting.channels_of(request.user.pk)
    if request.method == "GET":
        form = Rule(instance=mine, owner_channels=channels, choices=choices)
        return render(request, "accounts/alert_rule.html", {"form": form, "rule": mine})
    form = Rule(request.POST, instance=mine, owner_channels=channels, choices=choices)
    if form.is_valid():
        said = dict(form.cleaned_data)
        chosen = [channel.pk for channel in said.pop("channels")]
        saved = _tried(
            form,
            lambda: keeping.save_rule(
                owner_id=request.user.pk,
                said=said,
                channel_ids=chosen,
                rule_id=rule_id,
                now=timezone.now(),
            ),
        )
        if saved is not None:
            messages.success(request, "Saved.")
            return redirect("alerts")
    return render(request, "accounts/alert_rule.html", {"form": form, "rule": mine}, status=422)


@require_POST
@login_required
def remove_rule(request: UserRequest, rule_id: int) -> HttpResponse:
    """Remove a rule of mine for good."""
    _of_mine(
        lambda: keeping.remove_rule(owner_id=request.user.pk, rule_id=rule_id, now=timezone.now())
    )
    messages.success(request, "Removed.")
    return redirect("alerts")


@require_POST
@login_required
def mute(request: UserRequest) -> HttpResponse:
    """Send nothing for some hours, of one rule or of all."""
    form = Mute(request.POST)
    if not form.is_valid():
        messages.error(request, "Hours: a whole number from 0 to 720.")
        return redirect("alerts")
    _of_mine(
        lambda: keeping.mute(
            owner_id=request.user.pk,
            hours=form.cleaned_data["hours"],
            rule_id=form.cleaned_data["rule"],
            now=timezone.now(),
        )
    )
    return redirect("alerts")


@require_POST
@login_required
def quiet_hours(request: UserRequest) -> HttpResponse:
    """Set when I am not to be disturbed."""
    form = QuietHours(request.POST)
    if form.is_valid():
        set_ = _tried(
            form,
            lambda: keeping.set_quiet_hours(
                owner_id=request.user.pk,
                begin=form.cleaned_data["quiet_from"],
                end=form.cleaned_data["quiet_to"],
                now=timezone.now(),
            ),
        )
        if set_ is not None:
            return redirect("alerts")
    return _page(request, quiet=form, status=422)


@require_POST
@login_required
def send_again(request: UserRequest, delivery_id: int) -> HttpResponse:
    """Send a message of mine that was given up once more."""
    _of_mine(
        lambda: keeping.send_again(
            owner_id=request.user.pk, delivery_id=delivery_id, now=timezone.now()
        )
    )
    return redirect("alerts")


@require_GET
@login_required
def notices(request: UserRequest) -> HttpResponse:
    """List what I was told, newest first."""
    unread = request.GET.get("unread") == "1"
    paging = Paginator(selecting.notices_of(request.user.pk, unread=unread), A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "accounts/notices.html", {"paging": paging, "unread": unread})


@require_POST
@login_required
def read_notices(request: UserRequest) -> HttpResponse:
    """Mark my notices as read."""
    keeping.read_notices(owner_id=request.user.pk, now=timezone.now())
    return redirect(way_back(request, "/notices/"))


def _tried(form: forms.BaseForm, do: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Return what a service gives; None where it refuses, which the form then says."""
    try:
        return _of_mine(do)
    except ValidationError as invalid:
        for field, said in invalid.message_dict.items():
            form.add_error(field if field in form.fields else None, said)
        return None


def _of_mine(do: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the service gives
    with or_404(keeping.NoSuchThing):
        return do()


def _page(
    request: UserRequest,
    *,
    channel: NewChannel | None = None,
    quiet: QuietHours | None = None,
    made: keeping.Made | None = None,
    names: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    owner, now = request.user.pk, timezone.now()
    hours = selecting.hours_of(owner)
    if quiet is None:
        quiet = QuietHours(
            initial={"quiet_from": hours.quiet_from, "quiet_to": hours.quiet_to} if hours else {}
        )
    answer = render(
        request,
        "accounts/alerts.html",
        {
            "rules": selecting.rules_of(owner),
            "names": names,
            "channels": selecting.channels_of(owner),
            "channel_form": channel or NewChannel(),
            "quiet": quiet,
            "made": made,
            "muted_until": hours.muted_until
            if hours and hours.muted_until and hours.muted_until > now
            else None,
            "dead": selecting.deliveries_of(owner, status="dead")[:20],
            "lately": selecting.deliveries_of(owner)[:20],
            "real_now": now,
        },
        status=status,
    )
    # A key that signs is nothing for anybody's cache.
    answer["Cache-Control"] = "no-store"
    return answer
