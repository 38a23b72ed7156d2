"""Time the odds screen and Today over HTTP, with many price changes in the database.

One reader after another, as a browser asks: log-in, page, whole answer. "Fresh" asks with
?refresh=1, so nothing kept serves it. Peer: the odds screen written first-hand (peer_pages.py), on
the same server and database. FAIRLINE_BENCH_CHANGES says how many changes (default ten million).
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up

from bench.pages_world import fill  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.live.serving import Server, serving  # noqa: E402 - after the set-up

CHANGES = int(os.environ.get("FAIRLINE_BENCH_CHANGES", "10000000"))
ASKED = 60


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        begun = time.perf_counter()
        held = fill(CHANGES)
        print(f"{held:,} changes in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        reader = make.user("reader")
        make.bankroll(reader)
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(Path(folder), "bench.peer_pages:application") as server,
        ):
            peer = timed(server, reader, "/peer/odds/")
            fresh = timed(server, reader, "/odds/?refresh=1")
            kept = timed(server, reader, "/odds/")
            today = timed(server, reader, "/")
    finally:
        runner.teardown_databases(databases)
    millions = f"{held / 1e6:.1f}M changes"
    for name, ours, theirs in (
        (f"odds screen, fresh, {millions}", fresh, peer),
        (f"odds screen, kept, {millions}", kept, peer),
        (f"Today, {millions}", today, None),
    ):
        for share in (50, 95):
            tell(
                f"{name}, p{share}",
                percentile(ours, share),
                None if theirs is None else percentile(theirs, share),
            )


def timed(server: Server, reader: make.User, path: str) -> list[float]:
    """Return how long each of many answers took, in ms."""
    ask = server.asking(reader)
    for _ in range(5):
        ask(path)
    times = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        status, _ = ask(path)
        times.append((time.perf_counter() - begun) * 1000)
        if status != 200:
            raise SystemExit(f"{path} answered {status}")
    return times


def percentile(times: list[float], share: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def tell(name: str, value: float, peer_value: float | None) -> None:
    print(
        json.dumps(
            {
                "name": name,
                "value": round(value, 1),
                "unit": "ms",
                "peer": None if peer_value is None else "model objects, one query an event",
                "peer_value": None if peer_value is None else round(peer_value, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
