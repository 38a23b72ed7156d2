"""Take a backup, and bring one back beside the live database."""

import hashlib
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings
from psycopg import sql

from accounts.backups import programs
from accounts.backups.programs import BackupFailed, one_row, own_connection, whole
from accounts.backups.sealing import Reading, Sealed, opened

SUFFIX = ".dump.sealed"
_SCRATCH = re.compile(r"fairline_drill_[0-9a-f]{8}")
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 2
"""
# In any order of rows, which a restore does not keep.
_SUM = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} t"
Sums = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup on disk: the sealed dump, the sealed models, and what both add up to."""

    dump: Path

    @property
    def models(self) -> Path:
        return self.dump.with_name(self.dump.name.replace(SUFFIX, ".models.sealed"))

    @property
    def contents(self) -> Path:
        return self.dump.with_name(self.dump.name.replace(SUFFIX, ".json"))

    def files(self) -> list[Path]:
        return [self.dump, self.models, self.contents]


def take(*, now: datetime) -> Backup:
    """Dump the database as of one moment and the models, seal both, copy them off-site.

    Files appear under their names only once they are whole. Raises:
        BackupFailed: where something is missing, refuses, or ends badly.
    """
    folder, key = programs.folder(), programs.keys()[0]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup = Backup(folder / f"fairline-{now:%Y%m%dT%H%M%SZ}{SUFFIX}")
    with own_connection() as held:
        held.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = one_row(held, "SELECT pg_export_snapshot()")
        with whole(backup.dump) as to:
            dump_digest = _dump(to, key, snapshot)
        sums = table_sums(held)
        held.execute("COMMIT")
    with whole(backup.models) as to:
        models_digest, models = _pack_models(to, key)
    with whole(backup.contents) as to:
        said = {
            "taken_at": now.isoformat(),
            "revision": settings.REVISION,
            "sha256": {"dump": dump_digest, "models": models_digest},
            "tables": sums,
            "models": models,
        }
        to.write(json.dumps(said, indent=1).encode())
    programs.copy_off_site(*backup.files())
    return backup


def existing() -> list[Backup]:
    """Return the backups on disk, oldest first."""
    return [Backup(path) for path in sorted(programs.folder().glob(f"fairline-*{SUFFIX}"))]


def forget_old(*, keep: int) -> int:
    """Remove all but the newest so many from disk, and return how many went."""
    old = existing()[: -max(1, keep)]
    for backup in old:
        for path in backup.files():
            path.unlink(missing_ok=True)
    return len(old)


def read_contents(backup: Backup) -> dict[str, Any]:
    """Return what a backup says it holds, once its files are known to be those it was taken as.

    Raises:
        BackupFailed: where one is missing or differs.
    """
    try:
        said: dict[str, Any] = json.loads(backup.contents.read_bytes())
        digests = {"dump": programs.digest(backup.dump), "models": programs.digest(backup.models)}
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{backup.dump.name} is not whole: {type(error).__name__}") from None
    for name, digest in digests.items():
        if said["sha256"][name] != digest:
            raise BackupFailed(f"the {name} of {backup.dump.name} is not what was written")
    return said


def restore(backup: Backup, *, into: str) -> None:
    """Make a new database of this name, beside ours, of a backup.

    Raises:
        BackupFailed: where the name is taken, or Postgres refuses.
        CannotOpen: where the file was changed or no key fits.
    """
    with own_connection() as held:
        try:
            held.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(into))
            )
        except psycopg.Error as error:
            raise BackupFailed(f"no database {into}: {error.diag.message_primary}") from None
    command = [programs.tool("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error"]
    program = subprocess.Popen(
        [*command, "--dbname", into],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=programs.environment(),
    )  # fmt: skip
    assert program.stdin is not None  # noqa: S101 - it was asked for
    with program, backup.dump.open("rb") as sealed:
        # It says itself why it stopped reading.
        with suppress(BrokenPipeError):
            for piece in opened(sealed, programs.keys()):
                program.stdin.write(piece)
            program.stdin.close()
        programs.check_end(program, "pg_restore")


@contextmanager
def scratch(backup: Backup, *, name: str) -> Iterator[str]:
    """Restore into a database that is dropped again, and give its address.

    Raises:
        ValueError: where the name is none of a drill's, so that nothing else is ever dropped.
    """
    if not _SCRATCH.fullmatch(name):
        raise ValueError(f"{name} is not a drill's name")
    try:
        restore(backup, into=name)
        yield name
    finally:
        with own_connection() as held:
            held.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def table_sums(held: psycopg.Connection) -> Sums:
    """Return each table's number of rows and what their texts' hashes add up to."""
    held.execute("SET TIME ZONE 'UTC'")
    return {
        table: list(one_row(held, sql.SQL(_SUM).format(sql.Identifier(schema, table))))
        for schema, table in held.execute(_TABLES).fetchall()
    }


def sums_now() -> tuple[datetime, Sums]:
    """Return a moment and the sums of our own database then; exact where nobody writes meanwhile.

    To that moment one can come back and compare (`backup recover --to --expect`).
    """
    with own_connection() as held:
        held.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (moment,) = one_row(held, "SELECT clock_timestamp()")
        return moment, table_sums(held)


def sums_of(name: str) -> Sums:
    """Return the same of another database of our server."""
    with own_connection(dbname=name) as held:
        return table_sums(held)


def check_models(backup: Backup, said: Mapping[str, str]) -> int:
    """Read every model file of a backup and return how many are as they were.

    Raises:
        BackupFailed: naming the first that is not.
    """
    found = {}
    with backup.models.open("rb") as sealed:
        reading = Reading(opened(sealed, programs.keys()))
        with tarfile.open(fileobj=reading, mode="r|") as packed:  # type: ignore[call-overload]
            for member in packed:
                inside = packed.extractfile(member)
                if inside is not None:
                    found[member.name] = hashlib.file_digest(inside, "sha256").hexdigest()
    if found != dict(said):
        names = sorted(set(found.items()) ^ set(said.items()))
        raise BackupFailed(f"the model file {names[0][0]} is not as it was")
    return len(found)


def _dump(to: IO[bytes], key: bytes, snapshot: str) -> str:
    command = [programs.tool("pg_dump"), "--format=custom", f"--snapshot={snapshot}"]
    sealed = Sealed(to, key)
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=programs.environment()
    )
    assert program.stdout is not None  # noqa: S101 - it was asked for
    with program:
        while data := program.stdout.read(1 << 18):
            sealed.write(data)
        programs.check_end(program, "pg_dump")
    sealed.close()
    return sealed.digest.hexdigest()


def _pack_models(to: IO[bytes], key: bytes) -> tuple[str, dict[str, str]]:
    sealed, digests = Sealed(to, key), {}
    place = settings.ARTIFACT_DIR
    with tarfile.open(fileobj=sealed, mode="w|") as packed:  # type: ignore[call-overload]
        for path in sorted(place.rglob("*")) if place.is_dir() else []:
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(place).as_posix()
                with path.open("rb") as file:
                    digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
                packed.add(path, arcname=name)
    sealed.close()
    return sealed.digest.hexdigest(), digests
