"""One order, many times at once, and web servers killed under it: `python bench/storm_web.py`.

On everything as deployed (bench/deployed.py): 200 identical placements at once for each of five
keys; then 1,000 keys from sixteen clients that repeat until they are answered, while processes of
the web server are ended by SIGKILL. Each key must leave one bet, each repeat the first answer's
body. Exits with 1 if one does not.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from deployed import Deployed, children, deployed  # first: it says where ours is
from load_threads import AGAIN
from measured import say
from traffic import Answer, Person, Way

KEYS, TIMES, ORDERS, CLIENTS = 5, 200, 1000, 16


class Orders:
    """Places on what is offered, under keys of our own; each repeats until answered."""

    def __init__(self, way: Way, person: Person) -> None:
        self.way, self.person = way, person
        self.headers = {"X-Api-Key": person.key, "Content-Type": "application/json"}
        offered = self.ask("GET", "opportunities?recommended=true&page_size=50")
        self.offers = offered.json()["results"]
        self.tries = self.failures = 0

    def ask(self, method: str, path: str, body: str | None = None, key: str = "") -> Answer:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.way.ask(method, f"/api/v1/{path}", body=body, headers=headers)

    def place(self, key: str, number: int) -> Answer:
        row = self.offers[number % len(self.offers)]
        asked = {name: row[name] for name in ("selection", "bookmaker", "price")}
        body = json.dumps({**asked, "opportunity": row["id"], "stake": "1.00"})
        while True:
            self.tries += 1
            try:
                answer = self.ask("POST", "bets", body, key)
                if answer.status not in AGAIN:
                    return answer
            except OSError:
                pass
            self.failures += 1
            time.sleep(0.1)  # noqa: TID251 - a client's pause


def identical(orders: Orders) -> tuple[int, int]:
    """Place the same at once; return how many keys had one body, and how many answers were 5xx."""
    one = 0
    statuses: Counter[int] = Counter()
    with ThreadPoolExecutor(TIMES) as pool:
        for number in range(KEYS):
            gate = threading.Barrier(TIMES)

            def ask(_: int, gate: threading.Barrier = gate, number: int = number) -> Answer:
                gate.wait()
                return orders.place(f"same-{number}", number)

            answers = list(pool.map(ask, range(TIMES)))
            statuses.update(answer.status for answer in answers)
            one += len({answer.body for answer in answers}) == 1
            if answers[0].status >= 400:
                print(answers[0].body, file=sys.stderr)
    print(f"identical: {dict(statuses)}", file=sys.stderr)
    return one, sum(times for status, times in statuses.items() if status >= 500)


def killed(product: Deployed, orders: Orders, kills: int) -> tuple[Counter[int], int]:
    """Place a thousand while the web's processes die; return what was answered, and the kills."""
    rng = random.Random(3)  # noqa: S311 - no secret
    told: Counter[int] = Counter()
    guard, numbers, done = threading.Lock(), itertools.count(), threading.Event()
    struck = 0

    def client() -> None:
        while (number := next(numbers)) < ORDERS or not done.is_set():
            answer = orders.place(f"storm-{number}", number)
            with guard:
                told[answer.status] += 1

    threads = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while struck < kills:
        if living := children(product.pid("web-1")):
            os.kill(rng.choice(living), signal.SIGKILL)
            struck += 1
        product.look_after()
        time.sleep(rng.uniform(0.2, 1.0))  # noqa: TID251 - between two kills
    done.set()
    for thread in threads:
        thread.join(300)
    return told, struck


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--port", type=int, default=0, help="the first of ten; 0: any free ones")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with deployed(first_port=asked.port) as product:
        # At the real pace: what is offered now is offered to the end.
        product.start(rate=1.0)
        (person,) = product.make_people(1)
        way = product.way()
        while not way.ask("GET", "/api/v1/opportunities", headers={"X-Api-Key": person.key}).json()[
            "results"
        ]:
            product.look_after()
            time.sleep(1)  # noqa: TID251 - the first round of prices
        orders = Orders(way, person)
        begun = time.monotonic()
        one, broken = identical(orders)
        say("identical placements at once", KEYS * TIMES, "requests")
        say("their time", time.monotonic() - begun, "s")
        say("keys with one body in all answers", one, "keys", "goal", KEYS)
        say("answers of 500 and above", broken, "answers", "goal", 0)
        begun = time.monotonic()
        told, struck = killed(product, orders, asked.kills)
        say("kill -9 of a web process", struck, "times", "goal", 50)
        say("keys sent meanwhile", sum(told.values()), "keys", "goal", ORDERS)
        say("their time", time.monotonic() - begun, "s")
        say("requests repeated", orders.failures, "requests")
        print(f"answered: {dict(told)}", file=sys.stderr)
        os.environ |= product.environment
        import evidence

        rows = Counter(
            evidence.Bet.objects.filter(owner__username="bettor0")
            .values_list("request_key", flat=True)
        )  # fmt: skip
        faults = list(evidence.book_faults())
    for fault in faults:
        print(fault, file=sys.stderr)
    wanted = told[201] + told[202] + KEYS
    say("bets", len(rows), "bets", "confirmed", wanted)
    say("bets of a key that has two", sum(n > 1 for n in rows.values()), "bets", "goal", 0)
    say("books and audit", len(faults), "faults", "goal", 0)
    fine = one == KEYS and not broken and len(rows) == wanted and not faults
    return 0 if fine and max(rows.values()) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
