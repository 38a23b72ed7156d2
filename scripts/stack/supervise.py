"""Keeps Fairline's own processes running, and leaves none behind."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stack import logs, processes, say
from stack.interrupts import Interrupts
from stack.place import Place, read_json, write_json
from stack.processes import Process

# A process that ran this long starts afresh with its back-off.
STEADY_SECONDS = 60.0
LONGEST_PAUSE = 30.0
# A program that touches a file for as long as it works, and has not for so long, hangs.
SILENT_SECONDS = 90.0


@dataclass(frozen=True)
class Program:
    """Something to keep running."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]
    patience: float
    descriptors: Sequence[int] = ()
    sign: Path | None = None


@dataclass
class _Kept:
    """A program and what became of it so far."""

    program: Program
    child: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    due: float | None = field(default=None)


class Supervisor:
    """The children of one `scripts/run`."""

    def __init__(self, place: Place, interrupts: Interrupts) -> None:
        self._place = place
        self._interrupts = interrupts
        self._kept: dict[str, _Kept] = {}
        self._record = place.state / "children.json"

    def end_orphans(self) -> None:
        """Stop what an earlier supervisor of this checkout, killed, left running."""
        for name, record in read_json(self._record).items():
            orphan = Process.recorded(record)
            if orphan is not None:
                say.progress(f"stopping {name} (process {orphan.pid}), left by a killed start")
                orphan.stop([(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)])
            # A killed leader's own children are still in its session.
            for pid in processes.members_of_session(
                int(record["pid"]), command_contains=str(self._place.venv)
            ):
                member = Process.of(pid)
                if member is not None:
                    member.stop([(signal.SIGKILL, 5.0)])
        self._record.unlink(missing_ok=True)

    def start(self, program: Program) -> None:
        """Start it and keep it running from now on."""
        logs.rotate(self._log(program.name))
        with self._interrupts.held():
            child = self._spawn(program)
            self._kept[program.name] = _Kept(program, child, time.monotonic())
            self._remember()

    def finish(self, program: Program) -> str:
        """Run a program to its end, on the terminal; return what it printed.

        Raises:
            Trouble: if it fails.
        """
        with self._interrupts.held():
            child = subprocess.Popen(
                program.command,
                cwd=self._place.root,
                env=dict(program.variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._remember({program.name: child.pid})
        try:
            text, _ = child.communicate()
        except KeyboardInterrupt:
            self._end(program.name, child.pid, program.patience)
            raise
        finally:
            child.poll()
            self._remember()
        if child.returncode:
            raise say.Trouble(f"{program.name} failed; the lines above say why.")
        return text

    def runs(self, name: str) -> bool:
        """Tell whether a program runs right now."""
        return name in self._kept and self._kept[name].child.poll() is None

    def look_after(self) -> None:
        """Notice who has died, and start them again after a pause that grows."""
        now = time.monotonic()
        for kept in self._kept.values():
            code = kept.child.poll()
            if code is None:
                self._end_if_silent(kept)
                continue
            if kept.due is None:
                processes.kill_group(kept.child.pid)
                kept.failures = 1 if now - kept.started > STEADY_SECONDS else kept.failures + 1
                pause = min(2.0 ** (kept.failures - 1), LONGEST_PAUSE)
                kept.due = now + pause
                say.progress(
                    f"{kept.program.name} ended ({_reason(code)}); starting it again in "
                    f"{pause:.0f} s; its log: {self._log(kept.program.name)}"
                )
            elif now >= kept.due:
                with self._interrupts.held():
                    kept.child = self._spawn(kept.program)
                    kept.started, kept.due = now, None
                    self._remember()
                say.progress(f"{kept.program.name} runs again (process {kept.child.pid})")

    def _end_if_silent(self, kept: _Kept) -> None:
        """Kill what is there and does nothing; it is started again like any that ended."""
        sign = kept.program.sign
        # Also measured from its start: the file may be of the one before.
        if sign is None or time.monotonic() - kept.started < SILENT_SECONDS or not sign.exists():
            return
        silent = time.time() - sign.stat().st_mtime
        if silent > SILENT_SECONDS:
            say.progress(f"{kept.program.name} has given no sign for {silent:.0f} s; killing it")
            processes.kill_group(kept.child.pid)

    def stop(self) -> None:
        """Stop everything, last started first."""
        for name in reversed(list(self._kept)):
            self.end(name)
        self._record.unlink(missing_ok=True)

    def end(self, name: str) -> None:
        """Stop one program and look after it no longer."""
        kept = self._kept.pop(name)
        if kept.child.poll() is None:
            self._end(name, kept.child.pid, kept.program.patience)
        processes.kill_group(kept.child.pid)
        kept.child.poll()
        self._remember()

    def _end(self, name: str, pid: int, patience: float) -> None:
        process = Process.of(pid)
        if process is not None:
            process.stop([(signal.SIGTERM, patience), (signal.SIGKILL, 5.0)])
            say.progress(f"{name} has stopped")
        processes.kill_group(pid)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with self._log(program.name).open("ab") as log:
            # A session of its own: Ctrl-C is for the supervisor, which stops them in order.
            return subprocess.Popen(
                program.command,
                cwd=self._place.root,
                env=dict(program.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=program.descriptors,
            )

    def _remember(self, passing: Mapping[str, int] | None = None) -> None:
        pids = {name: kept.child.pid for name, kept in self._kept.items()} | dict(passing or {})
        running = {name: Process.of(pid) for name, pid in pids.items()}
        write_json(
            self._record,
            {name: {"pid": p.pid, "started": p.started} for name, p in running.items() if p},
        )

    def _log(self, name: str) -> Path:
        return self._place.logs / f"{name}.log"


def _reason(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
