"""The reality check: how long somebody is here, and what that came to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Sum

from betting.models import Bet
from betting.selectors.bets import SETTLED
from risk.models import Presence

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """Time here without a pause, and what the bets that settled meanwhile earned."""

    here: timedelta
    profit: Decimal
    settled: bool


def reality_check_of(
    here: Presence | None, *, real: datetime, now: datetime, rate: float
) -> RealityCheck | None:
    """Return the reality check that is due, None where none is.

    `real` is the real time and `now` the world's, whose clock runs `rate` times as fast.
    """
    if here is None or real - here.told_at < timedelta(minutes=here.check_minutes):
        return None
    since = now - (real - here.since) * rate
    earned = Bet.objects.filter(SETTLED, owner_id=here.owner_id, settled_at__gte=since).aggregate(
        profit=Sum(F("returned") - F("matched_stake"))
    )["profit"]
    return RealityCheck(real - here.since, earned or ZERO, earned is not None)
