"""Drills: bring a backup, or a moment, back beside the live database, and prove it."""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import connection

from accounts.backups.dumping import (
    Backup,
    Sums,
    check_models,
    read_contents,
    scratch,
    sums_of,
    table_sums,
)
from accounts.backups.programs import BackupFailed
from accounts.backups.recovering import recovered
from betting.services.proving import Proof


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill found, and how many seconds each part of it took."""

    backup: str
    taken_at: str
    tables: int
    rows: int
    models: int
    differing: list[str]
    proof: dict[str, Any]
    restore_seconds: float
    compare_seconds: float
    prove_seconds: float

    @property
    def holds(self) -> bool:
        """Whether every table adds up as it did, the books balance, and the audit's chain holds."""
        return Proof(**self.proof).holds and not self.differing


def drill(backup: Backup) -> Drilled:
    """Restore a backup into a database of its own, compare, prove, and drop it again.

    Raises:
        BackupFailed: where it cannot be brought back.
        CannotOpen: where a file was changed, cut, or sealed with a key that is gone.
    """
    said = read_contents(backup)
    models = check_models(backup, said["models"])
    began = time.monotonic()
    with scratch(backup, name=f"fairline_drill_{uuid.uuid4().hex[:8]}") as name:
        restored = time.monotonic()
        found = sums_of(name)
        compared = time.monotonic()
        proof = _proved(name)
        proved = time.monotonic()
    return Drilled(
        backup=backup.dump.name,
        taken_at=said["taken_at"],
        tables=len(found),
        rows=sum(count for count, _ in found.values()),
        models=models,
        differing=_differing(found, said["tables"]),
        proof=proof,
        restore_seconds=round(restored - began, 2),
        compare_seconds=round(compared - restored, 2),
        prove_seconds=round(proved - compared, 2),
    )


@dataclass(frozen=True, slots=True)
class BackAtAMoment:
    """What a server that was brought back to a moment holds, and how long each part took."""

    moment: datetime | None
    base: str
    replayed_to: datetime | None
    folder: str
    tables: int
    rows: int
    differing: list[str]
    proof: dict[str, Any]
    recover_seconds: float
    compare_seconds: float
    prove_seconds: float

    @property
    def holds(self) -> bool:
        """Whether books and audit hold, and every table adds up as was expected of it."""
        return Proof(**self.proof).holds and not self.differing


def recover(
    archive: Path, moment: datetime | None, *, into: Path | None, expected: Sums | None
) -> BackAtAMoment:
    """Bring a server back to a moment beside the live one, compare its tables, and prove it.

    Without a folder it is one for the drill, and a bet is placed there; a named one stays as a
    data directory to change over to, and nothing is written to it. Without expected sums nothing is
    compared. Raises:
        BackupFailed: where it cannot be brought back.
        CannotOpen: where a file was changed, cut, or sealed with a key that is gone.
    """
    with tempfile.TemporaryDirectory(prefix="fairline-drill-") as scratch_folder:
        folder = into or Path(scratch_folder) / "data"
        began = time.monotonic()
        with recovered(archive, moment, into=folder) as server:
            back = time.monotonic()
            words = server.words()
            with psycopg.connect(**words, autocommit=True) as held:
                found = table_sums(held)
            compared = time.monotonic()
            proof = _proved(
                words["dbname"], place=(words["host"], words["port"]), with_bet=into is None
            )
            proved = time.monotonic()
    return BackAtAMoment(
        moment=moment,
        base=server.base,
        replayed_to=server.replayed_to,
        folder=str(into or ""),
        tables=len(found),
        rows=sum(count for count, _ in found.values()),
        differing=_differing(found, expected) if expected is not None else [],
        proof=proof,
        recover_seconds=round(back - began, 2),
        compare_seconds=round(compared - back, 2),
        prove_seconds=round(proved - compared, 2),
    )


def _differing(found: Sums, expected: Sums) -> list[str]:
    names = found.keys() | expected.keys()
    return sorted(table for table in names if found.get(table) != expected.get(table))


def _proved(
    name: str, *, place: tuple[str, str] | None = None, with_bet: bool = True
) -> dict[str, Any]:
    """Run the proof in a process whose database is the restored one, and none other."""
    words = connection.settings_dict
    who, word = quote(words["USER"], safe=""), quote(words["PASSWORD"] or "", safe="")
    host, port = place or (words["HOST"], words["PORT"] or 5432)
    # A socket's folder stands where the database's path would, behind a host that is none.
    where = f":{port}/{host}" if str(host).startswith("/") else f"{quote(host, safe='')}:{port}"
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "backup", "prove", "--json",
         *(["--here"] if place else []), *([] if with_bet else ["--without-bet"])],
        env=os.environ | {"DATABASE_URL": f"postgres://{who}:{word}@{where}/{name}"},
        capture_output=True, text=True, timeout=3600,
    )  # fmt: skip
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise BackupFailed(f"the proof did not end: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
