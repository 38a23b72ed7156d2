"""Hold a venue's own word against our books: what it has open, and what it paid."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from betting.models import UNANSWERED, Bet, BetStatus
from betting.services.answers import reference_of
from betting.venues.base import Venue
from betting.venues.registry import venue_by_key

logger = logging.getLogger(__name__)

# What was paid since a moment was placed at most so long before it.
SETTLES_WITHIN = timedelta(days=90)
CENT = Decimal("0.01")
# So far back a round looks: what is not looked into by then was told of for days.
LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a venue and our books disagree, in words for whoever looks into it."""

    reference: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many venues were held against our books; `parked` says each difference, for a person."""

    venues: int
    parked: tuple[str, ...]


def differences(venue: Venue, *, since: datetime, now: datetime) -> list[Difference]:
    """Return all that a venue says otherwise than our books; it changes nothing.

    Both take commission of what a market won in all; how a cent of it is shared out among several
    bets that won there is nobody's rule, so a cent is no difference.
    """
    bets = {
        reference_of(bet): bet
        for bet in Bet.objects.filter(
            venue=venue.key, placed_at__range=(since - SETTLES_WITHIN, now)
        ).order_by("pk")
    }
    found = [
        Difference(reference, "is open there and unknown here, or given up")
        for reference in venue.open_orders(now=now)
        if reference not in bets or bets[reference].status not in UNANSWERED
    ]
    for paid in venue.settled(since=since):
        bet = bets.get(paid.reference)
        if bet is None:
            found.append(Difference(paid.reference, f"paid {paid.profit} there, unknown here"))
        elif bet.status == BetStatus.SETTLED and abs(_profit(bet) - paid.profit) > CENT:
            found.append(
                Difference(paid.reference, f"paid {paid.profit} there, {_profit(bet)} here")
            )
        elif bet.status not in (BetStatus.SETTLED, BetStatus.OPEN):
            found.append(
                Difference(
                    paid.reference,
                    f"paid {paid.profit} there, {bet.get_status_display().lower()} here",
                )
            )
    return found


def reconcile_venues(now: datetime, *, back: timedelta = LOOKED_BACK) -> Reconciled:
    """Hold every venue that bets are at against our books; it changes nothing.

    A venue that cannot be asked is a difference too, and never keeps the others waiting.
    """
    placed = Bet.objects.filter(placed_at__gt=now - back - SETTLES_WITHIN)
    keys = placed.order_by("venue").values_list("venue", flat=True).distinct()
    words = []
    for key in keys:
        try:
            found = differences(venue_by_key(key), since=now - back, now=now)
        except Exception as error:
            logger.exception("Could not hold venue %s against our books", key)
            words.append(f"{key} could not be asked: {error}")
        else:
            words += [f"{key}: {each.reference} {each.detail}" for each in found]
    return Reconciled(len(keys), tuple(words))


def _profit(bet: Bet) -> Decimal:
    return (bet.returned or Decimal(0)) - bet.taken_stake
