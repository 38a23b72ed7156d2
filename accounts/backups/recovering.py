"""Bring the database back as it was at a moment: a server of its own, of base backup and log."""

import os
import shlex
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import psycopg

from accounts.backups import archive as archives
from accounts.backups import programs
from accounts.backups.archive import PARTIAL, SEALED, Base
from accounts.backups.programs import BackupFailed
from accounts.backups.sealing import Reading, opened

# Postgres' words for a log that ends before the moment asked for.
_TOO_SHORT = "recovery ended before configured recovery target was reached"
_LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class Recovered:
    """A server that was brought back and runs, for whoever may read its folder alone."""

    folder: Path
    socket: Path
    base: str
    replayed_to: datetime | None

    def words(self) -> dict[str, Any]:
        """Return what to connect to it with."""
        return _words(self.socket)


def _words(socket: Path) -> dict[str, Any]:
    ours = {key: programs.words()[key] for key in ("user", "dbname")}
    return ours | {"host": str(socket), "port": "5432"}


def choose(archive: Path, moment: datetime | None) -> Base:
    """Return the newest base backup that had ended by then.

    Raises:
        BackupFailed: where there is none, or the log does not reach that far.
    """
    known, reached = archives.bases(archive), archives.until(archive)
    fit = [each for each in known if moment is None or each.ended_at <= moment]
    if not fit:
        first = f"the first ended at {known[0].ended_at:%FT%T%z}" if known else "there is none"
        raise BackupFailed(f"no base backup had ended by then: {first}")
    if moment is not None and (reached is None or moment > reached):
        raise BackupFailed(
            f"the log is archived up to {reached:%FT%T%z} only" if reached else "there is no log"
        )
    return fit[-1]


@contextmanager
def recovered(archive: Path, moment: datetime | None, *, into: Path) -> Iterator[Recovered]:
    """Unpack a base, replay the log up to a moment (None: its end), and run the server meanwhile.

    The folder must be new; it stays, a whole data directory. Raises:
        BackupFailed: where it cannot be brought back, or this is root, as whom Postgres never runs.
        CannotOpen: where a file was changed or cut, or its key is gone.
    """
    if os.geteuid() == 0:
        raise BackupFailed("Postgres refuses to run as root: recover as another user")
    base = choose(archive, moment)
    into.mkdir(parents=True, mode=0o700)
    _unpack(base, into)
    with tempfile.TemporaryDirectory(prefix="fl-pg-") as short:
        # A socket's path may have a hundred letters, and nobody else may enter this folder.
        place = Path(short)
        wal = place / "wal"
        _unseal_log(archive, base, wal)
        _configure(into, wal, moment)
        program = _start(into, place)
        try:
            yield Recovered(into, place, base.file.name, _replayed(place))
        finally:
            # A smart end would wait for whoever is still connected.
            subprocess.run(
                [programs.tool("pg_ctl"), "stop", "-D", str(into), "-m", "fast", "-w"],
                capture_output=True,
            )
            program.wait()
    _make_ordinary(into)


def _unpack(base: Base, into: Path) -> None:
    """Unpack the files and hold each against the SHA-256 that Postgres wrote of it."""
    if programs.digest(base.file) != base.sha256:
        raise BackupFailed(f"{base.file.name} is not what was written")
    with base.file.open("rb") as sealed:
        reading = Reading(opened(sealed, programs.keys()))
        with tarfile.open(fileobj=reading, mode="r|gz") as packed:  # type: ignore[call-overload]
            packed.extractall(into, filter="data")
    checked = subprocess.run(
        [programs.tool("pg_verifybackup"), "--no-parse-wal", "--quiet", str(into)],
        capture_output=True,
    )
    if checked.returncode:
        words = checked.stderr.decode(errors="replace").strip().splitlines()
        raise BackupFailed(f"{base.file.name}: {words[:1]}")


def _unseal_log(archive: Path, base: Base, wal: Path) -> None:
    """Write what the base needs of the log to a folder, in Postgres' own names.

    Raises:
        BackupFailed: where a segment between two others is missing.
    """
    wal.mkdir(mode=0o700)
    first, seen = archives.place(base.needs_from), set()
    for sealed in sorted((archive / "wal").glob(f"*{SEALED}")):
        name = sealed.name.removesuffix(SEALED)
        if not name.endswith(".history"):
            if archives.place(name[:24]) < first:
                continue
            seen.add(archives.place(name[:24]))
        target = wal / name.removesuffix(PARTIAL)
        # Where it is full as well, the full one came first.
        if not target.exists():
            _unseal(sealed, target)
    held = sorted(_number(each) for each in seen)
    if not held or held[0] != _number(first):
        raise BackupFailed(f"the log begins after {base.needs_from}, which the base needs")
    if holes := set(range(held[0], held[-1])) - set(held):
        raise BackupFailed(f"{len(holes)} segments of the log are missing before the newest")


def _number(place: tuple[str, str]) -> int:
    """Return how many segments of 16 MB, Postgres' own size, lie before one."""
    return int(place[0], 16) * 256 + int(place[1], 16)


def _unseal(sealed: Path, to: Path) -> None:
    unpacking = zlib.decompressobj(wbits=31)
    with sealed.open("rb") as file, to.open("wb") as written:
        for piece in opened(file, programs.keys()):
            written.write(unpacking.decompress(piece))
        written.write(unpacking.flush())


def _configure(folder: Path, wal: Path, moment: datetime | None) -> None:
    """Leave nothing of the live server's settings: where its files lie, who may enter, archives."""
    (folder / "pg_hba.conf").write_text("local all all trust\n")
    (folder / "pg_ident.conf").write_text("")
    (folder / "postgresql.conf").write_text("")
    said = [
        f"restore_command = 'cp {shlex.quote(str(wal))}/%f %p'",
        "recovery_target_action = 'promote'",
        "recovery_target_timeline = 'latest'",
    ]
    if moment is not None:
        # Milliseconds would be cut off, and a bet of that very moment with them.
        said.append(f"recovery_target_time = '{moment.isoformat()}'")
    (folder / "postgresql.auto.conf").write_text("\n".join(said) + "\n")
    (folder / "recovery.signal").touch()


def _make_ordinary(folder: Path) -> None:
    """Forget how it was recovered, so that it starts as any server does."""
    (folder / "postgresql.auto.conf").write_text("")


def _start(folder: Path, place: Path) -> "subprocess.Popen[bytes]":
    """Start the server and wait until it has replayed; once more to the end where that is nearer.

    That the log ends before the moment says that nothing was committed in between: `choose` has
    seen that the archive reaches beyond it.
    """
    program = _run(folder, place)
    if _is_up(program, place):
        return program
    said = _log(place)
    if not any(_TOO_SHORT in line for line in said):
        raise BackupFailed(f"Postgres: {[line for line in said if 'FATAL' in line][-1:]}")
    own = folder / "postgresql.auto.conf"
    own.write_text("".join(
        line for line in own.read_text().splitlines(keepends=True) if "target_time" not in line
    ))  # fmt: skip
    program = _run(folder, place)
    if not _is_up(program, place):
        raise BackupFailed(f"Postgres: {_log(place)[-1:]}")
    return program


def _run(folder: Path, place: Path) -> "subprocess.Popen[bytes]":
    # What a standby must have at least as much of as its primary is not asked of one that only
    # recovers.
    said = (
        "hot_standby=off", "listen_addresses=", f"unix_socket_directories={place}", "port=5432",
        "archive_mode=off", "ssl=off", "max_connections=50", "timezone=UTC", "log_timezone=UTC",
        "wal_level=replica", "shared_preload_libraries=",
    )  # fmt: skip
    flags = [word for each in said for word in ("-c", each)]
    with (place / "log").open("ab") as log:
        return subprocess.Popen(
            [programs.tool("postgres"), "-D", str(folder), *flags], stdout=log, stderr=log
        )


def _is_up(program: "subprocess.Popen[bytes]", place: Path) -> bool:
    ended = time.monotonic() + _LONGEST
    ask = [programs.tool("pg_isready"), "--quiet", "--host", str(place), "--port", "5432"]
    while program.poll() is None and time.monotonic() < ended:
        if subprocess.run(ask).returncode == 0:
            return True
        with suppress(subprocess.TimeoutExpired):
            program.wait(timeout=0.1)
    return False


def _log(place: Path) -> list[str]:
    return (place / "log").read_text(errors="replace").splitlines()


def _replayed(place: Path) -> datetime | None:
    """Return when the last transaction was committed that was replayed."""
    with psycopg.connect(**_words(place), autocommit=True) as held:
        (moment,) = programs.one_row(held, "SELECT pg_last_xact_replay_timestamp()")
    return cast(datetime | None, moment)
