"""Load that never gives up: threads that repeat what was not answered, under the same key."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from traffic import Answer, Asked, Person, Talk, Way, bettor, integrator

# Answers after which the same is asked again: nobody knows yet, or not now.
AGAIN = {409, 429, 500, 502, 503, 504}


@dataclass
class Seen:
    """What all threads saw: how each key ended, and each failure with its moment."""

    guard: threading.Lock = field(default_factory=threading.Lock)
    ended: dict[str, tuple[str, str, int, str]] = field(default_factory=dict)
    failures: list[tuple[float, str, str]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    asked: int = 0
    repeats: int = 0
    streams: Counter = field(default_factory=Counter)


class Load:
    """So many bettors, integrators and listeners, each asking so often."""

    def __init__(self, way: Way, people: list[Person], *, seed: int, pause: float) -> None:
        self.way, self.pause = way, pause
        self.seen = Seen()
        self.enough = threading.Event()
        self.threads = []
        for number, person in enumerate(people):
            rng = random.Random(f"{seed}:{person.name}")  # noqa: S311 - no secret
            talk = (bettor, integrator)[number % 2](person, rng)
            self._thread(self._talk, talk, person, rng)
        for person in people[:2]:
            self._thread(self._listen, person)

    def _thread(self, run, *arguments) -> None:  # noqa: ANN001, ANN002 - ours
        self.threads.append(threading.Thread(target=run, args=arguments, daemon=True))

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it asked: a key without an end proves nothing."""
        self.enough.set()
        for thread in self.threads:
            thread.join(60)

    def _talk(self, talk: Talk, person: Person, rng: random.Random) -> None:
        asked = next(talk)
        while not self.enough.is_set():
            answer = self._answered(asked)
            with self.seen.guard:
                if asked.key:
                    kept = (person.name, asked.name, answer.status, answer.body)
                    self.seen.ended[asked.key] = kept
                if answer.status and answer.status not in {*asked.fine, *AGAIN}:
                    told = f"{asked.method} {asked.path}: {answer.status} {answer.body[-300:]}"
                    self.seen.odd.append(told)
            asked = talk.send(answer)
            self.enough.wait(rng.expovariate(1 / self.pause))

    def _answered(self, asked: Asked) -> Answer:
        tries = 0
        while True:
            tries += 1
            try:
                answer = self.way.ask(
                    asked.method, asked.path, body=asked.body, headers=asked.headers
                )
                why = f"{answer.status}" if answer.status in AGAIN else ""
            except OSError as error:
                answer, why = Answer(0, ""), type(error).__name__
            with self.seen.guard:
                self.seen.asked += 1
                self.seen.repeats += tries > 1
                if why:
                    self.seen.failures.append((time.monotonic(), asked.name, why))
            # Whoever only reads asks anew; an order is repeated until somebody says what became
            # of it.
            if not why or not asked.key:
                return answer
            time.sleep(0.5)  # noqa: TID251 - it is a client's pause

    def _listen(self, person: Person) -> None:
        import http.client

        from traffic import PROXIED

        while not self.enough.is_set():
            line = http.client.HTTPConnection(self.way.host, self.way.port, timeout=30)
            try:
                headers = {**PROXIED, "Cookie": person.cookie, "Accept": "text/event-stream"}
                line.request("GET", "/live/?topics=prices,bets", headers=headers)
                answer = line.getresponse()
                self.seen.streams["opened" if answer.status == 200 else "refused"] += 1
                while not self.enough.is_set() and (said := answer.readline()):
                    self.seen.streams["signals"] += said.startswith(b"event: ")
            except (OSError, http.client.HTTPException):
                self.seen.streams["broken"] += 1
            finally:
                line.close()
            self.enough.wait(1.0)
