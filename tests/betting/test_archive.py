"""The archive of the log: what is sealed, what is forgotten, and what is refused."""

import os
import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts.backups import archive, recovering, streaming
from accounts.backups.archive import Base
from accounts.backups.programs import BackupFailed
from config import measures

KEY = os.urandom(32)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND = "0000000100000000000000FE", "0000000100000000000000FF"
THIRD = "000000010000000100000000"


@pytest.fixture
def folder(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.BACKUP_KEYS = [KEY]
    settings.BACKUP_OFFSITE = ""
    made = settings.BACKUP_DIR / "continuous/7"
    (made / "spool").mkdir(parents=True)
    return made


def write(folder, name, data=b"log"):
    (folder / "spool" / name).write_bytes(data)


def kept(folder):
    return sorted(path.name for path in (folder / "wal").iterdir())


def base(folder, began_at, needs_from):
    made = Base(folder / f"base-{began_at:%d}.tar.sealed", began_at, began_at, needs_from, "")
    made.file.write_bytes(b"x")
    made.contents.write_text(
        f'{{"began_at": "{began_at.isoformat()}", "ended_at": "{began_at.isoformat()}",'
        f' "needs_from": "{needs_from}", "sha256": ""}}'
    )
    return made


def test_a_full_segment_leaves_the_spool_and_one_that_grows_is_sealed_as_it_grows(folder):
    write(folder, FIRST, b"full")
    write(folder, f"{SECOND}.partial", b"half")
    write(folder, "00000002.history")
    write(folder, "somebody's notes")

    assert archive.seal_log(folder) == 3
    assert archive.seal_log(folder) == 0
    write(folder, f"{SECOND}.partial", b"more")
    assert archive.seal_log(folder) == 1
    (folder / "spool" / f"{SECOND}.partial").rename(folder / "spool" / SECOND)
    assert archive.seal_log(folder) == 1

    assert kept(folder) == [
        f"{FIRST}.gz.sealed", f"{SECOND}.gz.sealed", "00000002.history.gz.sealed"
    ]  # fmt: skip
    back = folder / "back"
    recovering._unseal_log(folder, base(folder, NOON, FIRST), back)
    assert (back / SECOND).read_bytes() == b"more"
    assert not (folder / "spool" / FIRST).exists()


def test_what_could_not_be_taken_off_site_is_tried_again(folder, settings):
    write(folder, FIRST)
    settings.BACKUP_OFFSITE = "false {file}"
    with pytest.raises(BackupFailed, match="was not copied off-site"):
        archive.seal_log(folder)
    away = folder / "away"
    settings.BACKUP_OFFSITE = f"install -D {{file}} {away}/{{path}}"

    assert archive.seal_log(folder) == 1

    assert (away / f"continuous/7/wal/{FIRST}.gz.sealed").exists()


def test_a_log_with_a_hole_or_without_its_beginning_is_not_replayed(folder):
    for name in (FIRST, SECOND, THIRD):
        write(folder, name)
    archive.seal_log(folder)
    needs = base(folder, NOON, FIRST)
    recovering._unseal_log(folder, needs, folder / "whole")

    (folder / "wal" / f"{SECOND}.gz.sealed").unlink()
    with pytest.raises(BackupFailed, match="1 segments of the log are missing"):
        recovering._unseal_log(folder, needs, folder / "hole")
    (folder / "wal" / f"{FIRST}.gz.sealed").unlink()
    with pytest.raises(BackupFailed, match="which the base needs"):
        recovering._unseal_log(folder, needs, folder / "late")


def test_only_the_log_that_no_base_needs_is_forgotten(folder):
    for name in (FIRST, SECOND, THIRD):
        write(folder, name)
    archive.seal_log(folder)
    for day, needs in enumerate((FIRST, SECOND, THIRD)):
        base(folder, NOON + timedelta(days=day), needs)

    assert archive.forget_old(folder, keep=2) == 3
    assert [each.needs_from for each in archive.bases(folder)] == [SECOND, THIRD]
    assert kept(folder) == [f"{SECOND}.gz.sealed", f"{THIRD}.gz.sealed"]


def test_a_moment_is_taken_from_the_base_before_it_and_never_promised_beyond_the_log(folder):
    with pytest.raises(BackupFailed, match="there is none"):
        recovering.choose(folder, NOON)
    early, late = (base(folder, NOON + timedelta(days=day), FIRST) for day in (0, 1))
    with pytest.raises(BackupFailed, match="there is no log"):
        recovering.choose(folder, NOON)
    archive.say_until(folder, NOON + timedelta(days=2))

    assert recovering.choose(folder, NOON + timedelta(hours=1)) == early
    assert recovering.choose(folder, None) == late
    with pytest.raises(BackupFailed, match="no base backup had ended by then"):
        recovering.choose(folder, NOON - timedelta(seconds=1))
    with pytest.raises(BackupFailed, match=re.escape("only")):
        recovering.choose(folder, NOON + timedelta(days=3))


def test_how_far_behind_it_is_is_told_and_infinite_where_nobody_knows(settings, monkeypatch):
    def ages():
        return [family.samples[0].value for family in measures._archive()]

    settings.WAL_ARCHIVED = False
    assert ages() == []
    settings.WAL_ARCHIVED = True
    monkeypatch.setattr(measures, "told", lambda: None)
    assert ages() == [float("inf")] * 2
    now = measures.timezone.now()
    monkeypatch.setattr(
        measures, "told", lambda: (now - timedelta(seconds=40), now - timedelta(days=1))
    )
    log, newest = ages()

    assert 40 <= log < 60
    assert 86400 <= newest < 86420


@pytest.mark.django_db(transaction=True)
def test_a_log_that_does_not_arrive_is_not_said_to_be_archived(folder):
    with pytest.raises(BackupFailed, match="has not received the log"):
        streaming.round_once(folder, patience=0.0)

    assert archive.until(folder) is None


def test_another_servers_archive_is_named_by_its_number(folder):
    assert archive.archive_of("7") == folder
    for name in ("8", "../7", "seven"):
        with pytest.raises(BackupFailed, match="no archive of a server"):
            archive.archive_of(name)
