"""Place paper bets through the whole path: lock, limits, evidence, two commits, ledger.

Peer: what one would write first, one INSERT of a bet and one UPDATE of a balance in a transaction,
without a lock, limits, evidence or ledger. Needs a database of its own; leaves it empty.
"""

import os
import time
from datetime import timedelta
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from measured import say  # noqa: E402 - after the set-up

from risk.models import Limits  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up

BETS = 200


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        owner = make.user("bench")
        make.bankroll(owner, "100000.00")
        Limits.objects.create(owner=owner, max_day_share=Decimal(1), max_event_share=Decimal(1))
        quote = make.priced()
        begun = time.perf_counter()
        for number in range(BETS):
            make.place(owner, quote, "10.00", now=make.NOON + timedelta(seconds=number))
        ours = time.perf_counter() - begun
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


if __name__ == "__main__":
    main()
