"""What pages, betting and the API read of the registry."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from accounts.models import User
from models_registry.fitness import latest_refusals, pauses_in_force, why_expired
from models_registry.models import (
    ModelVersion,
    Prediction,
    Promotion,
    Refusal,
    Remark,
    Stage,
    StageChange,
)
from odds.models import Event


def champion(predictor_key: str) -> ModelVersion | None:
    """Return the version that prices now, with predictor and competition; None before any."""
    promotion = (
        Promotion.objects.filter(predictor__key=predictor_key)
        .select_related("version__predictor__competition")
        .order_by("-pk")
        .first()
    )
    return promotion.version if promotion else None


def latest_promotions() -> list[Promotion]:
    """Return each predictor's latest promotion, in order of their keys; its version prices now."""
    latest = (
        Promotion.objects.select_related("version__predictor__competition", "by")
        .order_by("predictor_id", "-pk")
        .distinct("predictor_id")
    )
    return sorted(latest, key=lambda row: row.version.predictor.key)


def champions() -> list[ModelVersion]:
    """Return every predictor's champion, in order of the predictors' keys."""
    return [row.version for row in latest_promotions()]


def latest_promotion(predictor_id: int) -> Promotion | None:
    """Return the log's last entry for a predictor."""
    return (
        Promotion.objects.filter(predictor_id=predictor_id)
        .select_related("version__predictor__competition")
        .order_by("-pk")
        .first()
    )


def version_before(current: Promotion) -> ModelVersion | None:
    """Return the champion that the current one took over from, seen through earlier roll-backs.

    After 1, 2, 3, back to 2, the version before is 1: a roll-back undoes one promotion.
    """
    line: list[ModelVersion] = []
    log = Promotion.objects.filter(predictor_id=current.predictor_id).select_related(
        "version__predictor"
    )
    for entry in log.order_by("pk"):
        if entry.kind == Promotion.Kind.ROLLED_BACK:
            line.pop()
        else:
            line.append(entry.version)
    return line[-2] if len(line) > 1 else None


def versions(
    *,
    predictor: str | None = None,
    competition: str | None = None,
    stage: str | None = None,
    tag: str | None = None,
) -> QuerySet[ModelVersion]:
    """Return versions, newest first; each knows its stage and its tags."""
    wanted = {"predictor__key": predictor, "predictor__competition__key": competition}
    promoted = Promotion.objects.filter(predictor=OuterRef("predictor")).order_by("-pk")
    staged = StageChange.objects.filter(version=OuterRef("pk")).order_by("-pk")
    rows = (
        ModelVersion.objects.filter(
            **{path: value for path, value in wanted.items() if value is not None}
        )
        .select_related("predictor__competition")
        .prefetch_related(Prefetch("remarks", Remark.objects.select_related("by")))
        # The model tells that they are there only where this filled them in.
        .annotate(  # type: ignore[no-redef]
            champion_id=Subquery(promoted.values("version_id")[:1]),
            logged_stage=Subquery(staged.values("stage")[:1]),
        )
        .order_by("-created_at", "-pk")
    )
    if stage is not None:
        rows = rows.filter(_in_stage(stage))
    if tag is not None:
        said = Remark.objects.filter(version=OuterRef("pk"), text=tag).exclude(kind="note")
        rows = rows.annotate(tagged=Subquery(said.order_by("-pk").values("kind")[:1])).filter(
            tagged=Remark.Kind.TAG
        )
    return rows


def _in_stage(stage: str) -> Q:
    prices = Q(champion_id=F("pk"))
    if stage == Stage.PRODUCTION:
        return prices
    logged = Q(logged_stage=stage)
    if stage == Stage.CANDIDATE:
        logged |= Q(logged_stage=None)
    # Where there is no champion yet, nothing is equal to it, and not unequal either.
    return logged & (Q(champion_id=None) | ~prices)


def challengers(predictor_key: str) -> list[ModelVersion]:
    """Return the versions in staging, which predict in shadow beside the champion, oldest first."""
    return list(versions(predictor=predictor_key, stage=Stage.STAGING).order_by("number"))


# With whoever did it, in one query.
PROMOTED = Prefetch("promotions", Promotion.objects.select_related("by"))


def version_in_full(version_id: int) -> ModelVersion | None:
    """Return one version with its promotions, or None."""
    return versions().filter(pk=version_id).prefetch_related(PROMOTED).first()


def staged_by(version_id: int) -> int | None:
    """Return the id of the person who put a version in the stage it has; None: the system."""
    change = StageChange.objects.filter(version_id=version_id).order_by("-pk").first()
    return change.by_id if change else None


def predictions(
    *,
    event_id: int | None = None,
    version_id: int | None = None,
    competition: str | None = None,
    as_of_after: datetime | None = None,
    as_of_before: datetime | None = None,
) -> QuerySet[Prediction]:
    """Return predictions, latest information first; each knows whether it was made in shadow."""
    promoted = Promotion.objects.filter(
        predictor=OuterRef("version__predictor"), at__lte=OuterRef("made_at")
    )
    wanted = {
        "event_id": event_id,
        "version_id": version_id,
        "event__competition__key": competition,
        "as_of__gte": as_of_after,
        "as_of__lt": as_of_before,
    }
    return (
        Prediction.objects.filter(
            **{path: value for path, value in wanted.items() if value is not None}
        )
        # The model tells that it is there only where this filled it in.
        .annotate(  # type: ignore[no-redef]
            priced_by=Subquery(promoted.order_by("-pk").values("version_id")[:1])
        )
        .select_related(
            "version__predictor__competition", "event__competition", "event__home", "event__away"
        )
        .defer("features", "version__signature", "version__metrics", "version__parameters")
        .order_by("-as_of", "-pk")
    )


def prediction_in_full(prediction_id: int) -> Prediction | None:
    """Return one prediction with its features, event and version, or None."""
    return predictions().defer(None).filter(pk=prediction_id).first()


def refusals(
    *, event_id: int | None = None, version_id: int | None = None, cause: str | None = None
) -> QuerySet[Refusal]:
    """Return refusals to predict, latest information first."""
    wanted = {"event_id": event_id, "version_id": version_id, "cause": cause}
    return (
        Refusal.objects.filter(
            **{path: value for path, value in wanted.items() if value is not None}
        )
        .select_related(
            "version__predictor__competition", "event__competition", "event__home", "event__away"
        )
        .defer("version__signature", "version__metrics", "version__parameters")
        .order_by("-as_of", "-pk")
    )


def was_refused() -> Exists:
    """Return what says of an event of a query whether any version ever refused it."""
    return Exists(Refusal.objects.filter(event=OuterRef("pk")))


def refusals_in_force(event_id: int, *, as_of: datetime) -> list[Refusal]:
    """Return the latest refusal of each version that has not predicted the event since."""
    versions_ = refusals(event_id=event_id).order_by().values_list("version_id", flat=True)
    refused = last_words([event_id], version_ids=set(versions_), as_of=as_of)[1]
    return sorted(refused.values(), key=lambda row: row.as_of, reverse=True)


def events_to_come(event_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Return which of some events are scheduled and have not started."""
    return set(
        Event.objects.filter(
            pk__in=list(event_ids), status="scheduled", starts_at__gt=now
        ).values_list("pk", flat=True)
    )


def said_of_events_to_come(
    champion: ModelVersion, *, now: datetime
) -> tuple[QuerySet[Prediction], QuerySet[Refusal]]:
    """Return what may be priced of a champion's on events to come, and what it refused of them."""
    ids = list(
        Event.objects.filter(
            competition=champion.predictor.competition, status="scheduled", starts_at__gt=now
        ).values_list("pk", flat=True)
    )
    made, refused = last_words(ids, version_ids=[champion.pk], as_of=now)
    return (
        predictions().filter(pk__in=[row.pk for row in made.values()]),
        refusals().filter(pk__in=[row.pk for row in refused.values()]),
    )


def predictions_for(event_ids: Iterable[int], *, as_of: datetime) -> dict[int, Prediction]:
    """Return what may be priced: each event's latest prediction by its competition's champion.

    Made with knowledge of `as_of` or earlier. Events without one are left out, and those that the
    champion refused since; so are all of a champion that is paused or has expired.
    """
    serving = [row for row in champions() if not why_expired(row, as_of)]
    paused = pauses_in_force([row.pk for row in serving], at=as_of)
    ids = [row.pk for row in serving if row.pk not in paused]
    made, _ = last_words(list(event_ids), version_ids=ids, as_of=as_of)
    return {event: row for (event, _), row in made.items()}


def last_words(
    event_ids: Collection[int], *, version_ids: Collection[int], as_of: datetime
) -> tuple[dict[tuple[int, int], Prediction], dict[tuple[int, int], Refusal]]:
    """Return what stands of each version's word on each event, by (event, version).

    The later of its latest prediction and its latest refusal; of one moment, the prediction.
    """
    made = latest_predictions(event_ids, version_ids=version_ids, as_of=as_of)
    refused = latest_refusals(event_ids, version_ids=version_ids, as_of=as_of)
    return (
        {k: row for k, row in made.items() if k not in refused or refused[k].as_of <= row.as_of},
        {k: row for k, row in refused.items() if k not in made or made[k].as_of < row.as_of},
    )


def latest_predictions(
    event_ids: Iterable[int], *, version_ids: Iterable[int], as_of: datetime
) -> dict[tuple[int, int], Prediction]:
    """Return each version's latest prediction of each event by a moment, by (event, version)."""
    rows = (
        Prediction.objects.filter(
            event_id__in=list(event_ids), version_id__in=list(version_ids), as_of__lte=as_of
        )
        .select_related("version__predictor__competition")
        .order_by("event_id", "version_id", "-as_of", "-pk")
        .distinct("event_id", "version_id")
    )
    return {(row.event_id, row.version_id): row for row in rows}


def competitions_served() -> list[str]:
    """Return the keys of the competitions that have a champion."""
    return [version.predictor.competition.key for version in champions()]


def person_id(username: str) -> int:
    """Return the id of the person with a user name.

    Raises:
        User.DoesNotExist: if there is none.
    """
    return User.objects.only("pk").get(username=username).pk
