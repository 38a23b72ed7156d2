"""Base backups and Postgres' own log of changes (WAL), sealed: what any moment is brought back of.

    BACKUP_DIR/continuous/SYSTEM/base-TIME.tar.sealed   the server's files, gzipped
                                 base-TIME.json         from which segment on it needs the log
                                 wal/SEGMENT.gz.sealed
                                 wal/SEGMENT.partial.gz.sealed   the newest, not full yet
                                 until.json             up to when all of it is here
                                 spool/                 what pg_receivewal writes, unsealed

SYSTEM is Postgres' own number of a server, so that two servers' logs never mix.
"""

import json
import os
import re
import subprocess
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from accounts.backups import programs
from accounts.backups.programs import BackupFailed, one_row, own_connection, whole
from accounts.backups.sealing import Sealed

BASE = ".tar.sealed"
SEALED = ".gz.sealed"
PARTIAL = ".partial"
# Timeline, log and segment, eight hexadecimal digits each; a timeline's history is a file too.
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_KEPT = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_HERE = "SELECT pg_walfile_name(pg_current_wal_lsn()), clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Base:
    """One base backup on disk, and what it says of itself."""

    file: Path
    began_at: datetime
    ended_at: datetime
    needs_from: str
    sha256: str

    @property
    def contents(self) -> Path:
        return self.file.with_name(self.file.name.replace(BASE, ".json"))


def archive_of(system: str = "") -> Path:
    """Return the folder of one server's archive: of the one we are connected to, unless told.

    Raises:
        BackupFailed: where a number is told and there is no such archive.
    """
    folder = programs.folder() / "continuous"
    if system:
        if not system.isdigit() or not (folder / system).is_dir():
            raise BackupFailed(f"there is no archive of a server {system} in {folder}")
        return folder / system
    with own_connection() as held:
        (number,) = one_row(held, "SELECT system_identifier FROM pg_control_system()")
    return folder / str(number)


def take_base(archive: Path) -> Base:
    """Copy the server's files as they are, seal them, copy them off-site.

    The role needs REPLICATION. Raises:
        BackupFailed: where Postgres refuses or a program is missing.
    """
    key = programs.keys()[0]
    archive.mkdir(parents=True, exist_ok=True, mode=0o700)
    with own_connection() as held:
        needs_from, began_at = one_row(held, _HERE)
    file = archive / f"base-{began_at:%Y%m%dT%H%M%SZ}{BASE}"
    command = [
        programs.tool("pg_basebackup"), "--pgdata=-", "--format=tar", "--wal-method=none",
        "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password",
    ]  # fmt: skip
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=programs.environment()
    )
    assert program.stdout is not None  # noqa: S101 - it was asked for
    with program, whole(file) as to:
        sealed, packing = Sealed(to, key), _gzip()
        while data := program.stdout.read(1 << 18):
            sealed.write(packing.compress(data))
        # Before the file counts as whole.
        programs.check_end(program, "pg_basebackup")
        sealed.write(packing.flush())
        sealed.close()
    with own_connection() as held:
        _, ended_at = one_row(held, _HERE)
    base = Base(file, began_at, ended_at, needs_from, sealed.digest.hexdigest())
    with whole(base.contents) as to:
        said = {
            "began_at": began_at.isoformat(),
            "ended_at": ended_at.isoformat(),
            "needs_from": needs_from,
            "sha256": base.sha256,
        }
        to.write(json.dumps(said, indent=1).encode())
    programs.copy_off_site(base.file, base.contents)
    return base


def bases(archive: Path) -> list[Base]:
    """Return an archive's base backups that are whole, oldest first."""
    found = []
    for contents in sorted(archive.glob("base-*.json")):
        said = json.loads(contents.read_bytes())
        found.append(
            Base(
                file=contents.with_name(contents.name.replace(".json", BASE)),
                began_at=datetime.fromisoformat(said["began_at"]),
                ended_at=datetime.fromisoformat(said["ended_at"]),
                needs_from=said["needs_from"],
                sha256=said["sha256"],
            )
        )
    return [each for each in found if each.file.exists()]


def seal_log(archive: Path) -> int:
    """Seal what pg_receivewal has written since the last time, and return how many files.

    A full segment goes from the spool once it is sealed and off-site; the newest, which still
    grows, is sealed again as it is now. So what a host that burns loses is what came after this.
    """
    wal, spool = archive / "wal", archive / "spool"
    wal.mkdir(parents=True, exist_ok=True, mode=0o700)
    count = 0
    for written in sorted(spool.iterdir()):
        name = written.name.removesuffix(PARTIAL)
        if not _KEPT.fullmatch(name):
            continue
        sealed = wal / f"{written.name}{SEALED}"
        try:
            count += _seal_as_it_is(written, sealed)
        except FileNotFoundError:
            # It became full meanwhile, and has another name: the next time.
            continue
        if name == written.name and _SEGMENT.fullmatch(name):
            (wal / f"{name}{PARTIAL}{SEALED}").unlink(missing_ok=True)
            written.unlink()
    return count


def say_until(archive: Path, until: datetime) -> None:
    """Write down up to when all that was committed is in the archive, here and off-site."""
    with whole(archive / "until.json") as to:
        to.write(json.dumps({"until": until.isoformat()}).encode())
    programs.copy_off_site(archive / "until.json")


def until(archive: Path) -> datetime | None:
    """Return up to when all that was committed is in the archive, or None where nothing is."""
    try:
        said: dict[str, Any] = json.loads((archive / "until.json").read_bytes())
    except FileNotFoundError:
        return None
    return datetime.fromisoformat(said["until"])


def forget_old(archive: Path, *, keep: int) -> int:
    """Remove all but the newest so many bases, and the log that only they needed.

    Returns how many files went. What is off-site stays there.
    """
    there = bases(archive)
    old, kept = there[: -max(1, keep)], there[-max(1, keep) :]
    gone = [path for base in old for path in (base.contents, base.file)]
    if kept:
        first = place(kept[0].needs_from)
        gone += [
            path
            for path in (archive / "wal").glob(f"*{SEALED}")
            if _SEGMENT.match(path.name) and place(path.name[:24]) < first
        ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def place(segment: str) -> tuple[str, str]:
    """Return where in the log a segment lies, on whichever timeline."""
    return segment[8:16], segment[16:24]


def _seal_as_it_is(written: Path, to: Path) -> bool:
    """Seal a file of the spool and take it off-site, unless it is as it was the last time.

    That a sealed file has the time of what it holds says that all of this ended well.
    """
    changed = written.stat().st_mtime_ns
    if to.exists() and to.stat().st_mtime_ns == changed:
        return False
    with written.open("rb") as file, whole(to) as draft:
        sealed, packing = Sealed(draft, programs.keys()[0]), _gzip()
        while data := file.read(1 << 20):
            sealed.write(packing.compress(data))
        sealed.write(packing.flush())
        sealed.close()
    programs.copy_off_site(to)
    os.utime(to, ns=(changed, changed))
    return True


def _gzip() -> "zlib._Compress":
    # The fastest: a segment's unused end costs nothing, and the rest waits for nobody.
    return zlib.compressobj(level=1, wbits=31)
