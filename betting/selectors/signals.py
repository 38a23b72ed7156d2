"""What bots said, and what of it counts."""

from datetime import datetime

from django.db.models import QuerySet

from betting.models import Signal


def signals_of(owner_id: int) -> QuerySet[Signal]:
    """Return the signals of a person's sources with the events they mean, newest first."""
    return (
        Signal.objects.filter(source__owner_id=owner_id)
        .select_related(
            "source",
            "selection__market__event__home",
            "selection__market__event__away",
            "selection__market__event__competition",
        )
        .order_by("-received_at", "-pk")
    )


def signals_in_force(strategy_id: int, *, at: datetime) -> dict[int, float]:
    """Return by selection the newest probability that a strategy's source had sent by a moment.

    Only what was received by then counts, and neither what had expired nor a revoked source.
    """
    found = Signal.objects.filter(
        source__strategy=strategy_id,
        source__revoked_at=None,
        selection__isnull=False,
        received_at__lte=at,
        expires_at__gt=at,
    )
    return dict(found.order_by("received_at", "pk").values_list("selection_id", "probability"))
