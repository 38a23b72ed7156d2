"""Which old prices may go: all but those that bets and predictions rest on."""

from datetime import datetime

from betting.models import Bet, Opportunity
from models_registry.models import Prediction
from odds.services import Dropped, drop_old_prices


def drop_unneeded_prices(*, now: datetime, months: int) -> Dropped:
    """Drop prices older than so many whole months; 0 keeps all for ever.

    Raises:
        ValueError: if `months` is negative.
    """
    if not months:
        return Dropped()
    events = set(Bet.objects.values_list("selection__market__event_id", flat=True).distinct())
    events |= set(Prediction.objects.values_list("event_id", flat=True).distinct())
    events |= set(
        Opportunity.objects.values_list("quote__selection__market__event_id", flat=True).distinct()
    )
    return drop_old_prices(now=now, months=months, kept_events=events)
