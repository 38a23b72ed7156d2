"""A database of a given number of price changes, filled by the database itself, for bench_pages.py.

Past events over a year and a half, 200 coming ones, ten bookmakers, three markets, thirty changes a
quote. Prices wander; nothing else about them is meant to be true.
"""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from odds.services import ensure_partitions

BOOKS, CHANGES, COMING, A_DAY = 10, 30, 200, 10
QUOTES = 6 * BOOKS
CHUNK = 500

_EVENTS = """
INSERT INTO odds_event (competition_id, season, stage, home_id, away_id, day, starts_at,
    start_is_exact, neutral_site, status, home_score, away_score, overtimes, result_seen_at)
SELECT (SELECT id FROM odds_competition), '2025-26', 'regular', h.id, a.id, at::date, at, true,
    false, CASE WHEN at > now() THEN 'scheduled' ELSE 'finished' END,
    CASE WHEN at > now() THEN NULL ELSE 100 END, CASE WHEN at > now() THEN NULL ELSE 99 END, 0,
    CASE WHEN at > now() THEN NULL ELSE at + interval '3 hours' END
FROM generate_series(1, %(events)s) n
CROSS JOIN LATERAL (
    SELECT now() + interval '1 hour' + (%(coming)s - n) * interval '144 minutes') t(at)
JOIN odds_team h ON h.code = ((n %% 10) * 2)::text
JOIN odds_team a ON a.code = ((n %% 10) * 2 + 1)::text
"""
_BELOW = (
    "INSERT INTO odds_team (competition_id, name, code) SELECT (SELECT id FROM odds_competition),"
    " 'Team number ' || n, n::text FROM generate_series(0, 19) n",
    "INSERT INTO odds_bookmaker (key, title, is_exchange, commission_share, weight, is_archive)"
    " SELECT 'book' || n, 'Book ' || n, false, 0, n, false FROM generate_series(1, %(books)s) n",
    _EVENTS,
    "INSERT INTO odds_market (event_id, key) SELECT id, key FROM odds_event,"
    " unnest(ARRAY['h2h', 'spreads', 'totals']) key",
    "INSERT INTO odds_selection (market_id, side, point) SELECT m.id, s.side, s.point"
    " FROM odds_market m JOIN (VALUES ('h2h', 'home', NULL::numeric), ('h2h', 'away', NULL),"
    " ('spreads', 'home', -3.5), ('spreads', 'away', 3.5), ('totals', 'over', 220.5),"
    " ('totals', 'under', 220.5)) s(key, side, point) ON s.key = m.key",
    "INSERT INTO odds_quote (selection_id, bookmaker_id, price, last_update, seen_at)"
    " SELECT s.id, b.id, round(1.80 + (s.id * 7 + b.id * 13) %% 40 / 100.0, 2), t.at, t.at"
    " FROM odds_selection s JOIN odds_market m ON m.id = s.market_id JOIN odds_event e"
    " ON e.id = m.event_id CROSS JOIN odds_bookmaker b"
    " CROSS JOIN LATERAL (SELECT least(e.starts_at, now()) - interval '1 minute') t(at)",
    "INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)"
    " SELECT m.id, b.ids, array_fill(now(), ARRAY[%(books)s]), array_fill(now(), ARRAY[%(books)s])"
    " FROM odds_market m JOIN odds_event e ON e.id = m.event_id AND e.starts_at > now(),"
    " (SELECT array_agg(id) AS ids FROM odds_bookmaker) b",
)
_CHANGES = """
INSERT INTO odds_pricechange (quote_id, price, last_update, seen_at)
SELECT q.id, round(q.price + (q.id * n %% 21 - 10) / 100.0, 2), t.at, t.at
FROM odds_event e JOIN odds_market m ON m.event_id = e.id
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
CROSS JOIN generate_series(0, %(changes)s - 1) n
CROSS JOIN LATERAL (SELECT q.seen_at - n * interval '5 hours') t(at)
WHERE e.id >= %(first)s AND e.id < %(first)s + %(chunk)s
"""


def fill(changes: int) -> int:
    """Fill an empty database; return how many price changes it then holds."""
    events = max(COMING, changes // (QUOTES * CHANGES))
    given = {"events": events, "books": BOOKS, "changes": CHANGES, "coming": COMING, "chunk": CHUNK}
    now = timezone.now()
    ensure_partitions(now - timedelta(days=day) for day in range(-60, events // A_DAY + 60, 20))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO odds_sport (key, title) VALUES ('basketball', 'Basketball')")
        cursor.execute(
            "INSERT INTO odds_competition (sport_id, key, title, time_zone, is_simulated,"
            " names_from) SELECT id, 'basketball_bench', 'Bench league', 'UTC', false, ''"
            " FROM odds_sport"
        )
        for statement in _BELOW:
            cursor.execute(statement, given)
        cursor.execute("SELECT min(id), max(id) FROM odds_event")
        first, last = cursor.fetchone()
        for start in range(first, last + 1, CHUNK):
            cursor.execute(_CHANGES, given | {"first": start})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM odds_pricechange")
        return int(cursor.fetchone()[0])
