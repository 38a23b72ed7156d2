"""Lists of events and quotes, filtered, with all that one row shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from odds.models import Event, Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; None does not restrict. Times include the first and leave out the last."""

    competition: str | None = None
    status: str | None = None
    team: str | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None

    def conditions(self, prefix: str = "") -> Q:
        """Return the filter for a query whose path to the event is `prefix`."""
        wanted = {
            "competition__key": self.competition,
            "status": self.status,
            "starts_at__gte": self.starts_after,
            "starts_at__lt": self.starts_before,
        }
        found = Q(**{prefix + path: value for path, value in wanted.items() if value is not None})
        if self.team is not None:
            found &= Q(**{f"{prefix}home__name__icontains": self.team}) | Q(
                **{f"{prefix}away__name__icontains": self.team}
            )
        return found


def events(which: EventFilter) -> QuerySet[Event]:
    """Return events by start, with their competition and teams."""
    return (
        Event.objects.filter(which.conditions())
        .select_related("competition", "home", "away")
        .order_by("starts_at", "pk")
    )


def event_in_full(event_id: int) -> Event | None:
    """Return one event with its markets and selections, or None."""
    return (
        Event.objects.filter(pk=event_id)
        .select_related("competition", "home", "away")
        .prefetch_related("markets__selections")
        .first()
    )


def quotes(
    which: EventFilter,
    *,
    event_id: int | None = None,
    market: str | None = None,
    bookmaker: str | None = None,
    side: str | None = None,
) -> QuerySet[Quote]:
    """Return the latest quotes by event, market, side, point and bookmaker; withdrawn ones too."""
    wanted = {
        "selection__market__event_id": event_id,
        "selection__market__key": market,
        "selection__side": side,
        "bookmaker__key": bookmaker,
    }
    return (
        Quote.objects.with_looks()
        .filter(which.conditions("selection__market__event__"))
        .filter(**{path: value for path, value in wanted.items() if value is not None})
        .select_related(
            "bookmaker",
            "selection__market__event__competition",
            "selection__market__event__home",
            "selection__market__event__away",
        )
        .order_by(
            "selection__market__event__starts_at",
            "selection__market__event_id",
            "selection__market__key",
            "selection__side",
            "selection__point",
            "bookmaker__key",
        )
    )
