"""Reads from a streaming copy: they come from it, find what was just written, and survive its end.

    python bench/replica_drill.py          # not as root: Postgres refuses that

A server of its own with our schema, a copy made by `pg_basebackup -R`, and reads through
`accounts.replicas` while somebody writes; then its replay is paused, and then it is killed.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import restore_drill as drill

READS = 200


def copy_of(place: Path) -> str:
    """Make a streaming copy beside the server, start it, and return its address."""
    bin_ = Path(os.environ["FAIRLINE_POSTGRES_BIN"])
    address = os.environ["DATABASE_URL"]
    drill.run(bin_ / "pg_basebackup", "--dbname", address.replace("postgres://", "postgresql://"),
              "-D", place / "copy", "-R", "-X", "stream", "--checkpoint=fast")  # fmt: skip
    port = drill.free_port()
    drill.start(bin_, place / "copy", f"-p {port} -c listen_addresses=127.0.0.1"
                                      " -c unix_socket_directories=")  # fmt: skip
    return f"postgres://fairline@127.0.0.1:{port}/drill"


def measure(place: Path) -> None:
    drill.ended(drill.manage("migrate", "--verbosity", "0"))
    os.environ["DATABASE_REPLICA_URL"] = copy_of(place)
    import django

    django.setup()
    import psycopg
    from django.db import connection
    from measured import say

    from accounts import replicas
    from accounts.models import User

    came: dict[str, int] = {}

    def read() -> int:
        with replicas.reading().cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            where = "copy" if cursor.fetchone()[0] else "itself"
        came[where] = came.get(where, 0) + 1
        return User.objects.count()

    def round_of(what: str) -> None:
        came.clear()
        began, missing = time.monotonic(), 0
        for _ in range(READS):
            before = User.objects.count()
            User.objects.create(username=f"u{before}", email=f"u{before}@x.test")
            missing += replicas.from_replica(read) != before + 1
        say(f"{what}: reads from the copy", came.get("copy", 0), "reads")
        say(f"{what}: reads from the database itself", came.get("itself", 0), "reads")
        say(f"{what}: reads that missed a write of before", missing, "reads")
        say(f"{what}: a write and a read", (time.monotonic() - began) / READS * 1000, "ms")

    round_of("read at once after a write")
    time.sleep(0.5)  # noqa: TID251 - the copy catches up
    came.clear()
    for _ in range(READS):
        replicas.from_replica(read)
    say("nobody writes: reads from the copy", came.get("copy", 0), "reads")
    with psycopg.connect(os.environ["DATABASE_REPLICA_URL"], autocommit=True) as held:
        held.execute("SELECT pg_wal_replay_pause()")
        round_of("the copy does not replay")
        say("its lag by then", replicas.lag_bytes() or 0.0, "bytes")
        held.execute("SELECT pg_wal_replay_resume()")
    drill.run(Path(os.environ["FAIRLINE_POSTGRES_BIN"]) / "pg_ctl", "-D", place / "copy",
              "-m", "immediate", "-w", "stop")  # fmt: skip
    round_of("the copy is killed")
    say("its lag is told as infinite", int(replicas.lag_bytes() == float("inf")), "yes")
    connection.close()


if __name__ == "__main__":
    sys.path[:0] = [str(drill.ROOT), str(drill.ROOT / "bench")]
    with tempfile.TemporaryDirectory(prefix="fl-copy-") as made:
        drill.prepare(Path(made))
        try:
            measure(Path(made))
        finally:
            drill.run(Path(os.environ["FAIRLINE_POSTGRES_BIN"]) / "pg_ctl", "-D",
                      Path(made) / "data", "-m", "immediate", "stop")  # fmt: skip
