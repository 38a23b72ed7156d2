"""Drift: whether champions still meet the world they were trained for."""

import json
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import clock
from accounts.http import UserRequest
from accounts.showing.charts import calibration
from models_registry import screens
from models_registry.forms import Reason
from models_registry.screens import drift as drift_screens
from models_registry.services import NotPaused, release_version

INPUTS_SHOWN = 12


@require_GET
@login_required
def drift(request: UserRequest) -> HttpResponse:
    """List every champion with its latest readings."""
    now = clock.now()
    return render(
        request,
        "models_registry/_drift.html" if request.htmx else "models_registry/drift.html",
        {"watches": drift_screens.watches(now=now), "now": now},
    )


@require_GET
@login_required
def drift_of(request: UserRequest, predictor_key: str) -> HttpResponse:
    """Show one predictor's drift: readings, plots, pauses, refusals."""
    now = clock.now()
    found = drift_screens.watch_in_full(predictor_key, now=now)
    if found is None:
        raise Http404("There is no such predictor.")
    report = found.watch.report if found.watch else None
    plots: dict[str, Any] = report.plots if report else {}
    bins = screens.bins_of(plots.get("calibration", []))
    return render(
        request,
        "models_registry/drift_of.html",
        {
            "found": found,
            "watch": found.watch,
            "plot": calibration(bins) if bins else None,
            "losses": _losses_chart(plots.get("rolling", [])),
            "gap": _gap_chart(plots.get("rolling", [])),
            "inputs": plots.get("inputs", [])[:INPUTS_SHOWN],
            "shadow": plots.get("shadow", []),
            "now": now,
        },
    )


@require_POST
@login_required
def release(request: UserRequest, predictor_key: str) -> HttpResponse:
    """Let opportunities rest on a paused champion again, with a reason."""
    if not request.user.is_staff:
        raise PermissionDenied("Only an operator releases a paused model version.")
    form = Reason(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["reason"][0]))
        return redirect("drift_of", predictor_key)
    try:
        release_version(
            predictor_key=predictor_key,
            by_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
    except ObjectDoesNotExist:
        raise Http404("There is no such predictor.") from None
    except NotPaused as refused:
        messages.error(request, f"{refused}.")
    else:
        messages.success(request, "Released. Opportunities rest on it from the next refresh on.")
    return redirect("drift_of", predictor_key)


def _seconds(day: str) -> float:
    return datetime.combine(date.fromisoformat(day), time(12), tzinfo=UTC).timestamp()


def _losses_chart(rows: list[dict[str, Any]]) -> str | None:
    if len(rows) < 2:
        return None
    return json.dumps(
        {
            "x": [_seconds(row["day"]) for row in rows],
            "series": [
                {"label": "Model", "values": [row["model"] for row in rows], "role": "strong"},
                {
                    "label": "Market close",
                    "values": [row["market"] for row in rows],
                    "role": "dashed",
                },
            ],
            "unit": "loss",
        }
    )


def _gap_chart(rows: list[dict[str, Any]]) -> str | None:
    if len(rows) < 2:
        return None
    gap = [round(row["model"] - row["market"], 5) for row in rows]
    return json.dumps(
        {
            "x": [_seconds(row["day"]) for row in rows],
            "series": [
                {"label": "Model less market", "values": gap, "role": "strong"},
                {"label": "95 % low", "values": [row["low"] for row in rows], "role": "faint"},
                {"label": "95 % high", "values": [row["high"] for row in rows], "role": "faint"},
                {"label": "Even", "values": [0] * len(rows), "role": "dashed"},
            ],
            "unit": "loss",
        }
    )
