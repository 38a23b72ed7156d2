"""Lists of model versions and predictions, filtered, with all that one row shows."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from models_registry.models import ModelVersion, Prediction, Promotion


def versions(
    *, predictor: str | None = None, competition: str | None = None
) -> QuerySet[ModelVersion]:
    """Return versions, newest first; each has `champion_id`, the version that prices now."""
    wanted = {"predictor__key": predictor, "predictor__competition__key": competition}
    latest = Promotion.objects.filter(predictor=OuterRef("predictor")).order_by("-at", "-pk")
    return (
        ModelVersion.objects.filter(
            **{path: value for path, value in wanted.items() if value is not None}
        )
        .select_related("predictor__competition")
        .annotate(champion_id=Subquery(latest.values("version_id")[:1]))
        .order_by("-created_at", "-pk")
    )


def version_in_full(version_id: int) -> ModelVersion | None:
    """Return one version with its promotions, or None."""
    return versions().filter(pk=version_id).prefetch_related("promotions__by").first()


def predictions(
    *,
    event_id: int | None = None,
    version_id: int | None = None,
    competition: str | None = None,
    as_of_after: datetime | None = None,
    as_of_before: datetime | None = None,
) -> QuerySet[Prediction]:
    """Return predictions, latest information first."""
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
        .select_related("version__predictor", "event__competition", "event__home", "event__away")
        .defer("features", "version__signature", "version__metrics", "version__parameters")
        .order_by("-as_of", "-pk")
    )
