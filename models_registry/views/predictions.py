"""One prediction: what was said, with what was known, and why."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.charts import diverging
from models_registry import selectors
from models_registry.artifacts import ArtifactRefused
from models_registry.domain.families import read_scores
from models_registry.domain.features import SignatureMismatch
from models_registry.domain.lines import spreads_about_even, totals_about_even
from models_registry.explaining import explain
from models_registry.views.versions import said_to

MOVES_SHOWN = 4
PARTS_SHOWN = 12


@require_GET
@login_required
def prediction(request: UserRequest, prediction_id: int) -> HttpResponse:
    """Show one prediction; why it says so follows as a part of its own."""
    found = selectors.prediction_in_full(prediction_id)
    if found is None:
        raise Http404("There is no such prediction.")
    return render(
        request,
        "models_registry/prediction.html",
        {"prediction": found, "now": clock.now()} | _lines(found.distribution),
    )


@require_GET
@login_required
def why(request: UserRequest, prediction_id: int) -> HttpResponse:
    """Explain one prediction, worked out now: the part alone to htmx, else on its page."""
    found = selectors.prediction_in_full(prediction_id)
    if found is None:
        raise Http404("There is no such prediction.")
    told: dict[str, object] = {"prediction": found, "now": clock.now(), "asked": True}
    told |= _lines(found.distribution)
    try:
        explained = explain(found)
    except (ArtifactRefused, SignatureMismatch) as refusal:
        told["refusal"] = said_to(request, refusal)
    else:
        loud, quiet = explained.parts[:PARTS_SHOWN], explained.parts[PARTS_SHOWN:]
        bars = diverging([part.log_odds for part in loud])
        told |= {
            "why": explained,
            "rows": list(zip(loud, bars, strict=True)),
            "quiet": (len(quiet), sum(part.log_odds for part in quiet)) if quiet else None,
            "flips": explained.flips[:MOVES_SHOWN],
            "moves": explained.moves[:MOVES_SHOWN],
        }
    return render(
        request,
        "models_registry/_why.html" if request.htmx else "models_registry/prediction.html",
        told,
    )


def _lines(distribution: dict[str, Any]) -> dict[str, object]:
    """Return what the same belief says of spreads and totals; nothing of older rows."""
    read = read_scores([distribution])
    if not read:
        return {}
    scores = read[0][1]
    return {"spreads": spreads_about_even(scores), "totals": totals_about_even(scores)}
