"""Strategies: seen, made, changed, switched, followed, put away, and their versions compared."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.pages import way_back
from betting.domain.configuration import Configuration
from betting.domain.rules import RULES, rule_by_key
from betting.forms_strategies import StrategyForm
from betting.naming import title_of, value_text
from betting.selectors import strategies as selectors
from betting.services import strategies as services
from betting.services.previewing import Preview, preview
from odds.screens import market_title

Answer = TypeVar("Answer")
REFUSALS = (services.CannotChange, services.NotYours)


@require_GET
@login_required
def strategies(request: UserRequest) -> HttpResponse:
    """List the strategies I see: everybody's and my own."""
    with_archived = request.GET.get("archived") == "1"
    found = list(selectors.strategies_of(request.user.pk, with_archived=with_archived))
    counts, newest = selectors.open_counts(), selectors.newest_finds()
    rows = [
        {
            "strategy": each,
            "configuration": (configuration := Configuration.from_json(each.configuration)),
            "rule": rule_by_key(configuration.rule),
            "markets": ", ".join(market_title(key) for key in configuration.market_keys),
            "open": counts.get(each.pk, (0, 0)),
            "newest": newest.get(each.pk),
        }
        for each in found
    ]
    return render(
        request,
        "betting/strategies.html",
        {
            "rows": rows,
            "rules": RULES.values(),
            "with_archived": with_archived,
            "now": clock.now(),
        },
    )


@require_GET
@login_required
def strategy(request: UserRequest, key: str) -> HttpResponse:
    """Show a strategy: what it is set to, its versions, and what came of each."""
    found = _found(request, key)
    configuration = Configuration.from_json(found.configuration)
    return render(
        request,
        "betting/strategy.html",
        {
            "strategy": found,
            "rule": rule_by_key(configuration.rule),
            "facts": [
                (title_of(name), value_text(name, value))
                for name, value in configuration.to_json().items()
                if name not in ("rule", "settings")
            ],
            "settings": [
                (name, rule_by_key(configuration.rule).setting(configuration, name), each.meaning)
                for name, each in rule_by_key(configuration.rule).settings.items()
            ],
            "versions": selectors.versions_of(found, request.user.pk),
            "backtests": selectors.backtests_of(found)[:10],
            "mine": _may_change(request, found),
            "now": clock.now(),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def new_strategy(request: UserRequest) -> HttpResponse:
    """Make a strategy, from nothing or as a copy of one."""
    asked = request.GET.get("from", "")
    original = selectors.strategy_of(request.user.pk, asked) if asked else None
    configuration = Configuration.from_json(original.configuration if original else {})
    if request.method == "GET":
        title = f"{original.title}, mine"[:64] if original else ""
        form = _form_of(configuration, initial={"title": title})
        return _form(request, form, None, status=200)
    form = _form_of(configuration, data=request.POST)
    if form.is_valid():
        made = _done(
            form,
            lambda: services.make_strategy(
                title=form.cleaned_data["title"],
                content=form.cleaned_data["content"],
                by=request.user,
                is_shared=request.POST.get("is_shared") == "on",
                now=clock.now(),
            ),
        )
        if made is not None:
            messages.success(request, "Made, switched off. Look it over, then switch it on.")
            return redirect("strategy", made.key)
    return _form(request, form, None, status=422)


@require_http_methods(["GET", "POST"])
@login_required
def edit_strategy(request: UserRequest, key: str) -> HttpResponse:
    """Change a strategy; a changed configuration is its next version."""
    found = _found(request, key)
    if not _may_change(request, found):
        raise PermissionDenied("Only an operator changes a shared strategy; copy it instead.")
    configuration = Configuration.from_json(found.configuration)
    if request.method == "GET":
        form = _form_of(configuration, initial={"title": found.title})
        return _form(request, form, found, status=200)
    form = _form_of(configuration, data=request.POST)
    if "preview" in request.POST:
        return _preview(request, form, found, configuration)
    if form.is_valid():
        was = request.POST.get("was", "")
        changed = _done(
            form,
            lambda: services.change_strategy(
                key=key,
                by=request.user,
                now=clock.now(),
                content=form.cleaned_data["content"],
                title=form.cleaned_data["title"],
                note=form.cleaned_data["note"],
                was=int(was) if was.isdecimal() else None,
            ),
        )
        if changed is not None:
            kept = f"Version {changed.version} is in force."
            messages.success(request, kept if changed.version != found.version else "Saved.")
            return redirect("strategy", key)
    return _form(request, form, found, status=422)


@require_GET
@login_required
def compare_strategy(request: UserRequest, key: str) -> HttpResponse:
    """Set two versions of a strategy side by side."""
    found = _found(request, key)
    numbers = [request.GET.get(name, "") for name in ("first", "second")]
    versions = {
        str(row.version.number): row for row in selectors.versions_of(found, request.user.pk)
    }
    if any(number not in versions for number in numbers):
        raise Http404("Choose two versions of it to compare them.")
    first, second = (versions[number] for number in numbers)
    return render(
        request,
        "betting/strategy_compare.html",
        {
            "strategy": found,
            "first": first,
            "second": second,
            "differences": selectors.differences(
                first.version.configuration, second.version.configuration
            ),
            "now": clock.now(),
        },
    )


@require_POST
@login_required
def switch_strategy(request: UserRequest, key: str) -> HttpResponse:
    """Switch a strategy on or off."""
    is_active = request.POST.get("is_active") == "1"
    return _act(
        request,
        key,
        lambda: services.switch_strategy(
            key=key, is_active=is_active, by=request.user, now=clock.now()
        ),
        "Switched on: it looks with the next refresh." if is_active else "Switched off.",
    )


@require_POST
@login_required
def archive_strategy(request: UserRequest, key: str) -> HttpResponse:
    """Put a strategy away, or bring it back."""
    is_archived = request.POST.get("is_archived") == "1"
    return _act(
        request,
        key,
        lambda: services.archive_strategy(
            key=key, is_archived=is_archived, by=request.user, now=clock.now()
        ),
        "Archived, with all its versions." if is_archived else "Back, switched off.",
    )


@require_POST
@login_required
def follow_strategy(request: UserRequest, key: str) -> HttpResponse:
    """Have a strategy place paper bets for me, or no longer."""
    follows = request.POST.get("follows") == "1"
    return _act(
        request,
        key,
        lambda: services.follow_strategy(
            key=key, follows=follows, by=request.user, now=clock.now()
        ),
        "{title} places paper bets for you from now on."
        if follows
        else "{title} bets for you no longer.",
    )


def _found(request: UserRequest, key: str) -> Any:  # noqa: ANN401 - a row that only selectors name
    found = selectors.strategy_of(request.user.pk, key)
    if found is None:
        raise Http404("There is no such strategy.")
    return found


def _may_change(request: UserRequest, found: Any) -> bool:  # noqa: ANN401 - as above
    return found.owner_id == request.user.pk or (found.owner_id is None and request.user.is_staff)


def _form_of(configuration: Configuration, **given: Any) -> StrategyForm:  # noqa: ANN401 - a form's
    return StrategyForm(configuration=configuration, books=selectors.book_titles(), **given)


def _act(request: UserRequest, key: str, do: Callable[[], object], done: str) -> HttpResponse:
    found = _found(request, key)
    try:
        do()
    except services.NotYours as refusal:
        raise PermissionDenied(str(refusal)) from None
    except services.CannotChange as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done.format(title=found.title))
    return redirect(way_back(request, reverse("strategy", args=[key])))


def _done(form: StrategyForm, do: Callable[[], Answer]) -> Answer | None:
    try:
        return do()
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return None


def _preview(
    request: UserRequest,
    form: StrategyForm,
    found: object,
    in_force: Configuration,
) -> HttpResponse:
    """Show what the settings as typed would have recommended last week. Nothing is saved."""
    seen = preview(in_force, form.configuration, now=clock.now()) if form.is_valid() else None
    if request.htmx:
        return render(request, "betting/_strategy_preview.html", {"form": form, "preview": seen})
    return _form(request, form, found, status=200 if seen else 422, preview=seen)


def _form(
    request: UserRequest,
    form: StrategyForm,
    found: object | None,
    *,
    status: int,
    preview: Preview | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "strategy": found,
        "rules": RULES.values(),
        "preview": preview,
        "now": clock.now(),
    }
    return render(request, "betting/strategy_form.html", context, status=status)
