"""Import speed: snapshots from parsed values to committed rows, beside a plain ORM ingest.

Prints JSON lines: name, value, unit, peer, peer_value. Works in the configured database inside a
transaction that is rolled back.
"""

import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import transaction  # noqa: E402

from odds.feeds.columns import ParsedQuote, columns_of  # noqa: E402
from odds.feeds.parsed import ParsedEvent, ParsedSweep  # noqa: E402
from odds.models import FeedRun, PriceChange, Quote  # noqa: E402
from odds.services.events import record_events  # noqa: E402
from odds.services.sweeps import lock_competition, record_sweeps  # noqa: E402

EVENTS, BOOKS, SWEEPS = 40, 20, 25
SEEN = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = "basketball_bench"


def made_sweeps() -> list[ParsedSweep]:
    """Return sweeps of which one price in twenty moves from one to the next."""
    chance = random.Random(7)  # noqa: S311 - a fixed stream, no secret
    starts_at = SEEN + timedelta(days=2)
    events = [
        ParsedEvent("bench", f"e{n}", KEY, f"Home {n}", f"Away {n}", starts_at.date(), starts_at)
        for n in range(EVENTS)
    ]
    prices = {
        (n, book, side): 1900 for n in range(EVENTS) for book in range(BOOKS) for side in "ha"
    }
    sweeps = []
    for index in range(SWEEPS):
        for key in prices:
            if chance.random() < 0.05:
                prices[key] = chance.randrange(1800, 2000, 10)
        quotes = [
            ParsedQuote(
                "bench", f"e{n}", f"book{book}", "h2h", {"h": "home", "a": "away"}[side], None,
                Decimal(price) / 1000, None,
            )
            for (n, book, side), price in prices.items()
        ]  # fmt: skip
        at = SEEN + timedelta(minutes=index)
        sweeps.append(ParsedSweep("bench", KEY, at, events, columns_of(quotes)))
    return sweeps


def ours(sweeps: list[ParsedSweep], run: FeedRun) -> float:
    """Return rows a second of our way."""
    competition = lock_competition(KEY)
    recorded = record_events(sweeps[0].events, competition)
    began = time.perf_counter()
    counts = record_sweeps(sweeps, recorded, feed_run=run, source="bench")
    return counts.read / (time.perf_counter() - began)


def peer(sweeps: list[ParsedSweep]) -> float:
    """Return rows a second of bulk_create of every row seen, ids known beforehand."""
    quotes = {
        (quote.selection.market.event_id, quote.bookmaker.key, quote.selection.side): quote
        for quote in Quote.objects.filter(
            selection__market__event__competition__key=KEY
        ).select_related("selection__market", "bookmaker")
    }
    ids = {f"e{n}": event_id for n, event_id in enumerate(sorted({key[0] for key in quotes}))}
    began = time.perf_counter()
    count = 0
    for sweep in sweeps:
        rows = [
            PriceChange(
                quote=quotes[ids[quote.event_key], quote.bookmaker_key, quote.side],
                price=quote.price,
                # Beside ours, not upon them: the key is quote and moment.
                seen_at=sweep.seen_at + timedelta(seconds=30),
            )
            for quote in sweep.quotes
        ]
        PriceChange.objects.bulk_create(rows, batch_size=2000)
        count += len(rows)
    return count / (time.perf_counter() - began)


def main() -> None:
    """Measure both in one run."""
    sweeps = made_sweeps()
    with transaction.atomic():
        run = FeedRun.objects.create(
            provider="bench", kind="file", subject="bench", started_at=SEEN
        )
        our_rate = ours(sweeps, run)
        peer_rate = peer(sweeps)
        transaction.set_rollback(True)
    line = {
        "name": "odds_sweeps_into_postgres",
        "value": round(our_rate),
        "unit": "rows/s",
        "peer": "Django bulk_create of every row",
        "peer_value": round(peer_rate),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
