"""Place paper bets through the whole path: lock, limits, evidence, two commits, ledger.

Called in this process, and asked of the API as gunicorn serves it, over one connection.

Peer: what one would write first, one INSERT of a bet and one UPDATE of a balance in a transaction,
without a lock, limits, evidence or ledger. Needs a database of its own; leaves it empty.
"""

import http.client
import json
import os
import tempfile
import time
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from django.utils import timezone  # noqa: E402 - after the set-up
from measured import say  # noqa: E402 - after the set-up

from accounts.models import User  # noqa: E402 - after the set-up
from accounts.scopes import BET  # noqa: E402 - after the set-up
from odds.models import Event, Quote  # noqa: E402 - after the set-up
from risk.models import Limits  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.live.serving import serving  # noqa: E402 - after the set-up

BETS = 200
BY_API, WARM = 50, 5


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        owner = make.user("bench")
        make.bankroll(owner, "100000.00")
        Limits.objects.create(
            owner=owner, max_day_share=Decimal(1), max_event_share=Decimal(1), max_open_bets=1000
        )
        quote = make.priced()
        begun = time.perf_counter()
        for number in range(BETS):
            make.place(owner, quote, "10.00", now=make.NOON + timedelta(seconds=number))
        ours = time.perf_counter() - begun
        served = by_api(owner, quote)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE plain_bet (id serial PRIMARY KEY, stake numeric)")
            cursor.execute("CREATE TABLE plain_balance (amount numeric)")
            cursor.execute("INSERT INTO plain_balance VALUES (100000)")
            begun = time.perf_counter()
            for _ in range(BETS):
                with transaction.atomic():
                    cursor.execute("INSERT INTO plain_bet (stake) VALUES (10)")
                    cursor.execute("UPDATE plain_balance SET amount = amount - 10")
            peer = time.perf_counter() - begun
    finally:
        runner.teardown_databases(databases)
    say(
        "placement on paper, one bettor, end to end",
        ours / BETS * 1000,
        "ms",
        "INSERT and UPDATE in one transaction, nothing else",
        peer / BETS * 1000,
    )
    say("placement on paper by the API, through gunicorn", served * 1000, "ms")


def by_api(owner: User, quote: Quote) -> float:
    """Return how many seconds a bet takes that is asked for over HTTP."""
    now = timezone.now()
    Quote.objects.update(seen_at=now, last_update=now)
    Event.objects.update(starts_at=now + timedelta(hours=5))
    _, key = make.api_key(owner, scopes=[BET])
    asked = {
        "selection": quote.selection_id,
        "bookmaker": quote.bookmaker.key,
        "price": str(quote.price),
        "stake": "1.00",
    }
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        door = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        # The first few load what a worker loads once.
        for number in range(BY_API + WARM):
            if number == WARM:
                begun = time.perf_counter()
            headers = {
                "X-Api-Key": key,
                "Idempotency-Key": uuid.uuid4().hex,
                "Content-Type": "application/json",
            }
            door.request("POST", "/api/v1/bets", json.dumps(asked), headers)
            answer = door.getresponse()
            said = answer.read()
            if answer.status != 201:
                raise SystemExit(f"The API answered {answer.status}: {said!r}")
        return (time.perf_counter() - begun) / BY_API


if __name__ == "__main__":
    main()
