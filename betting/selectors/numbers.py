"""How much there is, in numbers."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from betting.models import Bet
from betting.selectors.opportunities import OpportunityFilter, opportunities
from models_registry.models import ModelVersion
from odds.models import Bookmaker, Event, Quote


def numbers_of(owner_id: int, *, now: datetime) -> dict[str, Any]:
    """Return how many events, opportunities, versions and bets of a person there are. Six queries.

    Opportunities are those this person may see; `newest_price_at` is when the newest price that
    stands was first seen, None without any.
    """
    open_now = opportunities(OpportunityFilter(seen_by=owner_id, status="open")).order_by()
    found = open_now.aggregate(count=Count("pk"), good=Count("pk", filter=Q(passes=[])))
    by_status = Bet.objects.filter(owner_id=owner_id).values_list("status").annotate(Count("pk"))
    return {
        "events_to_come": Event.objects.filter(starts_at__gt=now, status="scheduled").count(),
        "bookmakers": Bookmaker.objects.filter(is_archive=False).count(),
        "open_opportunities": found["count"],
        "recommended": found["good"],
        "model_versions": ModelVersion.objects.count(),
        "bets": dict(by_status.order_by("status")),
        "newest_price_at": Quote.objects.aggregate(at=Max("seen_at"))["at"],
    }
