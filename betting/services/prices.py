"""What a bookmaker's price is, at the moment somebody wants it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from django.conf import settings
from django.db import connection

from odds.domain.table import QuoteTable

QUOTE_AGE_LIMIT = timedelta(minutes=15)
# With an accelerated clock, sweeps are as far apart as the machine makes them in real time.
REAL_SWEEP_LIMIT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class PriceNow:
    """A bookmaker's price (none: withdrawn), and when it is last known to have stood."""

    price: Decimal | None
    confirmed_at: datetime


PriceSource = Callable[[int, int], PriceNow | None]
"""Given a selection and a bookmaker, the price now; None where that book never quoted it."""


def quote_age_limit() -> timedelta:
    """Return how old a quote may be to be bet on, in the world's time."""
    if settings.CLOCK is None:
        return QUOTE_AGE_LIMIT
    return max(QUOTE_AGE_LIMIT, REAL_SWEEP_LIMIT * settings.CLOCK.rate)


# `with_looks` of one quote. Every bet asks for it: written out, it takes a tenth of the time.
_LATEST = """
SELECT q.price, CASE WHEN q.price IS NULL THEN q.seen_at ELSE least(
    greatest(q.seen_at, l.looked_at[array_position(l.bookmaker_ids, q.bookmaker_id)]),
    coalesce(l.last_update[array_position(l.bookmaker_ids, q.bookmaker_id)], q.last_update)) END
FROM odds_quote q JOIN odds_selection s ON s.id = q.selection_id
LEFT JOIN odds_marketlook l ON l.market_id = s.market_id
WHERE q.selection_id = %s AND q.bookmaker_id = %s
"""


def latest_price(selection_id: int, bookmaker_id: int) -> PriceNow | None:
    """Return what the latest quote says."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [selection_id, bookmaker_id])
        quote = cursor.fetchone()
    return None if quote is None else PriceNow(*quote)


def prices_in(table: QuoteTable, *, at: datetime) -> PriceSource:
    """Return a source that reads a table of quotes as they were at a moment.

    A table holds quotes in force only, so what it lacks was withdrawn or never there.
    """
    rows = {
        (int(s), int(b)): i
        for i, (s, b) in enumerate(zip(table.selection_id, table.bookmaker_id, strict=True))
    }

    def price(selection_id: int, bookmaker_id: int) -> PriceNow | None:
        row = rows.get((selection_id, bookmaker_id))
        if row is None:
            return None
        seconds = (np.datetime64(at.replace(tzinfo=None)) - table.confirmed_at[row]) / (
            np.timedelta64(1, "s")
        )
        return PriceNow(
            Decimal(repr(float(table.price[row]))).quantize(Decimal("0.001")),
            at - timedelta(seconds=float(seconds)),
        )

    return price
