"""The release before serves while this one migrates: `python bench/release_before.py`.

The code of before (git's commit ahead of the newest migration, or --before) is deployed
(bench/deployed.py), takes 20 requests a second, and goes on with them while this code migrates the
database and after. No request may fail, nobody wait for a lock for longer than 2 s, and the old
code has to go on writing what the migration touched. Exits with 1 otherwise.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg
from deployed import ROOT, Deployed, deployed  # first: it says where ours is
from measured import say
from rolling_restart import RATE, Balancer, Flow

BEFORE, AFTER, LONGEST_LOCK = 15.0, 30.0, 2.0


def git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 - ours
        ["git", *words],  # noqa: S607 - of this machine
        cwd=ROOT, text=True, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


class Locks(threading.Thread):
    """The longest that anybody was seen to wait for a lock."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.longest, self.enough = url, 0.0, threading.Event()

    def run(self) -> None:
        asked = (
            "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - waitstart)), 0)"
            " FROM pg_locks WHERE NOT granted"
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.enough.wait(0.05):
                self.longest = max(self.longest, float(connection.execute(asked).fetchone()[0]))


def under_traffic(product: Deployed) -> tuple[Flow, Locks]:
    """Migrate while requests flow."""
    balancer = Balancer()
    balancer.ways = [product.way("web-1"), product.way("web-2")]
    rng = random.Random(36)  # noqa: S311 - no secret
    flow, locks = (
        Flow(balancer.way, product.make_people(20), rng),
        Locks(product.environment["DATABASE_URL"]),
    )
    flowing = threading.Thread(target=flow.run, daemon=True)
    flowing.start()
    locks.start()
    time.sleep(BEFORE)  # noqa: TID251 - some before
    asked, begun = flow.seen.asked, time.monotonic()
    product.manage("migrate", "--no-input", root=ROOT)
    say("migrate by this code", time.monotonic() - begun, "s")
    say("requests answered meanwhile", flow.seen.asked - asked, "requests")
    # Whoever comes now is written by the old code into the new tables.
    product.manage(
        "createsuperuser", "--no-input", "--username=late", "--email=late@example.test",
        DJANGO_SUPERUSER_PASSWORD="-".join(["late"] * 5),
    )  # fmt: skip
    end = time.monotonic() + AFTER
    while time.monotonic() < end:
        product.look_after()
        time.sleep(0.2)  # noqa: TID251 - it watches processes
    flow.enough.set()
    locks.enough.set()
    flowing.join(120)
    return flow, locks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first; 0: any free ones")
    parser.add_argument("--before", default="", help="a commit; by itself, that of the release")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    newest = git("log", "-1", "--diff-filter=A", "--format=%H", "--", "*/migrations/*.py")
    before = git("rev-parse", "--short", asked.before or f"{newest}^")
    with tempfile.TemporaryDirectory(prefix="fairline-before-") as folder:
        Path(folder).chmod(0o755)
        packed = Path(folder) / "before.tar"
        git("archive", f"--output={packed}", before)
        root = Path(folder) / "code"
        root.mkdir()
        subprocess.run(["tar", "-xf", packed, "-C", root], check=True)  # noqa: S603, S607 - ours
        with deployed(first_port=asked.port, root=root) as product:
            product.start(rate=60.0, webs=2)
            product.wait_until_ready("web-2")
            flow, locks = under_traffic(product)
            os.environ |= product.environment
            import evidence

            found = [*evidence.order_faults(flow.seen), *evidence.book_faults()]
    for fault in found[:40]:
        print(fault, file=sys.stderr)
    for failure in Counter((n, why[:120]) for _, n, why in flow.seen.failures).most_common(9):
        print(failure, file=sys.stderr)
    say(f"release before ({before}): requests at {RATE}/s", flow.seen.asked, "requests")
    say("requests that failed", len(flow.seen.failures), "requests", "goal", 0)
    say("longest wait for a lock", locks.longest, "s", "goal", LONGEST_LOCK)
    say("orders lost or double, books, audit", len(found), "faults", "goal", 0)
    return 1 if found or flow.seen.failures or locks.longest > LONGEST_LOCK else 0


if __name__ == "__main__":
    sys.exit(main())
