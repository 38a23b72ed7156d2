"""Bets placed elsewhere: a file is looked at row by row, mapped, and taken."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import clock
from accounts.http import UserRequest
from betting.domain.bet_import import DATES, FIELDS, BadFile
from betting.selectors import bet_imports as selectors
from betting.services import bet_imports as services

A_PAGE = 50
SHOWN = 200


@require_http_methods(["GET", "POST"])
@login_required
def imports(request: UserRequest) -> HttpResponse:
    """Show my imported bets and what they earned; take a file to look at."""
    if request.method == "GET":
        return _page(request, "", status=200)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, "file: choose the CSV of your bets.", status=422)
    if (file.size or 0) > services.MOST_BYTES:
        return _page(request, f"file: at most {services.MOST_BYTES:,} bytes; split it.", status=422)
    try:
        made = services.upload(
            owner_id=request.user.pk,
            name=file.name or "",
            content=services.decode(file.read()),
            now=clock.now(),
        )
    except BadFile as refusal:
        return _page(request, str(refusal), status=422)
    return redirect("bet_import", made.pk)


@require_GET
@login_required
def bet_import(request: UserRequest, import_id: int) -> HttpResponse:
    """Show every row of a file: the bet that it is, or what is wrong with it."""
    return _look(request, import_id, "", status=200)


@require_POST
@login_required
def map_import(request: UserRequest, import_id: int) -> HttpResponse:
    """Say which column is what, and look again."""
    try:
        services.set_mapping(
            now=clock.now(),
            owner_id=request.user.pk,
            import_id=import_id,
            mapping={key: request.POST.get(key, "") for key in FIELDS},
            dates=request.POST.get("dates", ""),
        )
    except ObjectDoesNotExist:
        raise Http404("There is no such file to look at.") from None
    except BadFile as refusal:
        return _look(request, import_id, str(refusal), status=422)
    return redirect("bet_import", import_id)


@require_POST
@login_required
def take_import(request: UserRequest, import_id: int) -> HttpResponse:
    """Take every right row; keep the wrong ones in quarantine."""
    try:
        done = services.import_bets(owner_id=request.user.pk, import_id=import_id, now=clock.now())
    except ObjectDoesNotExist:
        raise Http404("There is no such file.") from None
    except BadFile as refusal:
        return _look(request, import_id, str(refusal), status=422)
    counts = done.counts
    messages.success(
        request,
        f"{counts['new']} bets taken, {counts['settles']} settled, {counts['there']} were there "
        f"already, {counts['wrong']} in quarantine.",
    )
    return redirect("bet_import", import_id)


def _look(request: UserRequest, import_id: int, refusal: str, *, status: int) -> HttpResponse:
    found = selectors.imports_of(request.user.pk).filter(pk=import_id).first()
    if found is None:
        raise Http404("There is no such file.")
    now = clock.now()
    context = {
        "found": found,
        "fields": [(key, field, found.mapping.get(key, "")) for key, field in FIELDS.items()],
        "dates": DATES,
        "refusal": refusal,
        "quarantined": found.quarantined.all()[:SHOWN],
        "now": now,
    }
    if found.status == found.Status.PREVIEW:
        context["header"] = services.header_of(found)
        try:
            seen = services.preview(found, now=now)
        except BadFile as missing:
            context["refusal"] = refusal or str(missing)
        else:
            context |= {"seen": seen, "rows": seen.rows[:SHOWN], "more": len(seen.rows) - SHOWN}
    return render(request, "betting/bet_import.html", context, status=status)


def _page(request: UserRequest, refusal: str, *, status: int) -> HttpResponse:
    mine = Paginator(selectors.imported_bets(request.user.pk), A_PAGE)
    performance = selectors.imported_performance(request.user.pk)
    context = {
        "paging": mine.get_page(request.GET.get("page")),
        "imports": selectors.imports_of(request.user.pk)[:20],
        "record": performance,
        "earned": performance.yield_,
        "refusal": refusal,
        "now": clock.now(),
    }
    return render(request, "betting/bet_imports.html", context, status=status)
