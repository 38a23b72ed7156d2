"""How much two cores carry: `python bench/load.py --soak 30`.

Bettors (pages, htmx parts, forms), integrators (API lists, placing with Idempotency-Key) and
listeners (live streams) by Locust, on everything as deployed (bench/deployed.py), with the
simulated league playing. Its world goes sixty times as fast as ours, and what is due each minute is
done each five seconds; --clock 1 is how it is deployed. The rate rises until one request in twenty
takes half a second or one fails; then a soak at 70 % of the best, its memory, files and connections
watched. Locust runs from an environment of its own (requirements/bench.in): FAIRLINE_BENCH_PEERS or
--locust says where. It shares the machine's cores with what it measures.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import IO

from deployed import ROOT, Deployed, deployed  # first: it says where ours is
from measured import say

P95_BELOW = 500.0
SHARE = 0.7
# A rate counts as carried if so much of it was answered.
CARRIED = 0.9
SAMPLE_EVERY = 10.0


@dataclass(frozen=True)
class Step:
    """What one rate came to."""

    rate: float
    answered: float
    p50: float
    p95: float
    p99: float
    failures: int
    requests: int

    @property
    def is_carried(self) -> bool:
        return not self.failures and self.p95 < P95_BELOW and self.answered >= CARRIED * self.rate


@dataclass(frozen=True)
class Sample:
    """What the web server and the servers under it held at a moment."""

    at: float
    rss_mb: float
    files: int
    database: int
    valkey: int


def locust(
    program: str, product: Deployed, rate: int, seconds: float, said: IO[str]
) -> "subprocess.Popen[str]":
    """Start so many users, one request a second each.

    What it says at its end goes to a file: of a long run it is more than a pipe holds, and it would
    wait for ever to be read.
    """
    return subprocess.Popen(  # noqa: S603 - ours
        [program, "-f", "bench/load_users.py", "--headless", "--json", "--only-summary",
         "--users", str(rate + 5), "--spawn-rate", str(rate + 5), "--run-time", f"{seconds:.0f}s",
         "--reset-stats", "--stop-timeout", "5", "--loglevel", "ERROR",
         "--host", f"http://127.0.0.1:{product.webs['web-1']}"],
        cwd=ROOT, stdout=said, text=True,
        env=os.environ | {
            "FAIRLINE_BENCH_PEOPLE": str(product.place.state / "people.jsonl"),
            "PYTHONPATH": str(ROOT / "bench"),
        },
    )  # fmt: skip


def step_of(rate: int, seconds: float, said: str) -> Step:
    """Read what Locust says: histograms in ms, one an address."""
    entries = [each for each in json.loads(said) if not each["name"].startswith("stream")]
    times = sorted(
        (float(ms), number) for each in entries for ms, number in each["response_times"].items()
    )
    total = sum(number for _, number in times)
    slow = {
        each["name"]: _percentile(
            sorted((float(ms), n) for ms, n in each["response_times"].items()), 0.95
        )
        for each in entries
    }
    for each in entries:
        for_each = f"{each['num_requests']} requests, {each['num_failures']} failed"
        print(f"  {each['name']}: p95 {slow[each['name']]:.0f} ms, {for_each}", file=sys.stderr)
    failures = sum(each["num_failures"] for each in json.loads(said))
    return Step(
        rate, total / seconds, *(_percentile(times, share) for share in (0.5, 0.95, 0.99)),
        failures=failures, requests=total,
    )  # fmt: skip


def _percentile(times: list[tuple[float, int]], share: float) -> float:
    needed, passed = share * sum(number for _, number in times), 0
    for ms, number in times:
        passed += number
        if passed >= needed:
            return ms
    return 0.0


def carry(program: str, product: Deployed, rate: int, seconds: float) -> Step:
    """Ask at a rate for a while."""
    with tempfile.TemporaryFile("w+") as said:
        running = locust(program, product, rate, seconds, said)
        try:
            running.wait()
        finally:
            running.kill()
        said.seek(0)
        step = step_of(rate, seconds, said.read())
    print(f"{rate}/s: {step}", file=sys.stderr)
    return step


def rates(first: float, factor: float) -> Iterator[int]:
    """Yield rates that rise by a share, each once."""
    rising = (round(first * factor**number) for number in range(100))
    yield from (rate for rate, _ in groupby(rising))


def sample(product: Deployed, begun: float) -> Sample:
    """Read what is held, from /proc and from the servers themselves."""
    import psycopg
    from redis import Redis

    leader = product.pid("web-1")
    members = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _field(folder, "stat").rpartition(")")[2].split()[3:4] == [str(leader)]
    ]
    rss = files = 0
    for pid in members:
        for line in _field(Path(f"/proc/{pid}"), "smaps_rollup").splitlines():
            # Shared pages once: workers are forks of one that has read everything.
            rss += int(line.split()[1]) if line.startswith("Pss:") else 0
        try:
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except OSError:
            continue
    with psycopg.connect(product.environment["DATABASE_URL"]) as connection:
        (held,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        ).fetchone()
    with Redis.from_url(product.environment["REDIS_URL"]) as valkey:
        clients = valkey.info("clients")["connected_clients"]
    return Sample(time.monotonic() - begun, rss / 1024, files, held, clients)


def _field(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text()
    except OSError:
        return ""


def slope(samples: list[Sample], what: str) -> float:
    """Return how much it grows in a minute, by least squares over the last two thirds."""
    later = samples[len(samples) // 3 :]
    if len(later) < 2:
        return 0.0
    fit = statistics.linear_regression(
        [each.at / 60 for each in later], [getattr(each, what) for each in later]
    )
    return fit.slope


def soak(program: str, product: Deployed, rate: int, minutes: float) -> bool:
    """Ask at a rate for long; say what grew."""
    samples: list[Sample] = []
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        running = locust(program, product, rate, 60 * minutes, said)
        try:
            while running.poll() is None:
                samples.append(sample(product, begun))
                product.look_after()
                with suppress(subprocess.TimeoutExpired):
                    running.wait(SAMPLE_EVERY)
        finally:
            running.kill()
        said.seek(0)
        step = step_of(rate, 60 * minutes, said.read())
    say(f"soak at {rate}/s", minutes, "min")
    _tell("soak", step)
    say("soak: memory of the web server at the end", samples[-1].rss_mb, "MB")
    grown = slope(samples, "rss_mb")
    say("soak: growth of that memory after warm-up", grown, "MB/min", "goal", 1.0)
    for what in ("files", "database", "valkey"):
        early = max(getattr(each, what) for each in samples[: max(1, len(samples) // 3)])
        say(f"soak: {what} held, most in the first third", early, "held")
        say(f"soak: {what} held at the end", getattr(samples[-1], what), "held")
    return not step.failures and step.p95 < P95_BELOW and grown < 1.0


def _tell(what: str, step: Step) -> None:
    say(f"{what}: answered", step.answered, "1/s")
    say(f"{what}: p50", step.p50, "ms")
    say(f"{what}: p95", step.p95, "ms", "goal", P95_BELOW)
    say(f"{what}: p99", step.p99, "ms")
    say(f"{what}: requests", step.requests, "requests")
    say(f"{what}: failed", step.failures, "requests", "goal", 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=float, default=6.0, help="requests a second to begin at")
    parser.add_argument("--factor", type=float, default=1.25, help="each rate beside the last")
    parser.add_argument("--step", type=float, default=40.0, help="seconds at each rate")
    parser.add_argument(
        "--clock", type=float, default=60.0, help="how fast the world goes; 1: real"
    )
    parser.add_argument("--soak", type=float, default=30.0, help="minutes; 0: none")
    parser.add_argument("--port", type=int, default=0, help="the first of ten; 0: any free ones")
    parser.add_argument("--locust", default="", help="the program, if not beside the peers")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    peers = Path(os.environ.get("FAIRLINE_BENCH_PEERS", ROOT / ".venv-bench/bin/python"))
    program = asked.locust or str(peers.with_name("locust"))
    with deployed(first_port=asked.port) as product:
        product.start(rate=asked.clock)
        people = product.make_people(40)
        with (product.place.state / "people.jsonl").open("w") as lines:
            lines.writelines(json.dumps(asdict(person)) + "\n" for person in people)
        # Once round, so that no first request of a process is measured.
        carry(program, product, round(asked.first), 15.0)
        best = None
        for rate in rates(asked.first, asked.factor):
            step = carry(program, product, rate, asked.step)
            if not step.is_carried:
                say("the first rate that is too much", rate, "1/s")
                _tell("too much", step)
                break
            best = step
        if best is None:
            print("the first rate was too much already", file=sys.stderr)
            return 1
        say("load, the highest rate carried", best.rate, "1/s")
        _tell("load", best)
        fine = soak(program, product, max(1, int(SHARE * best.rate)), asked.soak) if asked.soak \
            else True  # fmt: skip
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
