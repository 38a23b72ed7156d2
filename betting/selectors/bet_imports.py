"""Imported bets and the files they came from, as their owner sees them."""

import numpy as np
from django.db.models import QuerySet

from betting.domain.performance import Performance, measure
from betting.domain.record import Record
from betting.models import BetImport, ImportedBet

HALVES = {"won": 1.0, "half_won": 0.5, "half_lost": 0.5, "lost": 0.0}


def imports_of(owner_id: int) -> QuerySet[BetImport]:
    """Return a person's files, newest first."""
    return BetImport.objects.filter(owner_id=owner_id)


def imported_bets(owner_id: int) -> QuerySet[ImportedBet]:
    """Return a person's imported bets, newest first."""
    return ImportedBet.objects.filter(owner_id=owner_id).order_by("-placed_at", "-pk")


def imported_performance(owner_id: int) -> Performance:
    """Return what imported bets that are settled earned, per unit staked, in order of placing.

    Apart from bets placed here: nobody checked their prices, and they have no close.
    """
    bets = list(imported_bets(owner_id).exclude(result="").reverse())
    stake = np.array([float(each.stake) for each in bets])
    moments = np.array(
        [each.placed_at.replace(tzinfo=None) for each in bets], dtype="datetime64[us]"
    )
    events = [each.event.casefold() for each in bets]
    return measure(
        Record(
            stake=stake,
            profit=np.array([float(each.returned or 0) for each in bets]) - stake,
            price=np.array([float(each.price) for each in bets]),
            probability=np.full(len(bets), np.nan),
            doubt=np.zeros(len(bets)),
            clv=np.full(len(bets), np.nan),
            won=np.array([HALVES.get(each.result, np.nan) for each in bets]),
            event=np.unique(events, return_inverse=True)[1] if bets else np.zeros(0, np.int64),
            placed_at=moments,
            settled_at=moments,
            starts_at=moments,
        ),
        capital=1.0,
    )
