"""The product's own server in a process of its own, on the tests' database, and its listeners."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from celery import Task
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import JobRun, User

ROOT = Path(__file__).resolve().parent.parent.parent


def until(condition, what: str, *, seconds: float = 60.0):
    """Return the condition's answer once it is truthy."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
    return answer


class Server:
    """gunicorn as scripts/run starts it, on a port of its own that it keeps over a restart."""

    def __init__(self, log: Path, application: str = "config.asgi:application") -> None:
        self.log = log
        self.application = application
        self.prefix = f"serving-{uuid.uuid4()}"
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **more: str) -> None:
        env = environment(self.prefix) | {
            "FAIRLINE_BIND": f"127.0.0.1:{self.port}",
            "WEB_WORKERS": "1",
            "WEB_THREADS": "2",
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--no-control-socket", self.application],
                cwd=ROOT, env=env | more, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(self._answers, f"the server; its log: {self.log}")

    def stop(self) -> float:
        """Ask it to stop; return how many seconds that took."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        # Longer than gunicorn waits for its workers, so that it has always ended when this returns.
        self.process.wait(45)
        return time.monotonic() - begun

    def listen(self, user: User | None, topics: str, **headers: str) -> "Listening":
        return Listening(self, cookie_of(user) if user else "", topics, headers)

    def get(self, path: str, user: User | None = None) -> tuple[int, bytes]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        asked.request("GET", path, headers={"Cookie": cookie_of(user)} if user else {})
        answer = asked.getresponse()
        body = answer.read()
        asked.close()
        return answer.status, body

    def asking(self, user: User) -> Callable[[str], tuple[int, bytes]]:
        """Return how one browser asks: logged in, over one connection that stays open."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": cookie_of(user)}

        def ask(path: str) -> tuple[int, bytes]:
            asked.request("GET", path, headers=headers)
            answer = asked.getresponse()
            return answer.status, answer.read()

        return ask

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/health/live")[0] == 200
        except OSError:
            return False


class Worker:
    """A Celery worker as scripts/run starts it, that hears a queue of its own alone."""

    def __init__(self, log: Path, prefix: str) -> None:
        self.log = log
        self.prefix = prefix
        self.queue = f"tests-{uuid.uuid4()}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "--app", "config", "--quiet"]
        command += ["worker", "--pool", "prefork", "--concurrency", "1", "--without-gossip"]
        command += ["--without-mingle", "--queues", self.queue, "--loglevel", "warning"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(self.prefix), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def does(self, task: Task, **asked: object) -> JobRun:
        """Queue a task and return what it left when it is done."""
        return self.done(self.told(task, **asked))

    def told(self, task: Task, **asked: object) -> "Told":
        """Queue a task, which is not waited for."""
        before = JobRun.objects.filter(job=task.name).count()
        task.apply_async(kwargs=asked, queue=self.queue)
        return Told(task.name, before)

    def done(self, told: "Told") -> JobRun:
        """Return what a task left, once it is done."""
        runs = JobRun.objects.filter(job=told.job, finished_at__isnull=False).order_by("pk")
        return until(
            lambda: next(iter(runs[told.runs_before :]), None),
            f"{told.job} in a worker; its log: {self.log}",
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let it do nothing for a while: what is queued meanwhile waits."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Told:
    """A job that a worker was told of, and how many runs of it there were before."""

    job: str
    runs_before: int


@dataclass
class Listening:
    """One open stream, read as a browser reads it."""

    server: Server
    cookie: str
    topics: str
    headers: dict[str, str]
    last_id: str = ""
    status: int = 0
    reason: str = ""
    heard: list[tuple[str, dict]] = field(default_factory=list)

    def __post_init__(self) -> None:
        since = self.headers.pop("since", "")
        self.asked = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in self.headers.items()}
        if self.cookie:
            headers["Cookie"] = self.cookie
        self.asked.request("GET", f"/live/?topics={self.topics}&since={since}", headers=headers)
        self.answer = self.asked.getresponse()
        self.status = self.answer.status
        if self.status != 200:
            self.reason = self.answer.read().decode()
            self.close()

    def next(self) -> tuple[str, dict]:
        """Return the next event but a heartbeat, a state or a pace."""
        while True:
            name, data = self.next_of_any_kind()
            if name not in {"beat", "state", "pace"}:
                self.heard.append((name, data))
                return name, data

    def next_of_any_kind(self) -> tuple[str, dict]:
        name = data = ""
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line.startswith("id: "):
                self.last_id = line[4:]
            elif not line and name:
                return name, json.loads(data)
            elif not line and self.answer.isclosed():
                raise EOFError("the stream ended")

    def until_live(self) -> "Listening":
        """Read on until the stream says that signals arrive."""
        while self.next_of_any_kind() != ("state", {"state": "live"}):
            pass
        return self

    def close(self) -> None:
        self.asked.close()


@contextmanager
def serving(
    folder: Path, application: str = "config.asgi:application", **more: str
) -> Iterator[Server]:
    server = Server(folder / "serving.log", application)
    server.start(**more)
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
            server.process.wait(60)


@contextmanager
def working(folder: Path, prefix: str) -> Iterator[Worker]:
    worker = Worker(folder / "working.log", prefix)
    worker.start()
    try:
        yield worker
    finally:
        if worker.process is not None and worker.process.poll() is None:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait(60)


def environment(prefix: str) -> dict[str, str]:
    """Return the environment of a process of the product's on the tests' database."""
    database = connection.settings_dict
    name, word = quote(database["USER"]), quote(database["PASSWORD"] or "")
    where = f"{quote(database['HOST'], safe='')}:{database['PORT'] or 5432}"
    env = os.environ | {
        "DATABASE_URL": f"postgres://{name}:{word}@{where}/{database['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "FAIRLINE_CACHE_PREFIX": prefix,
        # So that a connection kept for nothing is noticed at once.
        "DATABASE_POOL_SIZE": "1",
        "LOG_LEVEL": "WARNING",
        # One test asks in seconds what a person asks in an hour.
        "RATE_DEFAULT": "",
        "RATE_PARTS": "",
        "RATE_ADDRESS": "",
        "API_RATE": "",
        "RATE_WRONG_KEYS": "",
    }
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    return env


def cookie_of(user: User) -> str:
    """Return the cookie of a log-in of theirs."""
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
