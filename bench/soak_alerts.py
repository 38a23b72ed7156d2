"""A thousand alerts, a receiver in trouble, workers killed: `python bench/soak_alerts.py [ALERTS]`.

Facts are put into the outbox of a database of its own, beside that of DATABASE_URL, some of them in
transactions that are undone. Two real Celery workers send them to a receiver on loopback that is
down, then slow, then answers 500, then is well; a worker is ended by SIGKILL every few seconds all
the while. Each alert must arrive, and be told from its repeats by its id; what was undone must not.
Needs Postgres and Valkey (DATABASE_URL, REDIS_URL); takes some minutes. Exits with 1 if anything is
wrong.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from measured import say  # noqa: E402 - after the paths

PHASES = (("down", 30.0), ("slow", 30.0), ("failing", 20.0))
SLOW_SECONDS = 6.0
# Longer than a worker takes to start, or none would ever work.
KILL_EVERY = 25.0
LONGEST = 900.0


class Receiver(ThreadingHTTPServer):
    """Notes what arrives; what it answers is its state."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = "down"
        self.arrived: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.told: dict[str, str] = {}
        self.guard = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        state = self.server.state
        if state == "down":
            # As good as nobody listening: the connection ends without an answer.
            self.connection.close()
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.guard:
            self.server.arrived[body["id"]] += 1
            self.server.told[body["id"]] = body["alerts"][0]["key"]
        if state == "slow":
            time.sleep(SLOW_SECONDS)  # noqa: TID251 - it is the fault
            return
        status = 500 if state == "failing" else 204
        if status == 204:
            with self.server.guard:
                self.server.taken[body["id"]] += 1
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def own_database(url: str) -> str:
    """Make a database of our own beside that of an address, and return its address."""
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS alerts_soak WITH (FORCE)")
        connection.execute("CREATE DATABASE alerts_soak")
    return urlunsplit(parts._replace(path="/alerts_soak"))


def worker(name: str, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as said:
        return subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-c", "2",
             "-Q", "soak", "-n", f"{name}@soak", "--without-gossip", "--without-mingle"],
            cwd=ROOT, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip


def write_facts(owner_id: int, count: int) -> None:
    """Put facts into the outbox, every tenth of others in a transaction that is undone."""
    from django.db import transaction
    from django.utils import timezone

    from accounts.alerts.telling import tell
    from accounts.domain.alerts import Fact, Kind

    def fact(key: str) -> Fact:
        return Fact(Kind.SETTLEMENT, key, key, "", "/bets/", timezone.now(), owner_id=owner_id)

    for number in range(count):
        with transaction.atomic():
            tell([fact(f"bet {number}")])
        if number % 10 == 0:
            with transaction.atomic():
                tell([fact(f"undone {number}")])
                transaction.set_rollback(True)


def main() -> None:
    """Set it all up, let it run, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("alerts", nargs="?", type=int, default=1000)
    count = parser.parse_args().alerts
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{receiver.server_address[1]}"
    before = os.environ["DATABASE_URL"]
    os.environ |= {
        "DATABASE_URL": own_database(before),
        "FAIRLINE_WEBHOOK_ORIGINS": origin,
        "FAIRLINE_ALERT_RETRY_SECONDS": "0.5",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "ERROR",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.alerts import keeping
    from accounts.models import Delivery, User
    from config.celery import app

    call_command("migrate", verbosity=0)
    owner = User.objects.create_user("soak", "soak@example.org")
    hook = keeping.add_channel(
        owner_id=owner.pk, name="bot", kind="webhook", address=f"{origin}/", token="",
        now=timezone.now(),
    )  # fmt: skip
    keeping.save_rule(
        owner_id=owner.pk,
        said={"name": "bets", "kind": "settlement", "once_minutes": 0},
        channel_ids=[hook.channel.pk],
        now=timezone.now(),
    )
    log = Path(os.environ.get("TMPDIR", "/tmp")) / "soak_alerts.log"  # noqa: S108 - a log
    log.unlink(missing_ok=True)
    rng = random.Random(7)  # noqa: S311 - no secret
    workers = {name: worker(name, log) for name in ("a", "b")}
    writer = threading.Thread(target=write_facts, args=(owner.pk, count))
    begun = time.monotonic()
    writer.start()
    kills, next_kill, ends = 0, begun + KILL_EVERY, []
    for name, seconds in PHASES:
        ends.append(((ends[-1][0] if ends else begun) + seconds, name))
    well_at = ends[-1][0]
    try:
        while time.monotonic() - begun < LONGEST:
            now = time.monotonic()
            receiver.state = next((name for end, name in ends if now < end), "well")
            app.send_task("betting.tell_people", queue="soak", expires=10)
            if now >= next_kill:
                name = rng.choice(sorted(workers))
                os.killpg(workers[name].pid, signal.SIGKILL)
                workers[name].wait()
                workers[name] = worker(name, log)
                kills, next_kill = kills + 1, now + KILL_EVERY
            if not writer.is_alive() and now > well_at:
                sent = Delivery.objects.filter(status="sent").count()
                if sent == count:
                    break
            time.sleep(1.0)  # noqa: TID251 - it watches processes
    finally:
        for each in workers.values():
            os.killpg(each.pid, signal.SIGKILL)
            each.wait()
    report(receiver, count=count, kills=kills, took=time.monotonic() - well_at)


def report(receiver: Receiver, *, count: int, kills: int, took: float) -> None:
    """Say what arrived, and end with 1 unless it is each alert once by its id, and nothing else."""
    keys = Counter(receiver.told[uid] for uid in receiver.taken)
    missing = {f"bet {number}" for number in range(count)} - set(keys)
    say("alerts written", count, "alerts")
    say("alerts taken, told apart by id", len(keys), "alerts", "written", count)
    say("alerts lost", len(missing), "alerts")
    say("alerts under two ids", sum(n - 1 for n in keys.values()), "alerts")
    say("alerts of undone transactions", sum(key.startswith("undone") for key in keys), "alerts")
    say("repeats the receiver took under one id", sum(receiver.taken.values()) - len(keys), "times")
    say("requests that arrived, tries and all", sum(receiver.arrived.values()), "requests")
    say("workers killed", kills, "kills")
    say("from well again to all sent", took, "s")
    wrong = missing or any(n != 1 for n in keys.values()) or len(keys) != count
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
