"""Events with open bets that wait for a result, and corrections that wait to be read."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet

from betting.models import BetStatus
from odds.models import Event, EventStatus, Selection

OF_BETS = "markets__selections__bets"
# The sweep comes by every minute.
SWEPT_WITHIN = timedelta(minutes=5)


def events_without_result(now: datetime) -> QuerySet[Event]:
    """Return events with open bets whose result is overdue, the longest waiting first.

    With `open_bets` and `owners`, how many there are, and `settles_at`, of a postponed one when
    its stakes come back. Also those with a result that bets are still open on: no rule settles
    them. A finished one only after the sweep has come by.
    """
    overdue = now - settings.RESULTS_OVERDUE_AFTER
    is_open = Q(**{f"{OF_BETS}__status": BetStatus.OPEN})
    stuck = Q(status=EventStatus.FINISHED, result_seen_at__lte=now - SWEPT_WITHIN)
    return (
        Event.objects.filter(is_open)
        .filter(
            Q(starts_at__lte=overdue) & ~Q(status=EventStatus.FINISHED)
            | stuck
            | Q(status=EventStatus.POSTPONED)
        )
        .select_related("competition", "home", "away")
        .annotate(
            open_bets=Count(OF_BETS, filter=is_open, distinct=True),
            owners=Count(f"{OF_BETS}__owner", filter=is_open, distinct=True),
            settles_at=F("starts_at") + settings.POSTPONED_STAKES_STAND,
        )
        .order_by("starts_at", "pk")
    )


def event_ruled_on(event_id: int) -> Event | None:
    """Return an event with how many bets are open on it, and how many settled."""
    return (
        Event.objects.filter(pk=event_id)
        .select_related("competition", "home", "away")
        .annotate(
            open_bets=Count(
                OF_BETS, filter=Q(**{f"{OF_BETS}__status": BetStatus.OPEN}), distinct=True
            ),
            settled_bets=Count(
                OF_BETS, filter=Q(**{f"{OF_BETS}__status": BetStatus.SETTLED}), distinct=True
            ),
        )
        .first()
    )


def selections_bet_on(event_id: int) -> list[tuple[int, str]]:
    """Return (number, words) of the selections of an event that bets are open or settled on."""
    found = (
        Selection.objects.filter(
            market__event=event_id, bets__status__in=(BetStatus.OPEN, BetStatus.SETTLED)
        )
        .select_related("market")
        .distinct()
        .order_by("market__key", "side", "point")
    )
    return [(each.pk, f"{each.market.key}: {each}") for each in found]
