"""Whether a version may be priced with (not expired, paused, nor refusing), and where it may go."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from models_registry.models import ModelVersion, Pause, Refusal, Stage


def why_expired(version: ModelVersion, at: datetime) -> str:
    """Return why a version has expired at a moment, with the remedy; empty if it has not."""
    days = settings.MODEL_EXPIRY_DAYS
    age = at - version.trained_until
    if not days or age <= timedelta(days=days):
        return ""
    return (
        f"Version {version.number} expired: it knows nothing later than "
        f"{version.trained_until:%-d %b %Y}, {age.days} days before; versions serve for {days} "
        "days. An operator trains a newer one and promotes it"
    )


def pauses_in_force(version_ids: Iterable[int], *, at: datetime) -> dict[int, Pause]:
    """Return the pauses of versions that are paused at a moment."""
    latest = (
        Pause.objects.filter(version_id__in=list(version_ids), at__lte=at)
        .select_related("version__predictor")
        .order_by("version_id", "-at", "-pk")
        .distinct("version_id")
    )
    return {row.version_id: row for row in latest if row.kind == Pause.Kind.PAUSED}


def latest_refusals(
    event_ids: Iterable[int], *, version_ids: Iterable[int], as_of: datetime
) -> dict[tuple[int, int], Refusal]:
    """Return each version's latest refusal of each event by a moment, by (event, version)."""
    rows = (
        Refusal.objects.filter(
            event_id__in=list(event_ids), version_id__in=list(version_ids), as_of__lte=as_of
        )
        .select_related("version__predictor")
        .order_by("event_id", "version_id", "-as_of", "-pk")
        .distinct("event_id", "version_id")
    )
    return {(row.event_id, row.version_id): row for row in rows}


def why_not_staged(version: ModelVersion, stage: str) -> str:
    """Return why a version may not go to a stage, with the remedy; empty if it may."""
    if stage not in Stage.values:
        return f"stage {stage!r} does not exist; there are {', '.join(Stage.values)}"
    if stage == Stage.PRODUCTION:
        return f"{version} is {version.stage}; promote it to make it production"
    if version.stage == Stage.PRODUCTION:
        return f"{version} prices; promote another version or roll back first"
    if version.stage == Stage.ARCHIVED and stage != Stage.CANDIDATE:
        return f"{version} is archived; unarchive it first (stage it as candidate)"
    return ""
