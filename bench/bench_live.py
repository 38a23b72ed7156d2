"""Two hundred open pages while prices move: `python bench/bench_live.py`.

Fifty prices a second change, in five sweeps a second through the real services, and what they make
worth a bet is decided anew each second. Pages do as static/js/live.js has browsers do: they listen
to the topics they name, ask for their part again when one of them speaks, one request at a time and
at most as often as they are told; pages of prices are told them and what they come to and write
both at once. One of them is a page in Chromium, which is watched for when it shows each. Told: how
long after its commit a change was announced to a page, how long until the price was on it, until
what is fair by it and the edge were, and until the part that follows from it was; what the server
asked of the database; whether every page ends with the prices that are true.
The pages and the writer share the cores with what they measure; the load is printed.
"""

import argparse
import asyncio
import gzip
import html
import json
import os
import random
import re
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
# A loop runs in this thread; Django would take any query for an async one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

import psycopg  # noqa: E402 - after the set-up
from bench_ingest import KEY, answer, first_prices, parsed  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from django.utils import timezone  # noqa: E402 - after the set-up
from measured import say  # noqa: E402 - after the set-up
from playwright.async_api import async_playwright  # noqa: E402 - after the set-up
from redis.asyncio import Redis  # noqa: E402 - after the set-up

from accounts.live import Worth  # noqa: E402 - after the set-up
from accounts.live.streams import Signal, place, worth_told  # noqa: E402 - after the set-up
from accounts.showing.formats import price_text  # noqa: E402 - after the set-up
from betting.services.opportunities import refresh_opportunities  # noqa: E402 - after the set-up
from odds.models import Event, FeedRun  # noqa: E402 - after the set-up
from odds.services import ensure_partitions, record_sweep  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.live.serving import Server, cookie_of, environment, serving  # noqa: E402 - after

A_PERSON = 4
EVENTS, BOOKS = 100, 10
A_SWEEP, SWEEPS = 10, 5
# As live.js has it: what is told together, and how often a page asks at most.
TOGETHER, LEAST, STILL = 0.05, 1.0, 3
GOAL = 1.0
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# What a person has open: two in five the odds, the others what is theirs and one event.
KINDS = ("/odds/", "/", "/odds/", "event", "/bets/")
WATCHED = """() => {
  window.asked = []; let at = 0;
  document.addEventListener("htmx:before:request", () => { at = Date.now(); });
  document.addEventListener("htmx:after:swap", () => { window.asked.push([at, Date.now()]); });
  window.shown = [];
  new MutationObserver((seen) => {
    for (const each of seen) {
      const of = each.target.nodeType === 3 ? each.target.parentElement : each.target;
      const cell = of?.closest("[data-k], [data-w]");
      if (cell) window.shown.push([named(cell), text(cell), Date.now()]);
    }
  }).observe(odds, { characterData: true, childList: true, subtree: true });
  const named = (cell) => cell.dataset.w || cell.dataset.k.slice(1);
  const text = (cell) => cell.textContent.replace(/[▲▼]/, "");
  return [...odds.querySelectorAll("[data-k], [data-w]")].map((cell) => [named(cell), text(cell)]);
}"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was published: prices by quote, or what selections are worth by them."""

    id: str
    topics: frozenset[str]
    quotes: dict[str, float | None]
    fair: Mapping[str, Worth]

    @property
    def at(self) -> int:
        """Return when, in ms."""
        return place(self.id)[0]


def now_ms() -> float:
    """Return the moment as Valkey's ids say it."""
    return time.time() * 1000


@dataclass
class Page:
    """One open page: what it listens to, what it was told when, and what it asked when."""

    port: int
    cookie: str
    address: str
    topics: tuple[str, ...] = ()
    part: str = ""
    body: str = ""
    # (when, the id it was told last) and (asked, had it), in ms.
    told: list[tuple[float, str]] = field(default_factory=list)
    asked: list[tuple[float, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    is_open: bool = False
    is_told: tuple[str, ...] = ()
    pace: float = LEAST
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def live(self) -> None:
        """Open it, listen, and stay up to date until it is cancelled."""
        self.body = await self.ask(self.address)
        found = re.search(
            r'data-live="([^"]+)"\s+(?:data-told="([^"]+)"\s+data-prices="\w+"\s+)?'
            r'data-since="([^"]*)"\s+hx-get="([^"]+)"',
            self.body,
        )
        if found is None:
            raise SystemExit(f"{self.address} has no part that lives")
        named, told, since, self.part = found.groups()
        self.topics = tuple(named.split())
        self.is_told = tuple((told or "").split())
        dirty = asyncio.Event()
        listening = asyncio.create_task(self.listen(since, dirty))
        try:
            while True:
                await dirty.wait()
                await asyncio.sleep(TOGETHER)
                dirty.clear()
                begun = now_ms()
                self.body = await self.ask(self.part, htmx=True)
                self.asked.append((begun, now_ms()))
                took = (now_ms() - begun) / 1000
                await asyncio.sleep(max(self.pace - took, STILL * took))
        finally:
            listening.cancel()

    async def ask(self, address: str, *, htmx: bool = False) -> str:
        """Ask compressed, over one connection, and again over a new one where it was ended."""
        more = "HX-Request: true\r\n" if htmx else ""
        asked = (
            f"GET {address.replace('&amp;', '&')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Cookie: {self.cookie}\r\nAccept-Encoding: gzip\r\n{more}\r\n"
        ).encode()
        status = b""
        while not status:
            if self.line is None or self.line[0].at_eof():
                self.line = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.line
            with suppress(OSError):
                writer.write(asked)
                status = await reader.readline()
            if not status:
                self.line = None
        headers = await _headers(reader)
        if "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        else:
            body = b"".join([chunk async for chunk in _chunks(reader)])
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if b" 200 " not in status:
            self.faults.append(f"{address}: {status.decode().strip()}")
        return body.decode()

    async def listen(self, since: str, dirty: asyncio.Event) -> None:
        """Hear what changes, and come back where a stream ends."""
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            topics = ",".join((*self.topics, *self.is_told))
            writer.write(
                f"GET /live/?topics={topics}&since={since} HTTP/1.1\r\n"
                f"Host: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n".encode()
            )
            status = await reader.readline()
            if b" 200 " not in status:
                self.faults.append(f"/live/: {status.decode().strip()}")
                return
            await _headers(reader)
            self.is_open, name = True, ""
            async for chunk in _chunks(reader):
                for line in chunk.decode().splitlines():
                    kind, _, said = line.partition(": ")
                    name = said if kind == "event" else name
                    self.hear(name, kind, said, dirty)
                    since = said if kind == "id" else since

    def hear(self, name: str, kind: str, said: str, dirty: asyncio.Event) -> None:
        """Note one line of an event."""
        if kind == "event" and name in self.topics:
            dirty.set()
        elif kind == "data" and name == "pace":
            self.pace = float(json.loads(said)["seconds"])
        elif kind == "id":
            self.told.append((now_ms(), said))


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    found = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found


async def _chunks(reader: asyncio.StreamReader):  # noqa: ANN202
    while size := int(await reader.readline() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


# --- what changes


def fill() -> None:
    """List a league of a hundred events, three markets, ten bookmakers."""
    chance = random.Random(7)  # noqa: S311 - a fixed stream, no secret
    at = timezone.now()
    ensure_partitions([at, at + timedelta(days=20)])
    run = FeedRun.objects.create(provider="bench", kind="odds", subject=KEY, started_at=at)
    prices = first_prices(chance)[: EVENTS * BOOKS * 6]
    body = answer(prices, at, numbers=range(EVENTS), books=BOOKS, start=at + timedelta(hours=5))
    record_sweep(parsed(body, at), feed_run=run)
    refresh_opportunities(now=at)


def write(seconds: float) -> None:
    """Change so many prices in each of the sweeps of a second; decide anew once a second."""
    chance = random.Random(8)  # noqa: S311 - a fixed stream, no secret
    run = FeedRun.objects.latest("pk")
    start = Event.objects.latest("starts_at").starts_at
    listed = first_prices(random.Random(7))[: EVENTS * BOOKS * 6]  # noqa: S311 - as fill() did
    size, late, decided = BOOKS * 6, 0.0, 0.0
    begun = time.monotonic()
    for number in range(int(seconds * SWEEPS)):
        wait = begun + number / SWEEPS - time.monotonic()
        late = max(late, -wait)
        time.sleep(max(0.0, wait))  # noqa: TID251 - a provider's rhythm
        chosen = sorted(chance.sample(range(EVENTS), A_SWEEP))
        prices = []
        for event in chosen:
            which = event * size + chance.randrange(size)
            listed[which] = round(listed[which] + chance.choice((-0.01, 0.01)), 3)
            prices += listed[event * size : (event + 1) * size]
        at = datetime.now(UTC)
        body = answer(prices, at, numbers=chosen, books=BOOKS, start=start)
        counts = record_sweep(parsed(body, at), feed_run=run)
        if counts.new != A_SWEEP or counts.quarantined:
            raise SystemExit(f"not the sweep that was meant: {counts}")
        if number % SWEEPS == SWEEPS - 1:
            before = time.perf_counter()
            refresh_opportunities(now=datetime.now(UTC), competition_key=KEY)
            decided = max(decided, time.perf_counter() - before)
    say("the writer was late by at most", late, "s")
    say("deciding anew took at most", decided, "s")


# --- what is measured


async def watch(prefix: str, entries: list[Entry]) -> None:
    """Note every signal as it is published, with its topics and prices."""
    from django.conf import settings

    valkey, at = Redis.from_url(settings.REDIS_URL), "$"
    while True:
        for _, found in await valkey.xread({f"{prefix}:live": at}, count=500, block=1000):
            for entry, said in found:
                at = entry.decode()
                signal = Signal.read(entry, said)
                entries.append(Entry(at, signal.topics, signal.quotes or {}, signal.fair or {}))


async def connections(found: list[int]) -> None:
    """Count, each second, who is connected to the database."""
    from django.db import connection

    where = connection.get_connection_params()
    given = {name: where[name] for name in ("host", "port", "user", "password", "dbname")}
    async with await psycopg.AsyncConnection.connect(**given, autocommit=True) as line:
        while True:
            cursor = await line.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            found.append((await cursor.fetchone())[0])
            await asyncio.sleep(1)


def lags(page: Page, entries: list[Entry]) -> tuple[list[float], list[float], int]:
    """Return, in s, how long changes took to be announced and to be had; how many never were."""
    heard, had, never = [], [], 0
    told = [place(id_) for _, id_ in page.told]
    asked = [at for at, _ in page.asked]
    for entry in entries:
        if not entry.topics.intersection(page.topics):
            continue
        when = entry.at
        first, answer_ = bisect_left(told, place(entry.id)), bisect_left(asked, when)
        if first == len(told) or answer_ == len(asked):
            never += 1
            continue
        heard.append((page.told[first][0] - when) / 1000)
        had.append((page.asked[answer_][1] - when) / 1000)
    return heard, had, never


def written(shown: list[tuple[str, str, float]], on_page: list[str], entries: list[Entry]):  # noqa: ANN201
    """Return, in s, after how long Chromium showed each price of its page; how many it never did.

    A price that was followed by the next before it showed is one that never did: none should be.
    """
    at: dict[tuple[str, str], list[float]] = {}
    for key, text, when in shown:
        at.setdefault((key, text), []).append(when)
    found, never = [], 0
    for entry in entries:
        for key, price in entry.quotes.items():
            if key not in on_page or price is None:
                continue
            later = [each for each in at.get((key, price_text(price)), ()) if each >= entry.at - 5]
            never += not later
            found += [(min(later) - entry.at) / 1000] if later else []
    return found, never


def followed(name: str, shown: list[tuple[str, str, float]], on_page, entries: list[Entry]):  # noqa: ANN001, ANN201
    """Return the same of what follows from prices: since these were published, not it.

    What was overtaken within the time that it has is not missed, nor is what stands there already.
    """
    found, never = [], 0
    for key, told in words(name, on_page, entries).items():
        seen = [(0.0, on_page[key]), *((when, text) for of, text, when in shown if of == key)]
        for (at, text), (after, _) in zip(told, [*told[1:], (np.inf, "")], strict=True):
            stood = [each for when, each in seen if when < at - 5][-1]
            first = min((when for when, each in seen if each == text and when >= at - 5), default=0)
            if text != stood and 0 < first <= after + 1000 * GOAL:
                found.append((first - at) / 1000)
            else:
                never += text != stood and after - at > 1000 * GOAL
    return found, never


def words(name: str, on_page, entries: list[Entry]) -> dict[str, list[tuple[int, str]]]:  # noqa: ANN001
    """Return what each cell of that name was told, and when the prices were that it follows."""
    told: dict[str, list[tuple[int, str]]] = {}
    begun = 0
    for entry in entries:
        begun = entry.at if entry.quotes else begun
        for selection, worth in entry.fair.items():
            if (key := f"{selection}-{name}") in on_page:
                told.setdefault(key, []).append((begun, worth_told(worth, "decimal")[name]))
    return told


def prices_in(body: str) -> dict[str, str]:
    """Return every price that a page shows, by what it is the price of, and what they come to."""
    found = re.findall(r'data-[kw]="([^"]+)"[^>]*>(.*?)</t[dh]>', body, re.DOTALL)
    return {
        key: " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()) for key, text in found
    }


async def measure(
    server: Server, people: list[str], events: list[int], count: int, seconds: float
) -> int:
    """Open the pages, let prices move, and say what came of it."""
    port, entries, held = server.port, [], []
    pages = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        address = f"/events/{events[number % len(events)]}/" if kind == "event" else kind
        pages.append(Page(port, people[number // A_PERSON], address))
    background = [asyncio.create_task(connections(held))]
    await asyncio.sleep(1.5)
    idle = held[-1]
    tasks = []
    for page in pages:
        tasks.append(asyncio.create_task(page.live()))
        await asyncio.sleep(0.05)
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context()
        name, _, value = people[0].partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": server.url}])
        seen = await context.new_page()
        await seen.goto(f"{server.url}/odds/")
        on_page = dict(await seen.evaluate(WATCHED))
        while not all(page.is_open for page in pages):
            await asyncio.sleep(0.2)
            for task in tasks:
                if task.done():
                    task.result()
        background.append(asyncio.create_task(watch(server.prefix, entries)))
        await asyncio.sleep(3)
        for page in pages:
            page.asked.clear()
        writer = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--write", str(seconds), env=environment(server.prefix)
        )
        ended = await writer.wait()
        print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        # So long that the slowest has asked for its part once more.
        await asyncio.sleep(40)
        fresh = await pages[0].ask("/odds/?refresh=1", htmx=True)
        shown = await seen.inner_html("#odds")
        by_browser = Page(port, "", "/odds/", topics=("prices",))
        by_browser.asked = [tuple(each) for each in await seen.evaluate("window.asked")]
        by_browser.told = next(page.told for page in pages if page.address == "/odds/")
        mutations = await seen.evaluate("window.shown")
        late = {"price": written(mutations, on_page, entries)} | {
            name: followed(name, mutations, on_page, entries) for name in ("fair", "edge")
        }
        print("Chromium:", await seen.inner_text("[data-pause]"), file=sys.stderr)
        await browser.close()
    running = [*tasks, *background]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return ended or told(pages, by_browser, entries, seconds, held, idle, fresh, shown, late)


def tell_of_cells(late) -> None:  # noqa: ANN001
    """Say how soon Chromium's page showed what."""
    for name, (shows, missed) in late.items():
        what = f"of {name} that changed on Chromium's page"
        say(f"cells {what}", len(shows) + missed, "cells")
        for share in (50, 95, 99):
            say(f"{what}, shown after, p{share}", float(np.percentile(shows or [np.inf], share)),
                "s", *(("goal", GOAL) if share == 95 else ()))  # fmt: skip
        say(f"{what}, never shown", missed, "cells", "goal", 0)


def told(pages, browser, entries, seconds, held, idle, fresh, shown, late) -> int:  # noqa: ANN001
    """Say what was seen; return 1 if a goal is missed."""
    say("signals published", len(entries) / seconds, "1/s")
    heard, had, never = [], [], 0
    priced: list[float] = []
    by_kind: dict[str, list[float]] = {}
    for page in pages:
        one = lags(page, entries)
        heard += one[0]
        priced += one[0] if "quotes" in page.is_told else []
        had += one[1]
        never += one[2]
        kind = re.sub(r"[0-9]+", "N", page.address)
        by_kind.setdefault(kind, []).extend(one[1])
    say("parts asked for", sum(len(page.asked) for page in pages) / seconds, "1/s")
    for name, times in (
        ("announced to a page", heard),
        ("told with its price to a page of prices", priced),
        ("followed by its part", had),
    ):
        for share in (50, 95, 99):
            say(f"a change is {name} after, p{share}", float(np.percentile(times, share)), "s",
                *(("goal", GOAL) if share == 95 else ()))  # fmt: skip
    for kind, times in by_kind.items():
        if not times:
            # Nothing happened that it listens to: bets of one's own.
            continue
        say(f"in {kind}, p95", float(np.percentile(times, 95)), "s")
    _, had, lost = lags(browser, entries)
    tell_of_cells(late)
    say("its part follows, p95", float(np.percentile(had or [np.inf], 95)), "s", "goal", GOAL)
    say("changes that a page never heard of or asked for", never + lost, "changes", "goal", 0)
    true = prices_in(fresh)
    wrong = sum(prices_in(page.body) != true for page in pages if page.address == "/odds/")
    wrong += prices_in(shown) != true
    say(f"odds pages that do not end with the {len(true)} prices there are", wrong, "pages",
        "goal", 0)  # fmt: skip
    say("connections of the server to the database, most", max(held) - idle, "held")
    faults = [fault for page in pages for fault in page.faults]
    for fault in sorted(set(faults))[:5]:
        print(fault, file=sys.stderr)
    say("requests refused or failed", len(faults), "requests", "goal", 0)
    return int(bool(faults or wrong or never or not true))


def main() -> int:
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    read.add_argument("--seconds", type=float, default=60.0)
    read.add_argument("--pages", type=int, default=200)
    read.add_argument("--write", type=float, default=0.0, help="only change prices, for so long")
    asked = read.parse_args()
    if asked.write:
        write(asked.write)
        return 0
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        fill()
        people = []
        for number in range(-(-asked.pages // A_PERSON)):
            person = make.user(f"reader{number}")
            make.bankroll(person)
            people.append(cookie_of(person))
        events = list(Event.objects.order_by("starts_at", "pk").values_list("pk", flat=True))
        more = {"WEB_WORKERS": "2", "WEB_THREADS": "4", "DATABASE_POOL_SIZE": "4"}
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **more) as server:
            try:
                return asyncio.run(measure(server, people, events, asked.pages, asked.seconds))
            finally:
                server.stop()
    finally:
        runner.teardown_databases(databases)


if __name__ == "__main__":
    sys.exit(main())
