"""Bettors, integrators and listeners for Locust; bench/load.py starts it and says who they are."""

import http.client
import json
import os
import random
import time
from collections.abc import Callable
from itertools import count

from locust import FastHttpUser, User, constant_throughput, task
from traffic import PROXIED, Answer, Person, Talk, bettor, integrator

with open(os.environ["FAIRLINE_BENCH_PEOPLE"]) as lines:
    PEOPLE = [Person(**json.loads(line)) for line in lines]
LISTENERS = int(os.environ.get("FAIRLINE_BENCH_LISTENERS", "5"))
# Its client says itself which host it asks.
HEADERS = {name: value for name, value in PROXIED.items() if name != "Host"}
NUMBERS = count()


class Talker(FastHttpUser):
    abstract = True
    # Open as far as Locust can: who is answered late asks the next at once.
    wait_time = constant_throughput(1)
    network_timeout = connection_timeout = 30.0

    def begin(self, talk: Callable[[Person, random.Random], Talk]) -> None:
        number = next(NUMBERS)
        # Seeded by number: two runs at one rate ask the same.
        self.talk = talk(PEOPLE[number % len(PEOPLE)], random.Random(number))  # noqa: S311 - no secret
        self.asked = next(self.talk)

    @task
    def step(self) -> None:
        asked = self.asked
        with self.client.request(
            asked.method,
            asked.path,
            name=asked.name,
            data=asked.body,
            headers={**HEADERS, **asked.headers},
            catch_response=True,
            allow_redirects=False,
        ) as answer:
            if answer.status_code in asked.fine:
                answer.success()
            else:
                answer.failure(f"{answer.status_code}: {(answer.text or '')[-200:]}")
            self.asked = self.talk.send(Answer(answer.status_code, answer.text or ""))


class Bettor(Talker):
    def on_start(self) -> None:
        self.begin(bettor)


class Integrator(Talker):
    def on_start(self) -> None:
        self.begin(integrator)


class Listener(User):
    fixed_count = LISTENERS

    @task
    def listen(self) -> None:
        person = PEOPLE[next(NUMBERS) % len(PEOPLE)]
        begun, error = time.perf_counter(), None
        line = http.client.HTTPConnection(self.host.partition("//")[2], timeout=30)
        try:
            headers = {**PROXIED, "Cookie": person.cookie, "Accept": "text/event-stream"}
            line.request("GET", "/live/?topics=prices,bets", headers=headers)
            answer = line.getresponse()
            if answer.status != 200:
                error = RuntimeError(f"{answer.status}")
            self._tell(begun, error)
            while answer.readline():
                pass
        except OSError as broken:
            self._tell(begun, broken)
        finally:
            line.close()

    def _tell(self, begun: float, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="GET",
            name="stream /live/",
            response_time=1000 * (time.perf_counter() - begun),
            response_length=0,
            exception=error,
            context={},
        )
