"""Processes that may outlive their starter: known by pid and start time, never by pid alone."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_POLL = 0.05


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


@dataclass(frozen=True)
class Process:
    """One process, also after its number was given to another."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Return the process running under this number now; a zombie does not run."""
        started = _start_of(pid)
        return cls(pid, started) if started else None

    @classmethod
    def recorded(cls, record: dict[str, Any]) -> "Process | None":
        """Return the process a record names, if it still runs."""
        if not isinstance(record.get("pid"), int):
            return None
        known = cls(record["pid"], str(record.get("started")))
        return known if known.runs() else None

    def runs(self) -> bool:
        """Tell whether it is still there."""
        return _start_of(self.pid) == self.started

    def stop(self, steps: Iterable[tuple[signal.Signals, float]]) -> bool:
        """Send each signal in turn until it is gone, waiting so many seconds after each."""
        for number, seconds in steps:
            if not self.runs():
                return True
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return True
            if wait_until(lambda: not self.runs(), seconds):
                return True
        return not self.runs()


def kill_group(leader: int) -> None:
    """End whatever a process left behind in its group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def members_of_session(leader: int, *, command_contains: str) -> list[int]:
    """Return who still belongs to a session whose leader may be dead (Linux; elsewhere none)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == leader and command_contains in command:
            found.append(int(folder.name))
    return found


def working_in(folder: Path) -> list[int]:
    """Return the processes whose working folder it is (Linux; elsewhere none)."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == folder:
                found.append(int(link.parent.name))
        except OSError:
            continue
    return found


def _start_of(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_by_ps(pid)
    # The command, in parentheses, may hold anything: spaces, parentheses.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def _start_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
