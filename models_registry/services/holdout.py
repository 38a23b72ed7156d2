"""The lock on held-out seasons: who looked, when, with what model, and how many had before."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from accounts import audit
from models_registry.code import code_version
from models_registry.domain.holdout import Season, deflated, deflation_words, held_out, seasons_of
from models_registry.history import History, find_competition, instant
from models_registry.models import ModelVersion, Opening, Predictor, Trial
from models_registry.services.stages import lock_predictor
from odds.models import Event, EventStatus


@dataclass(frozen=True, slots=True)
class Look:
    """A model and what it showed on some seasons."""

    recipe: str
    parameters: dict[str, Any]
    figures: dict[str, Any]
    events: int
    version: ModelVersion | None = None


class OpenedBefore(Exception):
    """A held-out season that may not be seen again, with what is needed for it."""


def seasons_held_out(history: History, *, now: datetime) -> tuple[str, ...]:
    """Return the seasons of a history that no choice may rest on (FAIRLINE_HOLDOUT)."""
    configured = settings.HOLDOUT.get(history.competition_key)
    return held_out(seasons_of(history.games, history.season), instant(now), configured)


def stored_seasons_held_out(competition_key: str, *, now: datetime) -> tuple[str, ...]:
    """Return as `seasons_held_out` what is held out of what is stored, without reading games.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
    """
    stored = (
        Event.objects.filter(competition=find_competition(competition_key))
        .exclude(status=EventStatus.CANCELLED)
        .exclude(season="")
        .values("season")
        .annotate(
            last=Max("starts_at"),
            results=Count("pk", filter=Q(status=EventStatus.FINISHED, home_score__isnull=False)),
        )
        .order_by("last")
    )
    seasons = [Season(row["season"], row["results"], instant(row["last"])) for row in stored]
    return held_out(seasons, instant(now), settings.HOLDOUT.get(competition_key))


def open_held_out(
    *,
    predictor_key: str,
    history: History,
    seasons: Sequence[str],
    look: Look,
    by_id: int | None,
    now: datetime,
    reason: str = "",
) -> list[Opening]:
    """Record that a model was looked at on held-out seasons; return the openings, old and new.

    Seasons that are not held out are not recorded. The same model (recipe, parameters, code)
    on the same season is the same opening: nothing is written and the first is returned. `reason`
    is why a season was opened again.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
    """
    closed = seasons_held_out(history, now=now)
    locked = [name for name in seasons if name in closed]
    if not locked:
        return []
    with transaction.atomic():
        predictor, _ = Predictor.objects.get_or_create(
            key=predictor_key, defaults={"competition": find_competition(history.competition_key)}
        )
        lock_predictor(predictor.pk)
        return [
            _open(predictor, name, history, look, by_id=by_id, now=now, reason=reason)
            for name in locked
        ]


def open_held_out_once(
    *,
    predictor_key: str,
    history: History,
    seasons: Sequence[str],
    look: Look,
    by_id: int | None,
    now: datetime,
    reason: str,
) -> list[Opening]:
    """Record a look as `open_held_out` does, unless the recipe saw one of the seasons before.

    With other parameters or code it is let in again only by a person who says why.

    Raises:
        OpenedBefore: if nobody did; nothing was written.
        NoSuchCompetition: naming the keys that are stored.
    """
    with transaction.atomic():
        openings = open_held_out(
            predictor_key=predictor_key,
            history=history,
            seasons=seasons,
            look=look,
            by_id=by_id,
            now=now,
            reason=reason,
        )
        # Their numbers were given under the predictor's lock: of two at once the later sees both.
        for each in openings:
            earlier = Opening.objects.filter(
                predictor=each.predictor_id,
                season=each.season,
                recipe=each.recipe,
                number__lt=each.number,
            )
            if (by_id is None or not each.reason) and earlier.exists():
                raise OpenedBefore(refusal_words(earlier.latest("number")))
    return openings


def opened_before(
    *, predictor_key: str, recipe: str, parameters: dict[str, Any], seasons: Sequence[str]
) -> list[Opening]:
    """Return how a recipe saw seasons before, newest first; none where it was this very model."""
    earlier = Opening.objects.filter(
        predictor__key=predictor_key, season__in=seasons, recipe=recipe
    ).select_related("by")
    same = fingerprint_of(recipe, parameters)
    seen = {each.season for each in earlier if each.fingerprint == same}
    return [each for each in earlier.order_by("-number") if each.season not in seen]


def refusal_words(earlier: Opening) -> str:
    """Return why a season is not opened again, and what would open it."""
    who = earlier.by.username if earlier.by else "the system"
    return (
        f"reason: {earlier.recipe} saw {earlier.season} on {earlier.at:%Y-%m-%d} by {who}, and a "
        "held-out season opens once. To open it again, a person says why in words; what it then "
        "shows counts as the best of every look."
    )


def _open(
    predictor: Predictor,
    season: str,
    history: History,
    look: Look,
    *,
    by_id: int | None,
    now: datetime,
    reason: str,
) -> Opening:
    fingerprint = fingerprint_of(look.recipe, look.parameters)
    earlier = Opening.objects.filter(predictor=predictor, season=season)
    if known := earlier.filter(fingerprint=fingerprint).select_related("by").first():
        return known
    opening = Opening.objects.create(
        predictor=predictor,
        season=season,
        version=look.version,
        recipe=look.recipe,
        parameters=look.parameters,
        fingerprint=fingerprint,
        by_id=by_id,
        at=timezone.now(),
        events=look.events,
        figures=look.figures,
        data_hash=history.fingerprint(),
        code_version=code_version()[:64],
        number=earlier.count() + 1,
        trials=tries_of(predictor.pk),
        reason=reason,
    )
    audit.record(
        action="opened held-out season",
        subject=f"{predictor} {season}",
        actor_id=by_id,
        detail={
            "opening": opening.number,
            "recipe": look.recipe,
            "fingerprint": fingerprint,
            "reason": reason,
        },
        at=now,
    )
    return opening


def tries_of(predictor_id: int) -> int:
    """Return how many sets of parameters searches have tried; the recipe as it stood is none."""
    return Trial.objects.filter(
        search__predictor=predictor_id, number__gt=0, status__in=["complete", "pruned"]
    ).count()


def searched(trial: Trial | None) -> dict[str, int] | None:
    """Return which search a trial is of, and the best of how many trials; None for no trial."""
    if trial is None:
        return None
    ended = trial.search.trials.filter(number__gt=0, status__in=["complete", "pruned"])
    return {"search": trial.search_id, "trial": trial.number, "tries": ended.count()}


def opening_words(opening: Opening) -> str:
    """Return what an opening says to whoever reads the figures, as a sentence."""
    who = opening.by.username if opening.by else "the system"
    first = (
        f"{opening.season} is held out; first opened with this model on {opening.at:%Y-%m-%d} by "
        f"{who}"
    )
    if opening.number == 1:
        return f"{first}; no other model of {opening.predictor} had seen it"
    return (
        f"{first}, as model number {opening.number} of {opening.predictor} to see it: its figures "
        f"count as the best of {opening.number}"
    )


def deflated_by_openings(verdict: dict[str, Any], openings: Sequence[Opening]) -> dict[str, Any]:
    """Return each difference in log loss of a verdict, deflated for the models that looked."""
    tries = max((each.number for each in openings), default=1)
    return {"tries": tries} | {
        who: round(deflated(told["difference"], told["error"], tries), 6)
        for who, told in verdict.items()
        if isinstance(told, dict) and "error" in told
    }


def deflated_for_search(metrics: dict[str, Any], tries: dict[str, int] | None) -> dict[str, Any]:
    """Return metrics whose verdict also says what is left after the trials of a search.

    `tries` as `searched` gives it; as they are where no search chose the parameters. The record
    of a version holds the seasons that its search was scored on, so its lead is the best of many.
    """
    if tries is None:
        return metrics
    verdict = metrics["verdict"]
    left = {
        who: {
            "left": round(deflated(told["difference"], told["error"], tries["tries"]), 6),
            "words": deflation_words(told["difference"], told["error"], tries["tries"]),
        }
        for who, told in verdict.items()
        if isinstance(told, dict) and "error" in told
    }
    return metrics | {"verdict": verdict | {"deflated": {"tries": tries["tries"]} | left}}


def fingerprint_of(recipe: str, parameters: dict[str, Any]) -> str:
    """Return the SHA-256 of a recipe, its parameters and the code as it is."""
    made_of = [recipe, parameters, code_version()]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
