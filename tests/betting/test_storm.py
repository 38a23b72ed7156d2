"""The storm in short: writers and a worker on the test's database, killed and cut off at random.

`bench/storm_money.py` is the whole of it: 20,000 operations, and the database itself killed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from tests import storm

ROOT = Path(__file__).resolve().parent.parent.parent
COUNTS = [25, 25]
SEED = 11


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_cent_is_lost_while_everybody_is_killed(tmp_path, settings):
    storm.make_world(tmp_path, owners=2, events=6)
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    paper = {"LATENCY": "0.2", "PARTIAL": "0.2", "REJECTED": "0.05", "UNKNOWN": "0.2"}
    env = os.environ | {"DATABASE_URL": url, "LOG_LEVEL": "CRITICAL", "PYTHONPATH": str(ROOT)}
    env |= {f"FAIRLINE_PAPER_{name}": value for name, value in paper.items()}

    def start(*role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.storm", *role]
        return subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)  # noqa: S603

    roles = [
        *(("write", str(tmp_path), str(SEED), str(n), str(c)) for n, c in enumerate(COUNTS)),
        ("work", str(tmp_path), str(SEED)),
    ]
    running = [start(*role) for role in roles]
    rng = random.Random(SEED)  # noqa: S311 - no secret
    rounds = kills = 0
    try:
        while any(process.poll() is None for process in running[:-1]):
            time.sleep(0.3)  # noqa: TID251 - it watches processes
            rounds += 1
            # Not so often that nobody gets on.
            if rounds % 6 or rounds > 60:
                continue
            with connection.cursor() as cursor:
                # What a session is cut off in rolls back, as when the server is killed.
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN"
                    " (SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                    "  AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1)"
                )
            begun = (tmp_path / "writer-0.log").exists()
            if begun and not kills:
                number = rng.randrange(len(running))
                running[number].kill()
                running[number].wait()
                running[number] = start(*roles[number])
                kills += 1
        codes = [process.returncode for process in running[:-1]]
        (tmp_path / "stop").touch()
        assert (running[-1].wait(60), codes) == (0, [0, 0])
    finally:
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()

    settings.PAPER = storm.temper(paper)
    storm.come_to_rest(tmp_path)
    assert storm.faults(tmp_path, seed=SEED, counts=COUNTS) == []
    assert storm.tally()["bets placed"] > 10
