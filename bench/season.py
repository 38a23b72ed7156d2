"""Every page as a heavy user has it: `python bench/season.py`, on a season of real data.

Fills a database once (season_world.py, some minutes; named like that of DATABASE_URL with _season
behind it, kept for later runs) and then asks for every page that a link leads to, as the bettor of
20,000 bets and as an operator: server time through gunicorn, p95 of twenty asks; queries; bytes
over the wire and first contentful paint in a Chromium that has nothing yet. A page that misses a
goal is named, and the exit says so. Static files are collected and compressed as production has
them. Once in twenty seconds a page also notes that its reader is there: those six queries are no
page's own, and not counted. Times count on a machine that does little else: its load is printed.
FAIRLINE_SHARED_DATA says where the archive is, FAIRLINE_BENCH_CHANGES how many price changes
(default ten million), --only asks for addresses that begin so.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
HOME = os.environ.get("DATABASE_URL", "postgres://fairline@127.0.0.1:5432/fairline")
os.environ["DATABASE_URL"] = f"{HOME}_season"
# The world stands still at the season's last morning, so prices are as fresh in every run.
os.environ["FAIRLINE_CLOCK"] = f"{datetime.now(UTC).isoformat()}/2022-04-10T17:00:00+00:00/0.001"
# As django.test.Client calls the host it asks.
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,testserver"
os.environ.setdefault("LOG_LEVEL", "WARNING")

from bench import static_files  # noqa: E402 - after the path

os.environ["FAIRLINE_STATIC"] = str(static_files.place_of(ROOT))

import psycopg  # noqa: E402 - after its address

with psycopg.connect(HOME, autocommit=True) as connected:
    name = urlsplit(os.environ["DATABASE_URL"]).path[1:]
    if not connected.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connected.execute(f'CREATE DATABASE "{name}"')

import django  # noqa: E402 - after its address

django.setup()
# Playwright runs a loop in this thread; Django would take any query for an async one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

from django.core.management import call_command  # noqa: E402 - after the set-up
from django.test import Client  # noqa: E402 - after the set-up
from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - after the set-up

from accounts import clock  # noqa: E402 - after the set-up
from accounts.models import Role, User  # noqa: E402 - after the set-up
from accounts.scopes import rights_of  # noqa: E402 - after the set-up
from bench import season_world  # noqa: E402 - after the set-up
from betting.models import Bet  # noqa: E402 - after the set-up
from betting.services import bankrolls, ledger  # noqa: E402 - after the set-up
from betting.services.books import check_books  # noqa: E402 - after the set-up
from risk.models import Halt  # noqa: E402 - after the set-up
from risk.services import lift_halt  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.counting import counted_queries  # noqa: E402 - after the set-up
from tests.journeys.used import press  # noqa: E402 - after the set-up
from tests.journeys.walking import page_of, walk  # noqa: E402 - after the set-up
from tests.live.serving import Server, cookie_of, serving  # noqa: E402 - after the set-up

CHANGES = int(os.environ.get("FAIRLINE_BENCH_CHANGES", "10000000"))
ARCHIVE = Path(os.environ.get("FAIRLINE_SHARED_DATA", ROOT.parent / "shared" / "data"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
BETTOR, OPERATOR = "bettor", "olivia"
# What the operator alone does: models, invitations, everybody's kill switch.
OPERATORS = ("/models/", "/invitations/", "/risk/kill-switch/", "/risk/lock/")
# What people write: in fields of at least so many characters sentences, in shorter ones names.
A_SENTENCE = 200
NAMES = (
    "Spring", "Away sides", "Second nights", "Road trips", "Rested teams", "Line shopping",
    "Mornings", "Small stakes", "Late lines", "Home stands", "Totals", "Short weeks",
)  # fmt: skip
SENTENCES = (
    "Injury news was not in the prices yet; they were checked by hand.",
    "Two bookmakers disagree on this league; it waits until the lines agree again.",
    "The line moved on the news of the morning.",
    "A test of the drill for the next season.",
    "Back-to-backs were priced too low in March; worth a look each week.",
)
ASKED = 20
# Server ms at p95, queries, KB over the wire, ms to the first paint.
GOALS = (150.0, 12, 200.0, 1000.0)
FIRST_PAINT = """() => new Promise((tell) => new PerformanceObserver((seen) => {
  const found = seen.getEntriesByName("first-contentful-paint");
  if (found.length) tell(found[0].startTime);
}).observe({ type: "paint", buffered: true }))"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one page cost one reader."""

    who: str
    address: str
    server: float
    queries: int
    kilobytes: float
    paint: float

    @property
    def misses(self) -> bool:
        """Whether it is over any goal."""
        figures = (self.server, self.queries, self.kilobytes, self.paint)
        return any(figure > goal for figure, goal in zip(figures, GOALS, strict=True))


def prepared() -> None:
    """Make sure that the season is there and that its books balance."""
    call_command("migrate", verbosity=0)
    static_files.collected(ROOT, _collect)
    if not Bet.objects.exists():
        bettor = _person(BETTOR, Role.BETTOR, season_world.FIRST)
        season_world.fill(
            bettor, bettor.bankrolls.get(), ARCHIVE, changes=CHANGES, bets=season_world.BETS
        )
    if not User.objects.filter(username=OPERATOR).exists():
        operator = _person(OPERATOR, Role.ADMIN, season_world.MOMENT)
        make.authenticator_app(operator)
        word = _words()
        press(operator, word)
        press(User.objects.get(username=BETTOR), word, but=OPERATORS)
        for halt in Halt.objects.filter(lifted_at=None):
            lift_halt(halt_id=halt.pk, reason="The benchmark goes on.", now=clock.now())
    if problems := check_books():
        raise SystemExit(f"the books do not balance: {problems[:3]}")


def _collect(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"],
        cwd=ROOT, env=os.environ | {"FAIRLINE_STATIC": str(folder)}, check=True,
    )  # fmt: skip


def _person(name: str, role: str, since: datetime) -> User:
    made = make.user(name, **rights_of(role))
    opened = bankrolls.open_bankroll(made.pk, "Main", "EUR", since)
    ledger.move_money(
        "deposit", bankroll_id=opened.pk, amount=season_world.DEPOSIT, reference="start", now=since
    )
    return made


def _words() -> Callable[[int], str]:
    """Return what people write, names and sentences, no two alike."""
    names, sentences = _unlike(NAMES), _unlike(SENTENCES)
    return lambda longest: next(names if longest < A_SENTENCE else sentences)[:longest]


def _unlike(texts: tuple[str, ...]) -> Iterator[str]:
    yield from texts
    yield from (f"{text} ({n})" for n in count(2) for text in texts)


@contextmanager
def served() -> Iterator[Server]:
    """Serve the season as the product is served, two processes for two cores."""
    with tempfile.TemporaryDirectory() as folder:
        more = {"WEB_WORKERS": "2", "DATABASE_POOL_SIZE": "4"}
        with serving(Path(folder), **more) as server:
            yield server


def addresses(client: Client) -> list[str]:
    """Return every page, tab and step of the tour that links lead this reader to."""
    found: list[str] = []

    def visit(address: str) -> str:
        page = page_of(client.get(address))
        # Parts of pages have addresses of their own.
        if "<html" in page:
            found.append(address)
        return page

    walk(visit)
    walk(visit, "/?tour=1")
    return list(dict.fromkeys(found))


def server_times(server: Server, who: User, address: str) -> float:
    """Return the p95 of asking for a page, over one connection that stays open."""
    ask, times = server.asking(who), []
    for n in range(ASKED + 1):
        begun = time.perf_counter()
        ask(address)
        if n:
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.quantiles(times, n=100, method="inclusive")[94]


def query_count(client: Client, address: str) -> int:
    """Return how many queries a page takes when nothing kept serves it, those of arrays too."""
    address = f"{address}{'&' if '?' in address else '?'}refresh=1"
    # The first notes that somebody is there.
    client.get(address)
    with counted_queries() as asked:
        client.get(address)
    return len(asked)


def cold(browser: Browser, server: Server, who: User, address: str) -> tuple[float, float]:
    """Return the KB that a browser without anything fetches for a page, and its first paint."""
    # What the offline shell fetches beside it, a page does not wait for.
    context = browser.new_context(service_workers="block", viewport={"width": 1440, "height": 900})
    try:
        cookie, _, value = cookie_of(who).partition("=")
        context.add_cookies([{"name": cookie, "value": value, "url": server.url}])
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[float] = []
        wire.on("Network.loadingFinished", lambda got: sizes.append(got["encodedDataLength"]))
        page.goto(server.url + address)
        painted = page.evaluate(FIRST_PAINT)
        page.wait_for_timeout(150)
        return sum(sizes) / 1024, painted
    finally:
        context.close()


def main() -> None:
    """Measure every page for both, print a line each and what misses."""
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    read.add_argument("--only", default="", help="addresses that begin so")
    only = read.parse_args().only
    prepared()
    seen: list[Seen] = []
    with served() as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        print(f"load {Path('/proc/loadavg').read_text().split()[0]}, goals {GOALS}")
        print(f"{'reader':8}  {'ms':>6} {'queries':>7} {'KB':>6} {'paint':>6}  page")
        for name in (BETTOR, OPERATOR):
            who = User.objects.get(username=name)
            client = Client()
            client.force_login(who)
            client.get("/")
            for address in addresses(client):
                if not address.startswith(only):
                    continue
                one = Seen(
                    name, address, server_times(server, who, address),
                    query_count(client, address), *cold(browser, server, who, address),
                )  # fmt: skip
                seen.append(one)
                print(
                    f"{name:8}  {one.server:6.0f} {one.queries:7} {one.kilobytes:6.0f}"
                    f" {one.paint:6.0f}  {address}{'  MISSES' if one.misses else ''}",
                    flush=True,
                )
        browser.close()
    missed = [each for each in seen if each.misses]
    print(f"{len(seen)} pages, {len(missed)} miss a goal; load {os.getloadavg()[0]:.1f}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
