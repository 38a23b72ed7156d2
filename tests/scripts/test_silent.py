"""What hangs is killed by who looks after it, and nothing else is."""

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from stack import processes, supervise


class Child:
    """A process that is there and never ends."""

    pid = 4_194_304

    def poll(self) -> None:
        return None


@pytest.mark.parametrize(
    ("age", "ran_for", "is_killed"),
    [(91, 91, True), (89, 200, False), (200, 30, False), (None, 200, False)],
)
def test_a_program_that_gives_no_sign_is_killed(monkeypatch, tmp_path, age, ran_for, is_killed):
    killed = []
    monkeypatch.setattr(processes, "kill_group", killed.append)
    sign = tmp_path / "sign"
    if age is not None:
        sign.write_text("1")
        os.utime(sign, (time.time() - age,) * 2)
    program = supervise.Program("worker", [], {}, patience=1.0, sign=sign)
    looked = object.__new__(supervise.Supervisor)
    looked._kept = {
        "worker": supervise._Kept(program, Child(), time.monotonic() - ran_for),
        "web": supervise._Kept(supervise.Program("web", [], {}, 1.0), Child(), 0.0),
    }

    looked.look_after()

    assert killed == ([Child.pid] if is_killed else [])
