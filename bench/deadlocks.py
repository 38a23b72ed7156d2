"""Everybody moves money of one person at once: `python bench/deadlocks.py [MOVES]`.

Eight threads, six pots of one bankroll, 4,000 moves back and forth; nobody may wait in a ring. Has
a database of its own beside that of DATABASE_URL; leaves it empty. Exits with 1 after a deadlock.
"""

import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import OperationalError, connection  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up

from bench.measured import say  # noqa: E402 - after the paths
from betting.services import ledger  # noqa: E402 - after the set-up
from betting.services.books import check_books  # noqa: E402 - after the set-up
from odds.models import Bookmaker  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up

THREADS, BOOKS = 8, 5


def main(moves: int) -> int:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        return measure(moves)
    finally:
        runner.teardown_databases(databases)


def measure(moves: int) -> int:
    bankroll = make.bankroll(make.user("mover"), "100000.00")
    books = [Bookmaker.objects.create(key=f"b{n}", title=f"B{n}").pk for n in range(BOOKS)]
    for book in books:
        move(bankroll.pk, "to_book", book, "1000.00", f"begin-{book}")
    came: Counter[str] = Counter()

    def work(thread: int) -> None:
        rng = random.Random(thread)  # noqa: S311 - no secret
        for number in range(moves // THREADS):
            kind = rng.choice(("to_book", "from_book"))
            try:
                move(bankroll.pk, kind, rng.choice(books), "0.01", f"{thread}-{number}")
                came["done"] += 1
            except OperationalError as error:
                came[type(error.__cause__).__name__] += 1
        connection.close()

    begun = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    took = time.monotonic() - begun
    say("moves of money by eight threads on six pots", came["done"], "moves")
    say("moves a second", came["done"] / took, "1/s")
    say("deadlocks", came["DeadlockDetected"], "deadlocks", "goal", 0)
    gave_up = came.total() - came["done"] - came["DeadlockDetected"]
    say("moves that gave up on a lock after 5 s, and wrote nothing", gave_up, "moves")
    wrong = len(check_books())
    say("faults in the books", wrong, "faults", "goal", 0)
    return 1 if came["DeadlockDetected"] or wrong else 0


def move(bankroll_id: int, kind: str, book: int, amount: str, reference: str) -> None:
    ledger.move_money(
        kind, bankroll_id=bankroll_id, amount=Decimal(amount), reference=reference,
        bookmaker_id=book, now=make.NOON,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
