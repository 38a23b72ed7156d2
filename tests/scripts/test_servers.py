"""The embedded servers under scripts/manage: shared, stopped by the last, mended after a crash."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.scripts.product import ROOT, copy_of, environment, manage, of_this, shell, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]

COUNT = "from django.db import connection as c; c.ensure_connection(); print('connected')"


@pytest.fixture(scope="module")
def var(first) -> Path:
    """A folder whose tables are made, of these tests alone."""
    return copy_of(first.var, "servers")


def test_a_command_starts_servers_for_its_own_time(first):
    assert (first.done.returncode, first.done.stdout) == (0, "0\n"), first.done.stderr
    assert "making a Postgres cluster (once)" in first.done.stderr
    assert "making the tables (once)" in first.done.stderr
    assert of_this(first.var) == []


def test_what_a_stopped_start_left_half_made_is_made_anew(first):
    assert (first.var / "servers" / "postgres" / "PG_VERSION").exists()
    assert not (first.var / "servers" / "postgres.new").exists()


def test_tables_of_another_version_are_an_error_that_says_what_to_do(var):
    done = shell(
        var,
        "from django.db import connection as c\n"
        "with c.cursor() as cursor: cursor.execute('SELECT age FROM odds_event')",
    )

    assert done.returncode == 1
    assert 'column "age" does not exist' in done.stderr
    assert "scripts/manage migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_later_commands_make_no_secrets_and_hand_on_their_exit_code(var):
    secrets = (var / "secrets.json").read_text()

    done = shell(var, "raise SystemExit(3)")

    assert done.returncode == 3
    assert "once" not in done.stderr
    assert (var / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (var / "secrets.json").read_text() == secrets
    values = json.loads(secrets).values()
    assert len(set(values)) == len(values)


def test_postgres_wants_the_password_and_the_role_is_no_superuser(var):
    script = (
        "import os, psycopg; from django.db import connection as c\n"
        "with c.cursor() as cursor:\n"
        "    cursor.execute('select rolsuper from pg_roles where rolname = current_user')\n"
        "    print(cursor.fetchone())\n"
        "address, _, end = os.environ['DATABASE_URL'].rpartition('@')\n"
        "try: psycopg.connect('postgres://fairline:wrong@' + end)\n"
        "except psycopg.OperationalError as error: print('password' in str(error))\n"
    )

    assert shell(var, script).stdout == "(False,)\nTrue\n"


def test_the_last_user_stops_the_servers_not_the_first(var, tmp_path):
    go = tmp_path / "go"
    waiting = (
        "import pathlib, time\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)\n" + COUNT
    )
    first = subprocess.Popen(
        [ROOT / "scripts" / "manage", "shell", "--no-imports", "--command", waiting],
        env=environment(var),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: list(var.glob("state/valkey.json")) and of_this(var), "the first to start")

    second = shell(var, COUNT)
    go.touch()
    out, err = first.communicate(timeout=60)

    assert second.stdout == out == "connected\n"
    assert "postgres has stopped" in err + second.stderr
    assert of_this(var) == []


def test_after_everything_was_killed_the_next_start_mends(var):
    victim = subprocess.Popen(
        [ROOT / "scripts" / "manage", "shell", "--no-imports", "--command", "input()"],
        env=environment(var),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    servers = ("postgres", "valkey")

    def pids() -> list[int]:
        return [json.loads((var / "state" / f"{each}.json").read_text())["pid"] for each in servers]

    until(lambda: all(Path(f"/proc/{pid}").exists() for pid in pids()), "the servers")
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    for pid in pids():
        os.kill(pid, signal.SIGKILL)

    done = shell(var, COUNT)

    assert (done.returncode, done.stdout) == (0, "connected\n"), done.stderr
    assert of_this(var) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_as_root_in_a_closed_folder_the_data_is_elsewhere_and_the_folder_stays_closed():
    closed = Path(tempfile.mkdtemp(prefix="fairline-closed-"))
    try:
        done = manage(closed / "var", "migrate", "--plan")

        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Planned operations")
        assert "making the tables" not in done.stderr
        assert closed.stat().st_mode & 0o777 == 0o700
        assert f"may not enter {closed}" in done.stderr
        far = Path(done.stderr.split("their data is in ")[1].split()[0])
        assert (far / "postgres" / "PG_VERSION").exists()
        assert far.stat().st_mode & 0o777 == 0o700
        shutil.rmtree(far)
    finally:
        shutil.rmtree(closed)
