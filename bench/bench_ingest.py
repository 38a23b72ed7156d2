"""A sweep of 60,000 prices of which 8 % moved: from parsed values and from JSON to committed rows.

Each sweep is a transaction of its own, committed, in a database of its own. The peer is the ORM way
on the same tables in the same run: fetch the latest quotes, compare them one by one, `bulk_create`
the changes; it commits as well, yet keeps neither looks nor latest quotes up to date.
"""

import json
import os
import random
import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import django
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from measured import say  # noqa: E402 - after the set-up

from odds.feeds.collecting import without_collecting  # noqa: E402 - after the set-up
from odds.feeds.parsed import ParsedSweep  # noqa: E402 - after the set-up
from odds.feeds.the_odds_api_sweeps import sweep_of  # noqa: E402 - after the set-up
from odds.models import FeedRun, PriceChange, Quote  # noqa: E402 - after the set-up
from odds.services import record_sweep  # noqa: E402 - after the set-up

EVENTS, BOOKS, SWEEPS = 500, 20, 7
KEY = "basketball_nba_bench"
SEEN = datetime(2030, 1, 1, 12, tzinfo=UTC)
MARKETS = ("h2h", "spreads", "totals")
Prices = list[float]


def first_prices(chance: random.Random) -> Prices:
    """Return a price for every event, bookmaker, market and side."""
    return [chance.randrange(1750, 2100, 10) / 1000 for _ in range(EVENTS * BOOKS * 6)]


def moved(prices: Prices, chance: random.Random) -> Prices:
    """Return the prices of the next sweep: one in twelve and a half is another."""
    return [
        price if chance.random() >= 0.08 else round(price + chance.choice((-0.01, 0.01)), 3)
        for price in prices
    ]


def answer(
    prices: Prices,
    at: datetime,
    *,
    numbers: Iterable[int] = range(EVENTS),
    books: int = BOOKS,
    start: datetime = SEEN + timedelta(days=2),
) -> bytes:
    """Return a sweep of these events as the provider sends it."""
    left = iter(prices)
    events = []
    for number in numbers:
        home, away = f"Home {number}", f"Away {number}"
        names = {
            "h2h": ((home, None), (away, None)),
            "spreads": ((home, -1.5), (away, 1.5)),
            "totals": (("Over", 45.5), ("Under", 45.5)),
        }
        offered = [
            {
                "key": f"book{book}",
                "title": f"Book {book}",
                "last_update": at.isoformat(),
                "markets": [
                    {
                        "key": market,
                        "last_update": at.isoformat(),
                        "outcomes": [
                            {"name": name, "price": next(left)}
                            | ({} if point is None else {"point": point})
                            for name, point in names[market]
                        ],
                    }
                    for market in MARKETS
                ],
            }
            for book in range(books)
        ]
        events.append(
            {
                "id": f"{number:032x}",
                "sport_key": KEY,
                "commence_time": start.isoformat(),
                "home_team": home,
                "away_team": away,
                "bookmakers": offered,
            }
        )
    return json.dumps(events).encode()


def parsed(body: bytes, at: datetime) -> ParsedSweep:
    """Return a sweep as the feed hands it over."""
    with without_collecting():
        payload = orjson.loads(body)
    return sweep_of(payload, KEY, markets=MARKETS, books=(), now=at)


def orm_sweep(
    rows: list[tuple[tuple[object, ...], Decimal]], event_ids: set[int], at: datetime
) -> None:
    """Record a sweep the ORM way, generously: ids are known, latest quotes stay as they were."""
    with transaction.atomic():
        latest = {
            key: (pk, price)
            for pk, price, *key in Quote.objects.filter(
                selection__market__event_id__in=event_ids
            ).values_list(
                "pk", "price", "selection__market__event_id", "selection__market__key",
                "selection__side", "selection__point", "bookmaker__key",
            )
            for key in [tuple(key)]
        }  # fmt: skip
        PriceChange.objects.bulk_create(
            [
                PriceChange(quote_id=latest[key][0], price=price, last_update=at, seen_at=at)
                for key, price in rows
                if latest[key][1] != price
            ],
            batch_size=2000,
        )


def main() -> None:
    """Measure in one run."""
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        _measure()
    finally:
        runner.teardown_databases(databases)


def _measure() -> None:
    chance = random.Random(7)  # noqa: S311 - a fixed stream, no secret
    run = FeedRun.objects.create(provider="bench", kind="odds", subject=KEY, started_at=SEEN)
    moments = (SEEN + timedelta(seconds=30 * step) for step in count())
    prices = first_prices(chance)
    at = next(moments)
    record_sweep(parsed(answer(prices, at), at), feed_run=run)
    from_values, from_json, by_orm = [], [], []
    for _ in range(SWEEPS):
        prices, at = moved(prices, chance), next(moments)
        body = answer(prices, at)
        began = time.perf_counter()
        sweep = parsed(body, at)
        read = time.perf_counter()
        counts = record_sweep(sweep, feed_run=run)
        done = time.perf_counter()
        if not 0.06 < counts.new / counts.read < 0.10 or counts.quarantined:
            raise SystemExit(f"not the sweep that was meant: {counts}")
        from_values.append(done - read)
        from_json.append(done - began)
        theirs, at = moved(prices, chance), next(moments)
        by_orm.append(_by_orm(parsed(answer(theirs, at), at), at))
    size = EVENTS * BOOKS * 6
    orm = size / statistics.median(by_orm)
    label = "ORM: fetch the latest, compare, bulk_create the changes"
    say(
        "sweep into Postgres, from parsed",
        size / statistics.median(from_values),
        "quotes/s",
        label,
        orm,
    )
    say(
        "sweep into Postgres, from JSON",
        size / statistics.median(from_json),
        "quotes/s",
        label,
        orm,
    )


def _by_orm(sweep: ParsedSweep, at: datetime) -> float:
    ids = dict(
        Quote.objects.values_list(
            "selection__market__event__references__key", "selection__market__event_id"
        ).distinct()
    )
    rows = [
        ((ids[q.event_key], q.market_key, q.side, q.point, q.bookmaker_key), q.price)
        for q in sweep.quotes
    ]
    began = time.perf_counter()
    orm_sweep(rows, set(ids.values()), at)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
