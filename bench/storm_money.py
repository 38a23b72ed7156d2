"""A storm on the money path with everybody killed: `python bench/storm_money.py [OPERATIONS]`.

Eight writers and two workers on a private Postgres that keeps its promises (fsync); writers,
workers and every process of the database are ended by SIGKILL at random and started again. The
books are checked after each restart, and all that `tests/storm.py` demands at the end. Not a part
of `scripts/bench`: 20,000 operations take half an hour. Exits with 1 if anything is wrong.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from measured import say  # noqa: E402 - after the paths
from stack import processes  # noqa: E402 - after the paths
from stack.home import find_home  # noqa: E402 - after the paths
from stack.place import Place  # noqa: E402 - after the paths
from stack.postgres import Postgres  # noqa: E402 - after the paths

PAPER = {
    "FAIRLINE_PAPER_SEED": "5",
    "FAIRLINE_PAPER_LATENCY": "0",
    "FAIRLINE_PAPER_MOVED": "0.05",
    "FAIRLINE_PAPER_PARTIAL": "0.15",
    "FAIRLINE_PAPER_REJECTED": "0.05",
    "FAIRLINE_PAPER_UNKNOWN": "0.2",
}


WORKERS = ("work a", "work b")


class Storm:
    """The processes, and what was done to them."""

    def __init__(self, folder: Path, postgres: Postgres, seed: int, counts: list[int]) -> None:
        self.folder, self.postgres, self.seed, self.counts = folder, postgres, seed, counts
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.killed = {"writer": 0, "worker": 0, "database": 0}
        self.recovery: list[float] = []
        self.checked = 0

    def start(self, name: str) -> None:
        role, _, number = name.partition(" ")
        rest = [number, str(self.counts[int(number)])] if role == "write" else []
        arguments = [role, str(self.folder), str(self.seed), *rest]
        with (self.folder / "said.log").open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, "-m", "tests.storm", *arguments],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def writers(self) -> list[str]:
        """Return the writers that are not done; one that failed ends the storm."""
        left = []
        for name, process in self.running.items():
            code = process.poll()
            if code not in (None, 0, -signal.SIGKILL):
                raise SystemExit(
                    f"{name} failed:\n{(self.folder / 'said.log').read_text()[-4000:]}"
                )
            if code is None and name not in WORKERS:
                left.append(name)
        return left

    def rage(self, pause: float, *, until: float, check: Callable[[], list[Any]]) -> list[Any]:
        """Strike until all writers are done; return what was wrong after a database's restart."""
        found: list[Any] = []
        next_strike = time.monotonic() + pause
        while self.writers():
            time.sleep(0.2)  # noqa: TID251 - it watches processes
            if time.monotonic() > until:
                (self.folder / "enough").touch()
            if time.monotonic() < next_strike:
                continue
            struck = self.killed["database"]
            self.strike()
            next_strike = time.monotonic() + self.rng.expovariate(1 / pause)
            if self.killed["database"] > struck:
                found += check()
                self.checked += 1
        return found

    def strike(self) -> None:
        """Kill somebody, and start them again."""
        if self.rng.random() < 0.4:
            self.kill_the_database()
            return
        name = self.rng.choice([*self.writers(), *WORKERS])
        self.running[name].kill()
        self.running[name].wait()
        self.killed["worker" if name in WORKERS else "writer"] += 1
        self.start(name)

    def end(self) -> None:
        """Let nobody outlive the storm, however it ended."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def kill_the_database(self) -> None:
        for pid in processes.working_in(self.postgres.folder):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.postgres.child.wait()
        self.killed["database"] += 1
        begun = time.monotonic()
        self.postgres.start()
        self.recovery.append(time.monotonic() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", type=int, nargs="?", default=20_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=120.0, help="end then, done or not")
    parser.add_argument("--strike", type=float, default=6.0, help="seconds between, on average")
    asked = parser.parse_args()
    # Being told to stop ends it as an error does: nothing of it is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="fairline-storm-"))
    folder.chmod(0o755)
    # The environment that runs this holds the database's programs.
    venv = Path(sys.prefix)
    place = Place(var=folder / "var", root=venv.parent, venv_name=venv.name)
    place.prepare()
    home = find_home(place)
    postgres = Postgres(place, home, password="storm")  # noqa: S106 - gone in minutes
    postgres.start()
    try:
        return _storm(asked, folder, postgres)
    finally:
        postgres.stop()
        shutil.rmtree(folder)
        shutil.rmtree(home.folder, ignore_errors=True)


def _storm(asked: argparse.Namespace, folder: Path, postgres: Postgres) -> int:
    os.environ |= PAPER | {
        "DATABASE_URL": postgres.url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "CRITICAL",
    }
    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(manage, cwd=ROOT, check=True)  # noqa: S603 - ours
    import django

    django.setup()
    from betting.services.books import check_books
    from tests import storm

    storm.make_world(folder, owners=12)
    share, rest = divmod(asked.operations, asked.writers)
    counts = [share + (n < rest) for n in range(asked.writers)]
    made = Storm(folder, postgres, asked.seed, counts)
    begun = time.monotonic()
    try:
        for name in (*(f"write {n}" for n in range(asked.writers)), *WORKERS):
            made.start(name)
        found = made.rage(
            asked.strike,
            until=begun + 60 * asked.minutes,
            check=lambda: storm.until_it_answers(check_books),
        )
        took = time.monotonic() - begun
        done = storm.done_by(folder, asked.writers)
        (folder / "stop").touch()
        for name in WORKERS:
            made.running[name].wait()
        storm.until_it_answers(storm.come_to_rest, folder)
    finally:
        made.end()
    found += storm.faults(folder, seed=asked.seed, counts=done)
    for fault in found[:40]:
        print(fault, file=sys.stderr)
    say("operations under fire", sum(done), "operations")
    for who, times in made.killed.items():
        say(f"kill -9 of a {who}", times, "times")
    for what, number in storm.tally().items():
        say(what, number, "rows")
    for what, number in storm.outcomes(folder).items():
        say(f"operations, {what}", number, "times")
    say("checks of the books after a restart of the database", made.checked, "times")
    say("the database's recovery, longest", max(made.recovery, default=0.0), "s")
    say("what was wrong: money, bets, unknowns, books", len(found), "faults")
    say("operations a second, killed meanwhile", sum(done) / took, "1/s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
