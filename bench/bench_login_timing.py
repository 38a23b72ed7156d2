"""Can the clock tell whether a name has an account? Known names against unknown ones, both doors.

A wrong password is sent for names of accounts and for names that nobody has, in turns that are
drawn, through the whole stack in one process with the real hasher. A guesser who sees one time
guesses "known" if it is the longer of two: 0.5 is a coin, and the peer is what a coin of as many
tosses gives in 95 of 100 benches. FAIRLINE_BENCH_TRIES says how many of each (default 100).
"""

import math
import os
import random
import statistics
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.cache import cache  # noqa: E402 - after the set-up
from django.test import Client, override_settings  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up

from accounts.models import User  # noqa: E402 - after the set-up
from bench.measured import say  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up

TRIES = int(os.environ.get("FAIRLINE_BENCH_TRIES", "100"))
PASSWORD = "correct horse battery"  # noqa: S105 - of nobody


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        for number in range(TRIES):
            make.user(f"known{number:04}", password=PASSWORD if number == 0 else None)
        give_passwords()
        unlimited = override_settings(
            RATE_DEFAULT="", RATE_ADDRESS="", RATE_ROUTES={"account_login": ""}, RATE_API=""
        )
        with unlimited:
            for door, ask in (("page", by_page), ("API", by_api)):
                compare(door, ask)
    finally:
        runner.teardown_databases(databases)


def give_passwords() -> None:
    """Give all the hash of the first: hashing hundreds would be most of the bench."""
    hashed = User.objects.get(username="known0000").password
    User.objects.update(password=hashed)


def by_page(name: str) -> int:
    return Client().post("/login/", {"login": name, "password": "wrong"}).status_code


def by_api(name: str) -> int:
    asked = {"email": name, "password": "wrong"}
    return Client().post("/api/v1/auth/login", asked, content_type="application/json").status_code


def compare(door: str, ask: Callable[[str], int]) -> None:
    names = [(True, f"known{n:04}") for n in range(TRIES)]
    names += [(False, f"other{n:04}") for n in range(TRIES)]
    random.Random(door).shuffle(names)  # noqa: S311 - an order, no secret
    took: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for is_known, name in [(True, "known0000"), (False, "nobody"), *names]:
        cache.clear()
        begun = time.perf_counter()
        statuses.add(ask(name))
        took[is_known].append(1000 * (time.perf_counter() - begun))
    known, unknown = took[True][1:], took[False][1:]
    if len(statuses) != 1:
        raise SystemExit(f"{door}: answers differ: {sorted(statuses)}")
    say(
        f"Log-in by {door}, wrong password: known name",
        statistics.median(known),
        "ms, median",
        "unknown name",
        statistics.median(unknown),
    )
    say(
        f"Log-in by {door}: known from unknown by one answer's time",
        guessed_right(known, unknown),
        "share right",
        "a coin, upper end of 95 %",
        0.5 + 1.96 * math.sqrt((2 * TRIES + 1) / (12 * TRIES * TRIES)),
    )


def guessed_right(known: list[float], unknown: list[float]) -> float:
    """Return how often the longer of two times is the known name's (Mann and Whitney's U)."""
    pairs = ((k > u) + (k == u) / 2 for k in known for u in unknown)
    return sum(pairs) / (len(known) * len(unknown))


if __name__ == "__main__":
    main()
