"""Time lists of 50 over HTTP: opportunities, bets and events, as a program with a key asks.

Peer: a plain ModelSerializer list of the same fields, as one writes it first (peer_api.py), on the
same server, database, key and limits; "joined": the same peer with select_related.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import http.client  # noqa: E402 - after the set-up

from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up

from bench.measured import say  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.journeys import world  # noqa: E402 - after the set-up
from tests.live.serving import Server, serving  # noqa: E402 - after the set-up

ASKED = 40
LISTS = ("opportunities", "bets", "events")


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        reader = make.user("reader")
        make.bankroll(reader, "100000.00")
        world.fill(reader, past=70, coming=20)
        _, key = make.api_key(reader)
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(Path(folder), "bench.peer_api:application") as server,
        ):
            for name in LISTS:
                ours, plain, joined = (
                    timed(server, key, path)
                    for path in (
                        f"/api/v1/{name}",
                        f"/api/peer/{name}",
                        f"/api/peer/{name}?joined=1",
                    )
                )
                what = f"API list of 50 {name}, p50"
                say(what, ours, "ms", "plain ModelSerializer list", plain)
                say(f"{what}, joined", ours, "ms", "ModelSerializer with select_related", joined)
    finally:
        runner.teardown_databases(databases)


def timed(server: Server, key: str, path: str) -> float:
    """Return the median of many answers, in ms."""
    asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    times = []
    for number in range(ASKED + 5):
        begun = time.perf_counter()
        asked.request("GET", path, headers={"X-Api-Key": key})
        answer = asked.getresponse()
        body = answer.read()
        if answer.status != 200 or body.count(b'"id"') != 50:
            raise SystemExit(f"{path}: {answer.status}, {body.count(b'id')} rows: {body[:300]!r}")
        if number >= 5:
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
