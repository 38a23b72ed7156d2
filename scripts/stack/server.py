"""A database server that several scripts share: started once, found again, stopped by the last."""

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from stack import ports, processes, say
from stack.home import Home
from stack.logs import tail
from stack.place import Place, read_json, write_json
from stack.processes import Process

START_SECONDS = 60.0


class Server(ABC):
    """What Postgres and Valkey have in common."""

    name: ClassVar[str]
    stop_steps: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, place: Place, home: Home) -> None:
        self.place = place
        self.home = home
        self.record_path = place.state / f"{self.name}.json"
        self.log = place.logs / f"{self.name}.log"
        self.child: subprocess.Popen[bytes] | None = None
        # Whether this start made its data, which are then empty.
        self.is_new = False

    @abstractmethod
    def url(self) -> str:
        """Return how to reach it, password included."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what it needs before it starts."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return what starts it in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the server started last answers."""

    @property
    def folder(self) -> Path:
        """Where it works."""
        return self.home.folder / self.name

    @property
    def port(self) -> int:
        """The port it has, or had last."""
        return int(read_json(self.record_path).get("port", 0))

    def process(self) -> Process | None:
        """Return the running server, whoever started it."""
        if self.child is not None:
            self.child.poll()
        return Process.recorded(read_json(self.record_path))

    def start(self) -> None:
        """Start it unless it runs; on the port it had before, if that is still free.

        Call it under the lock of the services.

        Raises:
            Trouble: if it does not come up, with the end of its log.
        """
        if self.process() is not None:
            return
        self._end_remains()
        self.prepare()
        for attempt in range(3):
            port = self.port if attempt == 0 and self.port else ports.any_free()
            if not ports.is_free(port):
                say.progress(f"{self.name}: port {port} was taken by another program; moving")
                port = ports.any_free()
            if self._start_on(port):
                return
        raise say.Trouble(f"{self.name} did not start. The end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop it, if it runs."""
        process = self.process()
        if process is not None and not process.stop(self.stop_steps):
            say.progress(f"{self.name} (process {process.pid}) does not stop; leaving it")
        if self.child is not None:
            self.child.poll()

    def _start_on(self, port: int) -> bool:
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is for the script, which stops it in order.
            self.child = subprocess.Popen(
                self.command(port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                env=_plain_environment(),
                **self.home.as_user(),
            )
        process = Process.of(self.child.pid)
        if process is not None:
            write_json(
                self.record_path, {"pid": process.pid, "started": process.started, "port": port}
            )
        processes.wait_until(self._settled, START_SECONDS)
        return self.child.poll() is None and self.is_ready()

    def _settled(self) -> bool:
        return self.child is None or self.child.poll() is not None or self.is_ready()

    def _end_remains(self) -> None:
        """End what a killed server left behind: its helpers still hold its memory and files."""
        for pid in processes.working_in(self.folder):
            remains = Process.of(pid)
            if remains is not None and remains.pid != os.getpid():
                remains.stop([(signal.SIGKILL, 5.0)])


def _plain_environment() -> dict[str, str]:
    """Return an environment without what would steer a server, such as PGDATA."""
    return {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ} | {
        "LC_ALL": "C"
    }
