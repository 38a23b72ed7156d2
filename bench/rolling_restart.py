"""A new release while people work: `python bench/rolling_restart.py`.

20 requests a second, none of them repeated, on everything as deployed (bench/deployed.py), while
one of two web servers is replaced, five times: first as Kubernetes does it with deploy/kubernetes
(the next is ready before the last is told to stop), then as compose does it
on one host (each in its turn is stopped and started behind deploy/compose/Caddyfile). No request
may fail, no order be lost or double. Exits with 1 if one is.
"""

import argparse
import itertools
import os
import queue
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import yaml
from deployed import ROOT, Deployed, deployed  # first: it says where ours is
from load_threads import Seen
from measured import say
from traffic import Person, Talk, Way, bettor, integrator

RATE, RESTARTS, REQUESTS = 20, 5, 1200
# deploy/kubernetes/base/web.yaml: preStop.
STOPS_AFTER = 5.0
# Until every node of a cluster knows that an address is gone.
TELLING = 1.0


class Balancer:
    """Sends each request to one of those that are ready, over a connection of its own."""

    def __init__(self) -> None:
        self.ways: list[Way] = []
        self._next = itertools.count()

    def way(self) -> Way:
        ways = list(self.ways)
        return ways[next(self._next) % len(ways)]


class Flow:
    """So many requests a second, whether the last was answered or not."""

    def __init__(self, way: Callable[[], Way], people: list[Person], rng: random.Random) -> None:
        self.way = way
        self.seen = Seen()
        self.times: list[float] = []
        self.talks: queue.SimpleQueue[tuple] = queue.SimpleQueue()
        for number, person in enumerate(people):
            own = random.Random(rng.random())  # noqa: S311 - no secret
            # Mostly programs: twenty pages a second are more than two cores draw.
            self._begin(person, bettor if number % 8 == 0 else integrator, own)
        self.enough = threading.Event()

    def _begin(self, person: Person, kind: Callable[..., Talk], rng: random.Random) -> None:
        talk = kind(person, rng)
        self.talks.put((person, kind, rng, talk, next(talk)))

    def run(self) -> None:
        begun = time.monotonic()
        with ThreadPoolExecutor(64) as pool:
            for number in itertools.count():
                if self.enough.is_set():
                    pool.shutdown(wait=True, cancel_futures=True)
                    return
                pool.submit(self._one)
                time.sleep(max(0.0, begun + (number + 1) / RATE - time.monotonic()))  # noqa: TID251

    def _one(self) -> None:
        person, kind, rng, talk, asked = self.talks.get()
        begun = time.monotonic()
        if asked.key:
            # Sent, whatever comes of it.
            self.seen.ended[asked.key] = (person.name, asked.name, 0, "")
        try:
            answer = self.way().ask(
                asked.method, asked.path, body=asked.body, headers=asked.headers, patience=60.0
            )
            fault = "" if answer.status in asked.fine else f"{answer.status} {answer.body[-200:]}"
        except OSError as error:
            answer, fault = None, repr(error)
        with self.seen.guard:
            self.seen.asked += 1
            self.times.append(time.monotonic() - begun)
            if fault:
                self.seen.failures.append((begun, asked.name, fault))
            if asked.key and answer:
                told = (person.name, asked.name, answer.status, answer.body)
                self.seen.ended[asked.key] = told
        if answer:
            self.talks.put((person, kind, rng, talk, talk.send(answer)))
        else:
            self._begin(person, kind, rng)


def surge(product: Deployed, balancer: Balancer, number: int) -> float:
    """Replace one of two servers: the next one first."""
    begun = time.monotonic()
    old = sorted(product.webs, key=lambda name: int(name.partition("-")[2]))[0]
    new = f"web-{number + 10}"
    product.start_web(new)
    product.wait_until_ready(new)
    balancer.ways.append(product.way(new))
    gone = product.way(old)
    time.sleep(TELLING)  # noqa: TID251 - as a cluster does
    balancer.ways.remove(gone)
    time.sleep(STOPS_AFTER - TELLING)  # noqa: TID251 - as preStop does
    product.stop_web(old)
    return time.monotonic() - begun


def in_turn(product: Deployed, _balancer: object, number: int) -> float:
    """Stop one of two servers, and start the next on the same address, as `up --wait` does."""
    begun = time.monotonic()
    name = f"web-{number % 2 + 1}"
    product.stop_web(name, keep=True)
    product.start_web(name)
    product.wait_until_ready(name)
    return time.monotonic() - begun


def restarts(
    what: str,
    product: Deployed,
    people: list[Person],
    replace: Callable[[Deployed, Balancer, int], float],
    balancer: Balancer,
) -> Flow:
    """Let requests flow, restart five times, and say what came of it."""
    flow = Flow(balancer.way, people, random.Random(what))  # noqa: S311 - no secret
    flowing = threading.Thread(target=flow.run, daemon=True)
    begun = time.monotonic()
    flowing.start()
    time.sleep(3)  # noqa: TID251 - some before the first
    took = [replace(product, balancer, number) for number in range(RESTARTS)]
    while flow.seen.asked < REQUESTS:
        product.look_after()
        time.sleep(0.2)  # noqa: TID251 - it watches processes
    lasted = time.monotonic() - begun
    flow.enough.set()
    flowing.join(120)
    say(f"{what}: restarts", len(took), "restarts")
    say(f"{what}: one restart, longest", max(took), "s")
    say(f"{what}: requests at {RATE}/s, none repeated", flow.seen.asked, "requests")
    say(f"{what}: of them a second, answered", flow.seen.asked / lasted, "1/s", "asked", RATE)
    say(f"{what}: longest a request waited", max(flow.times), "s")
    say(f"{what}: requests that failed", len(flow.seen.failures), "requests", "goal", 0)
    for fault in Counter((name, why[:120]) for _, name, why in flow.seen.failures).most_common(9):
        print(f"{what}: {fault}", file=sys.stderr)
    return flow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first; 0: any free ones")
    parser.add_argument("--only", choices=("kubernetes", "compose"), default="")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    flows = []
    with deployed(first_port=asked.port) as product:
        product.start(rate=60.0, webs=2)
        people = product.make_people(40)
        os.environ |= product.environment
        import evidence

        if asked.only != "compose":
            balancer = Balancer()
            balancer.ways = [product.way("web-1"), product.way("web-2")]
            product.wait_until_ready("web-2")
            flows.append(restarts("as Kubernetes", product, people, surge, balancer))
        if asked.only != "kubernetes":
            for name in list(product.webs):
                product.stop_web(name)
            compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
            told = compose["services"]["web-a"]["environment"]
            product.environment["WEB_STOPS_AFTER"] = told["WEB_STOPS_AFTER"]
            for name in ("web-1", "web-2"):
                product.start_web(name)
                product.wait_until_ready(name)
            balancer = Balancer()
            balancer.ways = [product.start_proxy()]
            flows.append(restarts("as compose", product, people, in_turn, balancer))
        seen = Seen()
        for flow in flows:
            seen.ended |= flow.seen.ended
        found = [*evidence.order_faults(seen), *evidence.book_faults()]
    for fault in found[:40]:
        print(fault, file=sys.stderr)
    say("orders by key", len(seen.ended), "orders")
    say("orders lost or double, books, audit", len(found), "faults", "goal", 0)
    return 1 if found or any(flow.seen.failures for flow in flows) else 0


if __name__ == "__main__":
    sys.exit(main())
