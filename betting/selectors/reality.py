"""The reality check: how long somebody is here, and what that came to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Sum

from betting.models import Bet
from betting.selectors.bets import SETTLED

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """Time here without a pause, and what the bets that settled meanwhile earned."""

    here: timedelta
    profit: Decimal
    settled: bool


def reality_check_of(
    owner_id: int,
    *,
    since: datetime,
    told_at: datetime,
    check_minutes: int,
    real: datetime,
    now: datetime,
    rate: float,
) -> RealityCheck | None:
    """Return the reality check that is due, None where none is.

    Here `since`, told last at `told_at`, both real. `real` is the real time and `now` the world's,
    whose clock runs `rate` times as fast. No query where none is due.
    """
    if real - told_at < timedelta(minutes=check_minutes):
        return None
    begun = now - (real - since) * rate
    earned = Bet.objects.filter(SETTLED, owner_id=owner_id, settled_at__gte=begun).aggregate(
        profit=Sum(F("returned") - F("matched_stake"))
    )["profit"]
    return RealityCheck(real - since, earned or ZERO, earned is not None)
