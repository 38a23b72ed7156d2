"""What performance pages read and no request works out: outlooks, and the regimes of markets."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Exists, OuterRef

from accounts.models import User
from betting.domain.outlook import outlook_of
from betting.domain.regimes import regimes_as_known
from betting.models import MarketDay, Outlook
from betting.selectors.performance import capital_behind, settled_bets
from odds.models import Competition, Event, EventStatus, Quote
from risk.selectors import bounds_of

logger = logging.getLogger(__name__)
# Late results are in by then; and a day is read once.
READ_AFTER = timedelta(days=2)
# Days read in one round: an imported history of years takes several.
MOST_DAYS_A_ROUND = 400

# What books asked at last and at first for each market of who wins, and what was said of it.
_DAYS = """
WITH asked AS (
    SELECT (e.starts_at AT TIME ZONE 'UTC')::date AS day, m.id AS market, q.bookmaker_id AS book,
           last.price AS last, first.price AS first
    FROM odds_event e
    JOIN odds_market m ON m.event_id = e.id AND m.key = 'h2h'
    JOIN odds_selection s ON s.market_id = m.id
    JOIN odds_quote q ON q.selection_id = s.id
    JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND NOT b.is_archive
    CROSS JOIN LATERAL (
        SELECT price FROM odds_pricechange WHERE quote_id = q.id AND price IS NOT NULL
          AND seen_at < e.starts_at AND seen_at > e.starts_at - interval '30 days'
        ORDER BY seen_at DESC LIMIT 1
    ) last
    CROSS JOIN LATERAL (
        SELECT price FROM odds_pricechange WHERE quote_id = q.id AND price IS NOT NULL
          AND seen_at < e.starts_at AND seen_at > e.starts_at - interval '30 days'
        ORDER BY seen_at LIMIT 1
    ) first
    WHERE e.competition_id = %(competition)s AND e.status = 'finished'
      AND e.starts_at >= %(after)s AND e.starts_at < %(before)s
), books AS (
    -- A book that lacks a side has no margin.
    SELECT day, sum(1 / last) - 1 AS margin, avg(abs(1 / last - 1 / first)) AS movement
    FROM asked GROUP BY day, market, book HAVING sum(1 / last) BETWEEN 0.9 AND 1.5
), said AS (
    SELECT (e.starts_at AT TIME ZONE 'UTC')::date AS day,
           ln(close.fair_probability) - ln(CASE
               WHEN e.home_score > e.away_score THEN p.home_probability
               WHEN e.home_score = e.away_score THEN p.draw_probability
               ELSE 1 - p.home_probability - coalesce(p.draw_probability, 0) END) AS error
    FROM odds_event e
    JOIN odds_market m ON m.event_id = e.id AND m.key = 'h2h'
    JOIN odds_selection s ON s.market_id = m.id AND s.side = CASE
        WHEN e.home_score > e.away_score THEN 'home'
        WHEN e.home_score = e.away_score THEN 'draw' ELSE 'away' END
    JOIN odds_closingprice close ON close.selection_id = s.id AND close.is_final
    CROSS JOIN LATERAL (
        SELECT home_probability, draw_probability FROM models_registry_prediction
        WHERE event_id = e.id AND as_of < e.starts_at ORDER BY as_of DESC, id DESC LIMIT 1
    ) p
    WHERE e.competition_id = %(competition)s AND e.status = 'finished'
      AND e.starts_at >= %(after)s AND e.starts_at < %(before)s
)
SELECT b.day, avg(b.margin)::float8, avg(b.movement)::float8,
       (SELECT avg(error)::float8 FROM said WHERE said.day = b.day)
FROM books b GROUP BY b.day ORDER BY b.day
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many outlooks were drawn anew, and how many days of markets were read."""

    outlooks: int
    days: int


def refresh(now: datetime) -> Refreshed:
    """Draw the outlooks of everybody of whom bets settled since, and read new days of markets.

    One person or competition that cannot be read must not keep the others waiting.
    """
    drawn = days = 0
    people = User.objects.filter(bets__status="settled").distinct()
    for owner_id in people.order_by("pk").values_list("pk", flat=True):
        try:
            drawn += refresh_outlook(owner_id, now=now)
        except Exception:
            logger.exception("Could not draw the outlook of user %s", owner_id)
    for competition in Competition.objects.filter(events__status="finished").distinct():
        try:
            days += read_days(competition, now=now)
        except Exception:
            logger.exception("Could not read the days of %s", competition)
    return Refreshed(drawn, days)


def refresh_outlook(owner_id: int, *, now: datetime) -> bool:
    """Draw a person's outlook anew if other bets are settled than it was drawn from."""
    settled = settled_bets(owner_id)
    record, capital = settled.record, capital_behind(owner_id)
    columns = (settled.ids, record.settled_at, record.stake, record.profit, np.array(capital))
    fingerprint = hashlib.sha256(b"".join(each.tobytes() for each in columns)).hexdigest()
    if Outlook.objects.filter(owner=owner_id, fingerprint=fingerprint).exists():
        return False
    content: dict[str, Any] = outlook_of(
        record,
        capital=capital,
        part=float(bounds_of(owner_id).kelly_fraction),
    )
    Outlook.objects.update_or_create(
        owner_id=owner_id,
        defaults={"fingerprint": fingerprint, "content": content, "made_at": now},
    )
    return True


def read_days(competition: Competition, *, now: datetime) -> int:
    """Read the days of a competition that are over and not read yet; return how many.

    Each is written once, with the regime as it was known by its end.
    """
    known = list(MarketDay.objects.filter(competition=competition).order_by("day"))
    last = (now - READ_AFTER).astimezone(UTC).date()
    begin = _next_priced(competition, known[-1].day + timedelta(days=1) if known else date.min)
    if begin is None or begin >= last:
        return 0
    rows = _figures(competition.pk, begin, min(last, begin + timedelta(days=MOST_DAYS_A_ROUND)))
    if not rows:
        return 0
    table = [(each.margin, each.movement, each.model_error) for each in known]
    figures = np.array([*table, *(row[1:] for row in rows)], dtype=np.float64)
    label, count = regimes_as_known(figures, since=len(known))
    MarketDay.objects.bulk_create(
        [
            MarketDay(
                competition=competition,
                day=day,
                margin=margin,
                movement=movement,
                model_error=error,
                regime=None if regimes == 0 else regime,
                regimes=regimes or None,
                made_at=now,
            )
            for (day, margin, movement, error), regime, regimes in zip(
                rows, label[len(known) :].tolist(), count[len(known) :].tolist(), strict=True
            )
        ],
        ignore_conflicts=True,
    )
    return len(rows)


def _next_priced(competition: Competition, since: date) -> date | None:
    """Return the first day from one on of which an event has prices: archives have decades without.

    None where there is none.
    """
    quotes = Quote.objects.filter(
        selection__market__event=OuterRef("pk"),
        selection__market__key="h2h",
        bookmaker__is_archive=False,
    )
    event = (
        Event.objects.filter(
            Exists(quotes),
            competition=competition,
            status=EventStatus.FINISHED,
            starts_at__gte=datetime.combine(since, time(), tzinfo=UTC),
        )
        .order_by("starts_at")
        .first()
    )
    return None if event is None else event.starts_at.astimezone(UTC).date()


def _figures(competition_id: int, begin: date, end: date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DAYS,
            {
                "competition": competition_id,
                "after": datetime.combine(begin, time(), tzinfo=UTC),
                "before": datetime.combine(end, time(), tzinfo=UTC),
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
