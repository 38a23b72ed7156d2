"""Chaos on the whole product: `python bench/chaos.py --minutes 60 --seed 7`.

Everything as deployed (bench/deployed.py), two web servers behind compose's proxy, with a provider
that has faults of its own, under bettors and integrators that never give up
(bench/load_threads.py). Web servers, workers, beat, provider, Valkey and Postgres are ended by
SIGKILL at random; a worker and a web server hang now and then for longer than the alert rules
allow. After each strike it is measured how long until a web server says at /health/ready that it
can serve, and until what was struck is back. At the end, at rest: no order, alert or job slot lost
or double, books and audit clean, alerts fired as deploy/prometheus/rules.yml says. Exits with 1 if
anything is wrong.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from deployed import QUEUES, Deployed, children, deployed  # first: it says where ours is
from load_threads import Load
from measured import say
from redis import Redis
from soak_alerts import Receiver
from stack import processes
from traffic import Person, Way
from watching import Watch, until

BACK_WITHIN = 10.0
WEBS = ("web-1", "web-2")
WORKERS = tuple(f"worker-{queue}" for queue in QUEUES)
# What is struck, and how often beside the others.
STRIKES = {
    "a web server": 3, "a process of a web server": 2,
    "worker-money": 3, "worker-feeds": 2, "worker-models": 1, "a process of a worker": 2,
    "beat": 2, "simulator": 1, "valkey": 3, "postgres": 3,
    "connections to valkey": 2, "messages in the queues": 2,
}  # fmt: skip
# Longer than the rule's `for`, by a scrape on either side.
HANGS = {"web server": ("WebAway", 150.0), "worker": ("WorkerAway", 210.0)}
# What no strike may cause: each would mean that something went wrong for good.
NEVER = (
    "BooksDoNotBalance", "BooksCheckFails", "AuditBroken", "OutboxGivesUp", "DiskFull",
    "DatabaseConnectionsRunOut", "TransactionOpenLong", "LocksWait", "JobFails", "OutboxWaits",
)  # fmt: skip


class Chaos:
    """Who was struck when, and how long until all was well."""

    def __init__(self, product: Deployed, seed: int) -> None:
        self.product = product
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.ready: dict[str, list[float]] = {}
        self.back: dict[str, list[float]] = {}
        self.windows: list[tuple[float, float]] = []
        self.hung: Counter[str] = Counter()
        # Who hangs: name, process, since when and until when.
        self.hanging: tuple[str, int, float, float] | None = None

    def rage(self, seconds: float, pause: float) -> None:
        """Strike at random, and let a worker and the web hang once in each twenty minutes."""
        begun = time.monotonic()
        turns = max(1, int(seconds / 1200))
        hangs = [
            (begun + seconds * (turn + share) / turns, who)
            for turn in range(turns)
            for share, who in ((0.1, "worker"), (0.6, "web server"))
        ]
        try:
            while time.monotonic() < begun + seconds:
                if self.hanging and time.monotonic() > self.hanging[3]:
                    self.resume()
                elif hangs and not self.hanging and time.monotonic() > hangs[0][0]:
                    self.hang(hangs.pop(0)[1])
                elif not (self.hanging and self.hanging[0] in WEBS):
                    self.strike()
                self.wait(min(self.rng.expovariate(1 / pause), 4 * pause))
            if self.hanging:
                self.wait(self.hanging[3] - time.monotonic())
        finally:
            self.resume()

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.product.look_after()
            time.sleep(0.2)  # noqa: TID251 - it watches processes

    def strike(self) -> None:
        """Kill somebody, and wait until all is well."""
        what = self.rng.choices(list(STRIKES), list(STRIKES.values()))[0]
        who = {
            "a web server": self.rng.choice(WEBS),
            "a process of a web server": self.rng.choice(WEBS),
            "a process of a worker": self.rng.choice(WORKERS),
            "connections to valkey": "valkey",
            "messages in the queues": "valkey",
        }.get(what, what)
        if self.hanging and who == self.hanging[0]:
            return
        begun, gone = time.monotonic(), self.product.pid(who)
        if what.startswith("a process of"):
            gone = self.rng.choice(children(gone) or [0])
            if gone:
                os.kill(gone, signal.SIGKILL)
        elif who == "valkey" and what != who:
            gone = 0
            self.rob_the_broker(what)
        elif who == "postgres":
            _kill_all(processes.working_in(Path(f"/proc/{gone}/cwd").readlink()))
        else:
            os.killpg(gone, signal.SIGKILL)
        self.see_it_back(what, who, gone, begun)

    def rob_the_broker(self, what: str) -> None:
        """Cut what talks to Valkey, or lose what waits there; rows are the queue, not messages."""
        with Redis.from_url(self.product.environment["REDIS_URL"]) as valkey:
            if what.startswith("messages"):
                valkey.delete(*QUEUES)
                return
            for kind in ("normal", "pubsub"):
                valkey.client_kill_filter(_type=kind, skipme=True)

    def see_it_back(self, what: str, who: str, gone: int, begun: float) -> None:
        ready = back = 0.0
        while not (ready and back):
            self.product.look_after()
            # Ready twice in a row: the first may be the last answer of who is dying.
            if not ready and self.serves() and self.serves():
                ready = time.monotonic()
            if not back and self.runs_anew(who, gone):
                back = time.monotonic()
            time.sleep(0.05)  # noqa: TID251 - it watches processes
            if time.monotonic() - begun > 180:
                raise SystemExit(f"{what}: not back within three minutes")
        self.ready.setdefault(what, []).append(ready - begun)
        self.back.setdefault(what, []).append(back - begun)
        self.windows.append((begun, max(ready, back)))
        print(f"{what}: ready after {ready - begun:.1f} s, back after {back - begun:.1f} s",
              file=sys.stderr)  # fmt: skip

    def serves(self) -> bool:
        """Tell whether the proxy has somebody to send people to."""
        return any(self.is_ready(web) for web in WEBS)

    def is_ready(self, web: str) -> bool:
        """Tell whether a web server and all behind it do their work, but for who hangs."""
        return self.product.is_ready(web, without=self.hanging[0] if self.hanging else "")

    def runs_anew(self, who: str, gone: int) -> bool:
        """Tell whether somebody does the work of who was killed."""
        pid = self.product.pid(who)
        if who in WORKERS:
            queue = who.partition("-")[2]
            try:
                Way("127.0.0.1", self.product.metrics_ports[queue]).ask("GET", "/metrics")
            except OSError:
                return False
            wanted = 1 if queue == "models" else 2
            return gone not in children(pid) and pid != gone and len(children(pid)) >= wanted
        if who in WEBS:
            return pid != gone and gone not in children(pid) and self.is_ready(who)
        return pid != gone

    def hang(self, who: str) -> None:
        """Stop somebody, who then seems to live, for longer than may go unnoticed."""
        name = self.rng.choice(WORKERS if who == "worker" else WEBS)
        alert, seconds = HANGS[who]
        begun, pid = time.monotonic(), self.product.pid(name)
        print(f"{name} hangs for {seconds:.0f} s", file=sys.stderr)
        os.killpg(pid, signal.SIGSTOP)
        self.hung[alert] += 1
        self.hanging = (name, pid, begun, begun + seconds)

    def resume(self) -> None:
        """Let it go on."""
        if self.hanging is None:
            return
        name, pid, begun, _ = self.hanging
        os.killpg(pid, signal.SIGCONT)
        self.hanging = None
        took = self.product.wait_until_ready(name if name in WEBS else WEBS[0])
        self.ready.setdefault(f"{name}, hung", []).append(took)
        if name in WEBS:
            self.windows.append((begun, time.monotonic()))


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--people", type=int, default=8, help="half bettors, half integrators")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two requests")
    parser.add_argument("--strike", type=float, default=10.0, help="seconds between two strikes")
    parser.add_argument("--port", type=int, default=0, help="the first of ten; 0: any free ones")
    asked = parser.parse_args()
    # Being told to stop ends it as an error does: nothing of it is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    receiver = Receiver()
    receiver.state = "well"
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{receiver.server_address[1]}"
    told = {
        "FAIRLINE_WEBHOOK_ORIGINS": origin,
        "FAIRLINE_ALERT_RETRY_SECONDS": "1",
        "FAIRLINE_PAPER_SEED": str(asked.seed),
        "FAIRLINE_PAPER_UNKNOWN": "0.05",
        "FAIRLINE_PAPER_PARTIAL": "0.05",
    }
    with deployed(first_port=asked.port, **told) as product:
        begun = time.monotonic()
        product.start(scenario="rough-day", rate=60.0, webs=2)
        say("from nothing to ready: database, past, model, all processes",
            time.monotonic() - begun, "s")  # fmt: skip
        people = product.make_people(asked.people, f"{origin}/")
        wrong = _chaos(asked, product, people, receiver)
        if wrong:
            product.keep_logs()
        return wrong


def _chaos(
    asked: argparse.Namespace, product: Deployed, people: list[Person], receiver: Receiver
) -> int:
    watch, chaos = Watch(product), Chaos(product, asked.seed)
    load = Load(product.start_proxy(), people, seed=asked.seed, pause=asked.pause)
    watch.start()
    load.start()
    begun = time.monotonic()
    chaos.wait(20)
    chaos.rage(60 * asked.minutes, asked.strike)
    load.stop()
    ended = time.monotonic()
    os.environ |= product.environment
    import evidence

    resting = until(lambda: (product.look_after(), evidence.at_rest())[1], "rest", 240)
    watch.done.set()
    watch.join(30)
    found = [
        *([] if resting else ["it did not come to rest"]),
        *evidence.order_faults(load.seen),
        *evidence.alert_faults(receiver.taken, receiver.told),
        *evidence.slot_faults(),
        *evidence.book_faults(),
        *load.seen.odd,
    ]
    fired = watch.fired()
    wrong = [f"{name} fired" for name in NEVER if name in fired]
    wrong += [f"{name} did not fire" for name in chaos.hung if name not in fired]
    for fault in [*found, *wrong][:60]:
        print(fault, file=sys.stderr)
    say("chaos under load", ended - begun, "s")
    for what, times in sorted(chaos.ready.items()):
        say(f"{what}: struck", len(times), "times")
        say(f"{what}: until a web server is ready, longest", max(times), "s", "goal", BACK_WITHIN)
        if what in chaos.back:
            say(f"{what}: until it works again itself, longest", max(chaos.back[what]), "s")
    late = sum(t > BACK_WITHIN for times in chaos.ready.values() for t in times)
    say("strikes after which it took longer than 10 s", late, "strikes", "goal", 0)
    calm = [f for f in load.seen.failures if not any(a <= f[0] <= b + 1 for a, b in chaos.windows)]
    for failure in Counter((name, why) for _, name, why in calm).most_common(10):
        print(f"failed in calm: {failure}", file=sys.stderr)
    say("requests", load.seen.asked, "requests")
    say("requests that failed while somebody was away", len(load.seen.failures) - len(calm),
        "requests")  # fmt: skip
    say("requests that failed while all was well", len(calm), "requests", "goal", 0)
    say("orders by key", len(load.seen.ended), "orders")
    say("orders repeated until answered", load.seen.repeats, "times")
    for what, number in {**evidence.tally(), **load.seen.streams}.items():
        say(what, number, "times")
    say("repeats of an alert the receiver took under one id",
        sum(receiver.taken.values()) - len(receiver.taken), "times")  # fmt: skip
    for name, minutes in fired.items():
        say(f"alert {name} fired", len(minutes), "minutes")
    say("alerts that fired and should not, or did not and should", len(wrong), "alerts", "goal", 0)
    say("orders, alerts, slots, books, audit: lost, double or wrong", len(found), "faults",
        "goal", 0)  # fmt: skip
    return 1 if found or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
