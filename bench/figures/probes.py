"""Figure 33: what each probe says of each outage, asked of real processes that were really stopped.

Everything as deployed (bench/deployed.py); gunicorn's command is that of scripts/run. What hangs
was sent SIGSTOP, what is gone SIGKILL. Each door is asked some times: one that waits too long does
so every time, a busy machine does not.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from deployed import Deployed, children, deployed
from figures.shared import Faults
from measured import say
from stack import processes

DOORS, TIMES, LONGEST = ("live", "ready", "start"), 5, 2.0
OK = dict.fromkeys(
    ("database", "cache", "feed", "worker money", "worker feeds", "worker models"), "ok"
)
HANGS = r"no answer within 1\.5 s|TimeoutError"
NO_SIGN = r"no worker of {} has reported for \d+ s"
# Of those that are asked of Valkey.
KEPT = ("cache", "worker money", "worker feeds", "worker models")
# What `ready` says by outage: status, word, and what differs from OK.
READY = {
    "all is well": (200, "ok", {}),
    "Postgres hangs": (503, "unavailable", dict.fromkeys(("database", "feed"), HANGS)),
    "Postgres is gone": (
        503, "unavailable", dict.fromkeys(("database", "feed"), "OperationalError"),
    ),
    "Valkey hangs": (200, "degraded", dict.fromkeys(KEPT, HANGS) | {"feed": f"ok|{HANGS}"}),
    "Valkey is gone": (200, "degraded", dict.fromkeys(KEPT, "ConnectionError")),
    "a worker is gone, another hangs": (
        200, "degraded",
        {"worker money": NO_SIGN.format("money"), "worker models": NO_SIGN.format("models")},
    ),
}  # fmt: skip


def run(*, small: bool, seed: int) -> int:
    """Bring it up, stop one thing after the other, and ask."""
    del seed
    faults = Faults()
    took: list[float] = []
    with deployed() as product:
        # No page is asked for.
        product._collect_static = lambda: None
        product.start()
        for outage in READY:
            if small and "worker" in outage:
                continue
            with stopped(product, outage):
                for door in DOORS:
                    took += ask(product, outage, door, faults)
            product.wait_until_ready()
    say("cells of the truth table that were asked, five times each", len(took) // TIMES, "cells")
    say("longest answer of a probe", max(took), "s")
    say("answers later than two seconds, of all", sum(t > LONGEST for t in took), "answers")
    return faults.said("cells that say otherwise, or never within two seconds")


def ask(product: Deployed, outage: str, door: str, faults: Faults) -> list[float]:
    """Ask a door some times; return how long each took."""
    took = []
    for _ in range(TIMES):
        begun = time.monotonic()
        answer = product.way().ask("GET", f"/health/{door}", patience=20.0)
        took.append(time.monotonic() - begun)
        wanted, differs = expected(outage, door)
        said = {"status": answer.status, "word": answer.json()["status"]}
        checks = answer.json().get("checks", {})
        is_right = said == wanted and checks.keys() == differs.keys()
        is_right = is_right and all(re.fullmatch(differs[name], checks[name]) for name in checks)
        faults.expect(bool(is_right), f"{outage}: {door}: {said} {checks}")
    faults.expect(min(took) <= LONGEST, f"{outage}: {door}: never within {LONGEST} s: {took}")
    return took


def expected(outage: str, door: str) -> tuple[dict[str, object], dict[str, str]]:
    """Return what a door says: status and word, and a pattern for each of its checks."""
    status, word, differs = READY[outage]
    if door == "live":
        return {"status": 200, "word": "ok"}, {}
    if door == "start":
        word = "ok" if status == 200 else word
        return {"status": status, "word": word}, {"database": differs.get("database", "ok")}
    return {"status": status, "word": word}, OK | differs


@contextmanager
def stopped(product: Deployed, outage: str) -> Iterator[None]:
    """Have something stopped for a while; what was killed is started again by whoever looks."""
    server = outage.split(maxsplit=1)[0].lower()
    if server in ("postgres", "valkey"):
        pids = everybody(product.pid(server))
        with signalled(pids, signal.SIGKILL if "gone" in outage else signal.SIGSTOP):
            yield
    elif "worker" in outage:
        money, models = (product.pid(f"worker-{queue}") for queue in ("money", "models"))
        with (
            signalled(everybody(money), signal.SIGKILL),
            signalled(everybody(models), signal.SIGSTOP),
        ):
            # Silence is told after ninety seconds.
            time.sleep(95)  # noqa: TID251 - it watches processes
            yield
    else:
        yield


def everybody(pid: int) -> list[int]:
    """Return a process and what it started, the oldest first: nobody starts what was killed."""
    return [pid, *children(pid)]


@contextmanager
def signalled(pids: list[int], what: signal.Signals) -> Iterator[None]:
    """Send a signal; let those go on that were told to stand still."""
    for pid in pids:
        os.kill(pid, what)
    if what == signal.SIGKILL:
        processes.wait_until(lambda: not any(processes.Process.of(pid) for pid in pids), 10.0)
    try:
        yield
    finally:
        if what == signal.SIGSTOP:
            for pid in pids:
                # Who hangs for minutes is killed by whoever watches it, and started again.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
