"""What people and programs ask of the product, one request after another; nothing but Python.

A bettor opens pages, lets their parts refresh, and places a bet through the form; an integrator
reads lists over the API and places with an Idempotency-Key. Each yields requests and is sent the
answers, so that any client can carry them: threads of ours, Locust, or one that never gives up.
"""

import http.client
import json
import random
import re
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

HOST = "fairline.test"
# As a browser and the proxy before us send them.
PROXIED = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
PAGES = ("/", "/odds/", "/bets/", "/performance/", "/money/", "/risk/", "/journal/", "/strategies/")
PARTS = ("/", "/bets/", "/risk/limits-line/", "/journal/")
LISTS = ("opportunities", "bets", "events", "bankroll", "performance", "odds?page_size=50")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str

    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `name` is what its figures are counted under, `key` what makes it one."""

    method: str
    path: str
    name: str
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    fine: tuple[int, ...] = (200,)


Talk = Generator[Asked, Answer, None]


@dataclass
class Way:
    """How to reach a server: one connection a request, as a proxy without keep-alive."""

    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 30.0,
    ) -> Answer:
        """Return the answer.

        Raises:
            OSError: if there is none.
        """
        line = http.client.HTTPConnection(self.host, self.port, timeout=patience)
        try:
            line.request(
                method,
                path,
                body=None if body is None else body.encode(),
                headers={**PROXIED, **self.headers, **(headers or {})},
            )
            answer = line.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        except http.client.HTTPException as broken:
            raise ConnectionError(repr(broken)) from broken
        finally:
            line.close()


@dataclass(frozen=True, slots=True)
class Person:
    """A log-in and a key of somebody made for the bench."""

    name: str
    cookie: str
    csrf: str
    key: str
    bankroll: int


def bettor(person: Person, rng: random.Random) -> Talk:
    """Look around as people do, most of it reading, and stake now and then."""
    cookie = {"Cookie": person.cookie}
    htmx = {**cookie, "HX-Request": "true"}
    while True:
        path = rng.choice(PAGES)
        page = yield Asked("GET", path, f"page {path}", headers=cookie)
        for _ in range(rng.randint(1, 3)):
            part = rng.choice(PARTS)
            yield Asked("GET", part, f"part {part}", headers=htmx)
        if path != "/":
            continue
        offers = re.findall(r"opportunity=(\d+)", page.body)
        if not offers or rng.random() < 0.5:
            continue
        form = yield Asked(
            "GET",
            f"/bets/place/?opportunity={rng.choice(offers)}",
            "part /bets/place/",
            headers=htmx,
            # What was offered a moment ago may be gone.
            fine=(200, 404),
        )
        given = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form.body))
        given |= {"stake": f"{rng.randint(100, 400) / 100:.2f}", "venue": "paper"}
        if form.status != 200 or "price" not in given:
            continue
        given.pop("csrfmiddlewaretoken", None)
        yield Asked(
            "POST",
            "/bets/place/",
            "form /bets/place/",
            body="&".join(f"{name}={value}" for name, value in given.items()),
            headers={
                **htmx,
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": person.csrf,
                "Origin": f"https://{HOST}",
            },
            key=given["request_key"],
            fine=(201, 404, 422),
        )


def integrator(person: Person, rng: random.Random) -> Talk:
    """Poll lists as a bot does, and place what it finds; each order has a key of its own."""
    headers = {"X-Api-Key": person.key}
    while True:
        for name in rng.sample(LISTS, 3):
            yield Asked("GET", f"/api/v1/{name}", f"api {name.partition('?')[0]}", headers=headers)
        found = yield Asked(
            "GET", "/api/v1/opportunities?page_size=50", "api opportunities", headers=headers
        )
        rows = found.json()["results"] if found.status == 200 else []
        for row in rng.sample(rows, min(2, len(rows))):
            yield _order(
                "bets",
                "api place",
                {
                    "selection": row["selection"],
                    "bookmaker": row["bookmaker"],
                    "price": row["price"],
                    "stake": f"{rng.randint(100, 400) / 100:.2f}",
                    "opportunity": row["id"],
                },
                headers,
            )
        if rng.random() < 0.3:
            asked = {"kind": "deposit", "amount": f"{rng.randint(100, 900) / 100:.2f}"}
            yield _order(f"bankroll/{person.bankroll}/transfers", "api deposit", asked, headers)


def _order(path: str, name: str, asked: Mapping[str, object], headers: Mapping[str, str]) -> Asked:
    key = uuid.uuid4().hex
    return Asked(
        "POST",
        f"/api/v1/{path}",
        name,
        body=json.dumps(asked),
        headers={**headers, "Content-Type": "application/json", "Idempotency-Key": key},
        key=key,
        fine=(201, 202, 422),
    )
