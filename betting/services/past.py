"""What a competition's markets showed at every look, and what became of its events."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import connection

from betting.domain.simulate import Results, halves
from odds.domain.consensus import METHOD_WITHOUT_RULE
from odds.domain.table import NO_REFERENCE, FloatArray, QuoteTable, TimeArray
from odds.selectors import WEIGHT

CHUNK = timedelta(days=60)

# Every look of a source at a market before the start, with each price as it stood at that look.
_LOOKS = f"""
SELECT q.id, e.id, m.id, m.key, s.id, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8,
       b.id, b.key, {WEIGHT}, b.commission_share::float8, c.price::float8,
       (extract(epoch FROM c.last_update) * 1000000)::bigint,
       (extract(epoch FROM c.seen_at) * 1000000)::bigint,
       (extract(epoch FROM g.seen_at) * 1000000)::bigint,
       (extract(epoch FROM e.starts_at) * 1000000)::bigint,
       CASE WHEN e.status = 'finished' THEN e.home_score END,
       CASE WHEN e.status = 'finished' THEN e.away_score END,
       (extract(epoch FROM e.result_seen_at) * 1000000)::bigint,
       EXISTS (SELECT 1 FROM odds_selection d WHERE d.market_id = m.id AND d.side = 'draw'),
       -- A close that knows nothing later than this look would only repeat the claimed edge.
       CASE WHEN close.last_update > g.seen_at THEN close.fair_probability END,
       coalesce(rule.method, '{METHOD_WITHOUT_RULE}'),
       coalesce(array_position(rule.reference_books, b.key), {NO_REFERENCE}),
       coalesce(rule.reference_minutes, 0), e.home_id, e.away_id
FROM odds_event e
JOIN odds_competition k ON k.id = e.competition_id AND k.key = %(competition)s
JOIN (SELECT DISTINCT event_id, market_key, seen_at, bookmaker_ids FROM odds_sighting) g
  ON g.event_id = e.id AND g.seen_at < e.starts_at
-- How prices were made at that look: no rule or weights of later.
LEFT JOIN LATERAL (
    SELECT method, reference_books, reference_minutes FROM odds_pricingrule
    WHERE sport_id = k.sport_id AND in_force_from <= g.seen_at
    ORDER BY in_force_from DESC, id DESC LIMIT 1
) rule ON true
LEFT JOIN LATERAL (
    SELECT id FROM odds_weightset WHERE sport_id = k.sport_id AND learned_at <= g.seen_at
    ORDER BY learned_at DESC, id DESC LIMIT 1
) taught ON true
JOIN odds_market m ON m.event_id = e.id AND m.key = g.market_key
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND NOT b.is_archive
CROSS JOIN LATERAL (
    SELECT price, last_update, seen_at FROM odds_pricechange
    WHERE quote_id = q.id AND seen_at <= g.seen_at AND seen_at >= %(after)s - interval '30 days'
    ORDER BY seen_at DESC LIMIT 1
) c
LEFT JOIN odds_bookmakerweight learned
  ON learned.weight_set_id = taught.id AND learned.bookmaker_id = b.id
LEFT JOIN odds_closingprice close ON close.selection_id = s.id AND close.is_final
WHERE e.starts_at >= %(after)s AND e.starts_at < %(before)s AND e.status <> 'cancelled'
  AND m.key = ANY(%(markets)s) AND c.price IS NOT NULL
  AND (g.bookmaker_ids IS NULL OR b.id = ANY(g.bookmaker_ids))
ORDER BY g.seen_at, q.id
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class Past:
    """Looks at a competition's markets and what became of the events, columns (n,).

    `close` is the margin-free closing probability, NaN where there is none. Neither it nor
    `results` reaches the decision.
    """

    quotes: QuoteTable
    moment: TimeArray
    results: Results
    close: FloatArray

    def __len__(self) -> int:
        return len(self.quotes)

    def fingerprint(self) -> str:
        """Return the SHA-256 of everything a run over it depends on, whatever the keys."""
        digest = hashlib.sha256()
        q = self.quotes
        columns = (q.market_key, q.side, q.line, q.bookmaker_key, q.price, q.weight, q.commission)
        rule = [each for each in (q.margin_method, q.reference_rank) if each is not None]
        results = self.results.won_halves
        for column in (*columns, *rule, q.starts_at, self.moment, results, self.close):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


class NothingToRun(Exception):
    """No prices of that competition in that stretch."""


def read_past(
    competition_key: str,
    starts_on: date,
    ends_on: date,
    market_keys: tuple[str, ...],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Past:
    """Return every look at a competition's markets over events of a stretch of days, UTC.

    Raises:
        NothingToRun: if there is none.
    """
    after = datetime.combine(starts_on, time(), tzinfo=UTC)
    end = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=UTC)
    rows: list[tuple[Any, ...]] = []
    while after < end:
        before = min(after + CHUNK, end)
        with connection.cursor() as cursor:
            cursor.execute(
                _LOOKS,
                {
                    "competition": competition_key,
                    "after": after,
                    "before": before,
                    "markets": list(market_keys),
                },
            )
            rows += cursor.fetchall()
        progress(f"{competition_key} until {before:%Y-%m-%d}: {len(rows):,} prices")
        after = before
    if not rows:
        raise NothingToRun(
            f"competition: no prices of {competition_key} between {starts_on} and {ends_on}; "
            "import some, or name another."
        )
    return _past(rows)


def _past(rows: list[tuple[Any, ...]]) -> Past:
    c = list(zip(*rows, strict=True))
    line = np.array(c[6], np.float64)
    key, side = np.array(c[3], np.str_), np.array(c[5], np.str_)
    scores = [np.array([-1 if v is None else v for v in c[i]], np.int64) for i in (16, 17)]
    known = _moments(c[18])
    known[scores[0] < 0] = np.datetime64("NaT")
    won, lost = halves(
        market_key=key,
        side=side,
        line=line,
        home_score=scores[0],
        away_score=scores[1],
        draw_offered=np.array(c[19], np.bool_),
    )
    moment, seen, told = _moments(c[14]), _moments(c[13]), _moments(c[12])
    # Later looks' own times are not kept; at the first, a bookmaker may have told an old price.
    confirmed = np.where(seen == moment, np.fmin(moment, told), moment)
    is_fresh = confirmed >= moment - np.array(c[23], "timedelta64[m]")
    rank = np.where(is_fresh, np.array(c[22], np.int64), NO_REFERENCE)
    quotes = QuoteTable(
        quote_id=np.array(c[0], np.int64),
        event_id=np.array(c[1], np.int64),
        market_id=np.array(c[2], np.int64),
        market_key=key,
        selection_id=np.array(c[4], np.int64),
        side=side,
        line=line,
        bookmaker_id=np.array(c[7], np.int64),
        bookmaker_key=np.array(c[8], np.str_),
        weight=np.array(c[9], np.float64),
        commission=np.array(c[10], np.float64),
        is_archive=np.zeros(len(rows), np.bool_),
        price=np.array(c[11], np.float64),
        last_update=told,
        seen_at=seen,
        confirmed_at=confirmed,
        starts_at=_moments(c[15]),
        # Names cost time where there are many rows and nothing to tell apart.
        margin_method=None if {*c[21]} == {METHOD_WITHOUT_RULE} else np.array(c[21], np.str_),
        reference_rank=None if rank.min() == NO_REFERENCE else rank,
        home_id=np.array(c[24], np.int64),
        away_id=np.array(c[25], np.int64),
    )
    return Past(quotes, moment, Results(won, lost, known), np.array(c[20], np.float64))


def _moments(micros: tuple[int | None, ...]) -> TimeArray:
    missing = np.iinfo(np.int64).min
    return np.array([missing if v is None else v for v in micros], np.int64).view("datetime64[us]")
