"""The card of a model version, as a page and as files."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from rest_framework.utils.encoders import JSONEncoder

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.charts import calibration
from models_registry import screens, selectors
from models_registry.artifacts import is_there
from models_registry.card import as_markdown, card_of
from models_registry.views.versions import about_files


@require_GET
@login_required
def model_card(request: UserRequest, version_id: int) -> HttpResponse:
    """Show the card of one version."""
    version = selectors.version_in_full(version_id)
    if version is None:
        raise Http404("There is no such version.")
    card = card_of(version, now=clock.now())
    bins = screens.bins_of(card["calibration"])
    return render(
        request,
        "models_registry/card.html",
        {
            "version": version,
            "card": card,
            "file_missing": "" if is_there(version.artifact) else about_files(request),
            "plot": calibration(bins) if bins else None,
            "now": clock.now(),
        },
    )


@require_GET
@login_required
def model_card_file(_request: UserRequest, version_id: int, form: str) -> HttpResponse:
    """Give the card of one version as a file: md or json."""
    version = selectors.version_in_full(version_id)
    if version is None or form not in {"md", "json"}:
        raise Http404("There is no such card.")
    card = card_of(version, now=clock.now())
    answer = (
        HttpResponse(as_markdown(card), content_type="text/markdown; charset=utf-8")
        if form == "md"
        else JsonResponse(card, encoder=JSONEncoder, json_dumps_params={"indent": 1})
    )
    name = card["version"].replace("/", "-v")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer
