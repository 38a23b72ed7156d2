"""A backup is what it was taken as, or it is refused; a drill tells a good one from a bad one."""

import io
import json
import os
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import pgtrigger
import psycopg
import pytest
from django.conf import settings as ours
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.backups import dumping, programs, sealing
from accounts.backups.sealing import CannotOpen, Sealed, opened, read_keys
from betting.models import Bet, LedgerAccount
from betting.services import drilling
from betting.services.proving import Proof, prove
from tests import make

KEY, OTHER = os.urandom(32), os.urandom(32)


def sealed(data, key=KEY):
    to = io.BytesIO()
    writer = Sealed(to, key)
    writer.write(data)
    writer.close()
    return to.getvalue()


def unsealed(data, *keys):
    return b"".join(opened(io.BytesIO(data), keys or [KEY]))


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(sealing, "PIECE", 16)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 100])
def test_what_was_sealed_opens_with_its_key_and_with_no_other(size):
    data = os.urandom(size)

    assert unsealed(sealed(data)) == data
    assert unsealed(sealed(data), OTHER, KEY) == data
    assert size < 15 or data not in sealed(data)
    with pytest.raises(CannotOpen, match="none of the keys"):
        unsealed(sealed(data), OTHER)


@pytest.mark.usefixtures("small_pieces")
def test_no_byte_can_be_changed_and_no_piece_cut_swapped_or_repeated():
    whole = sealed(bytes(range(64)))
    head, piece = 24, 32
    parts = [whole[at : at + piece] for at in range(head, len(whole), piece)]
    assert len(parts) == 4

    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    cut = [whole[:at] for at in range(len(whole))]
    moved = [
        whole[:head] + b"".join(order)
        for order in (parts[::-1], parts[1:], parts[:2] + parts[3:], [*parts, parts[-1]])
    ]
    for bad in changed + cut + moved:
        with pytest.raises(CannotOpen):
            unsealed(bad)


@pytest.mark.parametrize("text", ["short", "AAAA", "!", f"{'A' * 43}=,x"])
def test_a_key_that_is_none_is_named_by_its_place_and_not_shown(text):
    with pytest.raises(ValueError, match=r"key \d is not 32 bytes") as refused:
        read_keys(text)
    assert text not in str(refused.value)


@pytest.fixture
def backing_up(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.BACKUP_KEYS = [KEY]
    settings.BACKUP_OFFSITE = ""
    settings.ARTIFACT_DIR = tmp_path / "models"
    (tmp_path / "models/a").mkdir(parents=True)
    (tmp_path / "models/a/model.ubj").write_bytes(os.urandom(100))


def took(**options):
    return dumping.take(now=timezone.now(), **options)


@pytest.mark.slow
@pytest.mark.usefixtures("backing_up")
@pytest.mark.django_db(transaction=True)
def test_a_drill_brings_it_back_compares_every_table_and_places_a_bet(alice, capsys):
    make.bankroll(alice)
    make.place(alice, make.priced(), "12.50")
    backup = took()
    # What comes after is not in it, and is not missed.
    make.place(alice, make.priced(game=2), "1.00")

    call_command("backup", "drill", "--json")

    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["holds"]
    assert (found["backup"], found["models"]) == (backup.dump.name, 1)
    assert found["differing"] == []
    assert found["proof"]["bet"] == "placed"
    assert dumping.read_contents(backup)["tables"]["betting_bet"][0] == 1
    with psycopg.connect(
        **{k: v for k, v in programs.words().items() if v}, autocommit=True
    ) as held:
        left = held.execute("SELECT 1 FROM pg_database WHERE datname LIKE 'fairline_drill_%'")
        assert left.fetchall() == []


@pytest.mark.usefixtures("backing_up")
@pytest.mark.django_db(transaction=True)
def test_a_backup_that_was_touched_or_that_lost_a_row_does_not_hold(alice, monkeypatch):
    make.bankroll(alice)
    backup = took()
    proof = asdict(Proof([], audit_entries=0, audit_broken="", bet="placed", balanced_after=True))
    monkeypatch.setattr(drilling, "_proved", lambda _name: proof)
    whole, said = backup.dump.read_bytes(), json.loads(backup.contents.read_bytes())

    backup.dump.write_bytes(whole[:-1])
    with pytest.raises(dumping.BackupFailed, match="is not what was written"):
        drilling.drill(backup)
    backup.dump.write_bytes(whole)
    said["tables"]["betting_bankroll"][1] = "7"
    backup.contents.write_text(json.dumps(said))

    found = drilling.drill(backup)

    assert found.differing == ["betting_bankroll"]
    assert not found.holds


@pytest.mark.usefixtures("backing_up")
@pytest.mark.django_db(transaction=True)
def test_the_proof_places_a_bet_and_sees_books_that_do_not_balance(alice):
    make.bankroll(alice)
    make.priced()

    good = prove()
    with pgtrigger.ignore():
        LedgerAccount.objects.filter(kind="free").update(amount=Decimal("1.00"))
    bad = prove()

    assert (good.holds, good.bet, Bet.objects.count()) == (True, "placed", 2)
    assert not bad.holds
    assert bad.problems


@pytest.mark.django_db
def test_nothing_is_proved_on_a_database_that_may_be_live():
    with pytest.raises(CommandError, match="writes a person and a bet"):
        call_command("backup", "prove")


def test_only_a_drills_own_database_is_ever_dropped():
    with (
        pytest.raises(ValueError, match="not a drill's name"),
        dumping.scratch(None, name=str(ours.DATABASES["default"]["NAME"])),
    ):
        pass


@pytest.mark.django_db
def test_without_a_key_nothing_is_written(settings, tmp_path):
    settings.BACKUP_DIR, settings.BACKUP_KEYS = tmp_path / "backups", []

    with pytest.raises(CommandError, match="FAIRLINE_BACKUP_KEYS is not set"):
        call_command("backup", "take")

    assert not settings.BACKUP_DIR.exists()


@pytest.mark.usefixtures("backing_up")
@pytest.mark.django_db(transaction=True)
def test_each_file_is_taken_off_site_and_the_oldest_are_forgotten(settings, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    settings.BACKUP_OFFSITE = f"cp {{file}} {away}"
    monday = timezone.now()
    for day in range(3):
        dumping.take(now=monday + timedelta(days=day))

    assert dumping.forget_old(keep=2) == 1
    assert len(dumping.existing()) == 2
    assert len(list(away.iterdir())) == 9
    assert {path.stat().st_mode & 0o777 for path in settings.BACKUP_DIR.iterdir()} == {0o600}
    settings.BACKUP_OFFSITE = "false {file}"
    with pytest.raises(dumping.BackupFailed, match="was not copied off-site"):
        dumping.take(now=monday + timedelta(days=9))
