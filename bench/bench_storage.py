"""Many price changes at rest: what one takes on disk, and how fast the hot reads are beside them.

Usage: bench_storage.py [MILLIONS]; without an argument one million, to keep scripts/bench short (10
takes some minutes). The changes are made by the database itself, in the shape that recording gives
them: 40 events a day, ten bookmakers, three markets. The peer is the plain table one would write
first: text columns, one row a change, an index by event and one by time, the same queries by
DISTINCT ON.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from measured import say  # noqa: E402 - after the set-up

from odds.as_of import quotes_as_of  # noqa: E402
from odds.closing import capture_closes_between, closing_slate  # noqa: E402
from odds.models import Event  # noqa: E402 - after the set-up
from odds.selectors import latest_quotes, line_movement  # noqa: E402
from odds.services import ensure_partitions  # noqa: E402 - after the set-up

EVENTS_A_DAY, BOOKS, CHANGES = 40, 10, 42
FIRST = datetime(2030, 1, 1, 20, tzinfo=UTC)

WORLD = """
INSERT INTO odds_sport (key, title) VALUES ('bench', 'Bench');
INSERT INTO odds_competition (sport_id, key, title, time_zone, is_simulated, names_from)
    SELECT id, 'bench', 'Bench', 'UTC', true, '' FROM odds_sport WHERE key = 'bench';
INSERT INTO odds_team (competition_id, name, code)
    SELECT c.id, 'Team ' || n, '' FROM odds_competition c, generate_series(1, 80) n;
INSERT INTO odds_bookmaker (key, title, is_exchange, commission_share, weight, is_archive)
    SELECT 'book' || n, 'Book ' || n, false, 0, 1, false FROM generate_series(1, %(books)s) n;
INSERT INTO odds_event (competition_id, season, stage, home_id, away_id, day, starts_at,
        start_is_exact, neutral_site, status, overtimes)
    SELECT c.id, '2030', 'regular', h.id, a.id,
        (%(first)s::timestamptz + d * '1 day'::interval)::date,
        %(first)s::timestamptz + d * '1 day'::interval, true, false, 'scheduled', 0
    FROM odds_competition c, generate_series(0, %(days)s - 1) d, generate_series(1, %(events)s) n,
        odds_team h, odds_team a
    WHERE h.name = 'Team ' || n AND a.name = 'Team ' || n + 40;
INSERT INTO odds_market (event_id, key)
    SELECT e.id, k FROM odds_event e, unnest(ARRAY['h2h', 'spreads', 'totals']) k;
INSERT INTO odds_selection (market_id, side, point)
    SELECT m.id, side, point FROM odds_market m, (VALUES
        ('h2h', 'home', NULL), ('h2h', 'away', NULL),
        ('spreads', 'home', -1.5), ('spreads', 'away', 1.5), ('totals', 'over', 45.5),
        ('totals', 'under', 45.5)) AS v(key, side, point) WHERE v.key = m.key;
INSERT INTO odds_quote (selection_id, bookmaker_id, price, last_update, seen_at)
    SELECT s.id, b.id, 1.9, e.starts_at - '10 min'::interval, e.starts_at - '10 min'::interval
    FROM odds_selection s JOIN odds_market m ON m.id = s.market_id
    JOIN odds_event e ON e.id = m.event_id, odds_bookmaker b;
INSERT INTO odds_marketlook (market_id, bookmaker_ids, looked_at, last_update)
    SELECT m.id, array_agg(b.id), array_agg(e.starts_at), array_agg(e.starts_at)
    FROM odds_market m JOIN odds_event e ON e.id = m.event_id, odds_bookmaker b GROUP BY m.id;
INSERT INTO odds_sighting (event_id, market_key, seen_at, fingerprint)
    SELECT e.id, m.key, e.starts_at - n * '90 min'::interval - '10 min'::interval, n
    FROM odds_event e JOIN odds_market m ON m.event_id = e.id,
        generate_series(0, %(changes)s - 1) n;
"""
# In order of time, as recording appends them.
FILL = """
INSERT INTO odds_pricechange (quote_id, price, last_update, seen_at)
SELECT q.id, 1.5 + (q.id * 7919 + n * 104729) %% 1000 / 1000.0,
       q.seen_at - n * '90 min'::interval, q.seen_at - n * '90 min'::interval
FROM odds_quote q, generate_series(0, %(changes)s - 1) n
ORDER BY q.seen_at - n * '90 min'::interval
"""
PLAIN = """
CREATE TABLE plain_odds (id bigserial PRIMARY KEY, event_id bigint, bookmaker text, market text,
    outcome text, point numeric, price numeric, last_update timestamptz, seen_at timestamptz);
INSERT INTO plain_odds (event_id, bookmaker, market, outcome, point, price, last_update, seen_at)
    SELECT e.id, b.key, m.key, s.side, s.point, c.price, c.last_update, c.seen_at
    FROM odds_pricechange c JOIN odds_quote q ON q.id = c.quote_id
    JOIN odds_bookmaker b ON b.id = q.bookmaker_id JOIN odds_selection s ON s.id = q.selection_id
    JOIN odds_market m ON m.id = s.market_id JOIN odds_event e ON e.id = m.event_id;
CREATE INDEX ON plain_odds (event_id);
CREATE INDEX ON plain_odds (seen_at);
"""
PLAIN_CLOSE = """
SELECT DISTINCT ON (o.event_id, o.bookmaker, o.market, o.outcome, o.point) o.*
FROM plain_odds o JOIN odds_event e ON e.id = o.event_id
WHERE e.starts_at = %s AND o.seen_at <= e.starts_at
ORDER BY o.event_id, o.bookmaker, o.market, o.outcome, o.point, o.seen_at DESC
"""
PLAIN_AS_OF = PLAIN_CLOSE.replace("o.seen_at <= e.starts_at", "o.seen_at <= %s")
PLAIN_MOVES = "SELECT * FROM plain_odds WHERE event_id = %s ORDER BY seen_at"
SIZE = """
SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('odds_pricechange') WHERE isleaf
"""


def main() -> None:
    """Measure in one run, in a database of its own."""
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        _measure(millions)
    finally:
        runner.teardown_databases(databases)


def _measure(millions: float) -> None:
    days = max(round(millions * 1e6 / (EVENTS_A_DAY * BOOKS * 6 * CHANGES)), 3)
    given = {
        "days": days, "events": EVENTS_A_DAY, "books": BOOKS, "changes": CHANGES, "first": FIRST,
    }  # fmt: skip
    ensure_partitions(FIRST + timedelta(days=day) for day in range(-7, days + 1))
    for statement in [*filter(str.strip, WORLD.split(";\n")), FILL]:
        run(statement, given)
    # As autovacuum leaves tables a minute later; else the first reader pays for the writer.
    run("VACUUM ANALYZE")
    count = one("SELECT count(*) FROM odds_pricechange")
    for statement in filter(str.strip, PLAIN.split(";\n")):
        run(statement)
    run("VACUUM ANALYZE plain_odds")
    plain_bytes = one("SELECT pg_total_relation_size('plain_odds')")
    peer = f"plain table and DISTINCT ON, {count / 1e6:.1f} million changes"
    say("a price change on disk, with index", one(SIZE) / count, "bytes", peer, plain_bytes / count)
    day = FIRST + timedelta(days=days // 2)
    at = day - timedelta(hours=6)
    capture_closes_between(after=day - timedelta(days=1), before=day, now=day + timedelta(hours=1))
    events = list(Event.objects.filter(starts_at=day).values_list("pk", flat=True))
    before, until = day - timedelta(seconds=1), day
    say("closing lines of a day's slate",
        median(lambda _: closing_slate(starts_after=before, starts_before=until)), "ms",
        peer, median(lambda _: run(PLAIN_CLOSE, [day])))  # fmt: skip
    say("line movement of an event",
        median(lambda n: line_movement(events[n], until=day)), "ms",
        peer, median(lambda n: run(PLAIN_MOVES, [events[n]])))  # fmt: skip
    say("a day's slate as known at a moment",
        median(lambda _: quotes_as_of(at=at, starts_after=before, starts_before=until)), "ms",
        peer, median(lambda _: run(PLAIN_AS_OF, [day, at])))  # fmt: skip
    say("latest quotes of a day's slate",
        median(lambda _: latest_quotes(now=before, starts_before=until)), "ms",
        peer, median(lambda _: run(PLAIN_CLOSE, [day])))  # fmt: skip


def median(work: Callable[[int], object]) -> float:
    """Return the median time in milliseconds of nine runs, each with its number."""
    times = []
    for number in range(9):
        began = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def run(query: str, given: object = None) -> list[tuple[object, ...]]:
    """Run a statement, and return its rows where it has any."""
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return cursor.fetchall() if cursor.description else []


def one(query: str) -> int:
    """Return a query's only value."""
    return int(run(query)[0][0])  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
