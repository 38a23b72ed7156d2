"""What outcomes are worth now, for pages that show what was decided earlier.

The same consensus as the odds screen's, kept for as long: the two never show one outcome at two
fair prices. One query, since those pages have few to spare.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from django.db import connection

from accounts import cache
from odds.domain.consensus import BY_SPORT, METHOD_WITHOUT_RULE, consensus
from odds.domain.table import NO_REFERENCE, QuoteTable
from odds.models import Market
from odds.selectors import OF_MARKETS, PRICING, WEIGHT
from odds.slate import KEPT_SECONDS

# What `selectors.described` reads in three queries, of few quotes.
_QUOTED = f"""
{PRICING} SELECT quoted.id, e.id, m.id, m.key, s.id, s.side,
    (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8, b.id, b.key, {WEIGHT},
    b.commission_share::float8, quoted.price / 1000.0::float8,
    (extract(epoch FROM quoted.confirmed_at) * 1000000)::bigint,
    coalesce(rule.method, '{METHOD_WITHOUT_RULE}'),
    CASE WHEN quoted.confirmed_at
              >= least(e.starts_at, %(now)s) - rule.reference_minutes * interval '1 minute'
         THEN array_position(rule.reference_books, b.key) END
FROM ({OF_MARKETS})
    quoted (id, selection_id, bookmaker_id, price, last_update, seen_at, confirmed_at)
JOIN odds_selection s ON s.id = quoted.selection_id
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
JOIN odds_competition c ON c.id = e.competition_id
JOIN odds_bookmaker b ON b.id = quoted.bookmaker_id
LEFT JOIN rule ON rule.sport_id = c.sport_id
LEFT JOIN learned ON learned.sport_id = c.sport_id AND learned.bookmaker_id = b.id
ORDER BY quoted.id
"""  # noqa: S608 - our own text


def fair_now(
    market_ids: Collection[int], *, now: datetime, refresh: bool = False
) -> dict[int, float]:
    """Return the fair probability of each selection of these markets that any whole book prices."""
    markets = sorted(set(market_ids))
    if not markets:
        return {}

    def make() -> list[tuple[int, float]]:
        return list(_fair_of(markets, now).items())

    key = str(markets)
    return dict(cache.remember("fair", key, make, seconds=KEPT_SECONDS, refresh=refresh))


def worth_now(selection_id: int, *, now: datetime) -> float | None:
    """Return one selection's fair probability, None where no whole book prices it; nothing kept."""
    markets = list(Market.objects.filter(selections=selection_id).values_list("pk", flat=True))
    return _fair_of(markets, now).get(selection_id)


def _fair_of(market_ids: Sequence[int], now: datetime) -> dict[int, float]:
    found = consensus(_quotes(market_ids, now), method=BY_SPORT)
    return dict(zip(found.selection_id.tolist(), found.probability.tolist(), strict=True))


def _quotes(market_ids: Sequence[int], now: datetime) -> QuoteTable:
    with connection.cursor() as cursor:
        cursor.execute(_QUOTED, {"markets": list(market_ids), "now": now, "known": now})
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * 15
    quote, event, market, key, selection, side, line, book, book_key, *rest = columns
    weight, commission, price, confirmed, method, rank = rest
    stood = np.array(confirmed, np.int64).view("datetime64[us]")
    return QuoteTable(
        quote_id=np.array(quote, np.int64),
        event_id=np.array(event, np.int64),
        market_id=np.array(market, np.int64),
        market_key=np.array(key, np.str_),
        selection_id=np.array(selection, np.int64),
        side=np.array(side, np.str_),
        line=np.array(line, np.float64),
        bookmaker_id=np.array(book, np.int64),
        bookmaker_key=np.array(book_key, np.str_),
        weight=np.array(weight, np.float64),
        commission=np.array(commission, np.float64),
        is_archive=np.zeros(len(quote), np.bool_),
        price=np.array(price, np.float64),
        last_update=stood,
        seen_at=stood,
        confirmed_at=stood,
        starts_at=stood,
        margin_method=np.array(method, np.str_),
        reference_rank=np.array([each or NO_REFERENCE for each in rank], np.int64),
    )
