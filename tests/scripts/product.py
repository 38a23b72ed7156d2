"""A real scripts/run in a process of its own, watched from outside."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE = 90.0


def until(condition: Callable[[], object], what: str, *, seconds: float = DEADLINE) -> object:
    """Return the condition's answer once it is truthy; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)
    return answer


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return an environment in which nothing but `var` is anybody's."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
        if name in os.environ
    }
    return kept | {"FAIRLINE_VAR": str(var), "FAIRLINE_DEMO": "0"} | more


def manage(var: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "manage", *arguments],
        env=environment(var, **more),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def shell(var: Path, script: str) -> subprocess.CompletedProcess[str]:
    return manage(var, "shell", "--no-imports", "--command", script)


def copy_of(var: Path, name: str) -> Path:
    """Copy a product's folder to one beside it: what takes longest is done once."""
    # shutil's copies are owned by whoever copies; Postgres opens none but its own.
    subprocess.run(["/bin/cp", "-a", var, var.parent / name], check=True)
    return var.parent / name


class Product:
    """scripts/run, from its start to its end."""

    def __init__(self, var: Path, **more: str) -> None:
        self.var = var
        self.out = var.parent / f"{var.name}.out"
        self.err = var.parent / f"{var.name}.err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [ROOT / "scripts" / "run"],
                env=environment(var, **more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def wait_until_up(self) -> str:
        """Return the address, once it was printed."""

        def address() -> str:
            assert self.process.poll() is None, self.told()
            found = re.search(r"Fairline is at (\S+)", self.out.read_text())
            return found[1] if found else ""

        return str(until(address, "the address"))

    def told(self) -> str:
        return self.err.read_text()

    def children(self) -> dict[str, int]:
        """Return the pid of everything that it keeps running."""
        state = self.var / "state"
        records = json.loads((state / "children.json").read_text())
        for server in ("postgres", "valkey"):
            records[server] = json.loads((state / f"{server}.json").read_text())
        return {name: record["pid"] for name, record in records.items()}

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


def of_this(var: Path) -> list[str]:
    """Return what still runs that belongs to a product: it carries `var` in its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and str(var).encode() in text and int(folder.name) != os.getpid():
            found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def status(address: str) -> int:
    """Return what a page answers, or 0 when nobody does."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return int(answer.status)
    except OSError:
        return 0
