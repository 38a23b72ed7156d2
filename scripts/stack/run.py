"""scripts/run: everything, until Ctrl-C."""

import json
import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stack import environment, installing, logs, playing, ports, say
from stack.interrupts import Interrupts
from stack.locks import Claim
from stack.place import Place, read_json, write_json
from stack.services import Services
from stack.supervise import Program, Supervisor
from stack.world_clock import Anchor

HELP = """\
scripts/run    set up and start everything; Ctrl-C stops it

It makes .venv, installs what is needed by hash, and starts Postgres, Valkey, the web server, a
worker, a trainer of models, the schedule and, without THE_ODDS_API_KEY, a simulated league as the
odds provider. All it keeps is under var/. From the environment or .env (.env.example has all):

  PORT                  web port (default: 8000 or the next free one)
  THE_ODDS_API_KEY      real odds instead of the simulated league
  FAIRLINE_HISTORY      a folder or file of history to import at the first start
  FAIRLINE_CLOCK_RATE   how many times faster than real the simulated league plays (default: 120)
  DATABASE_URL          your own Postgres instead of the embedded one
  REDIS_URL             your own Valkey or Redis instead of the embedded one
  FAIRLINE_VAR          where to keep everything (default: var)
"""
HEALTH_SECONDS = 120.0
NOTE_EVERY = 5.0
# The gate checks the code; checking it again in each process would be half of every start.
UNCHECKED = ["--skip-checks"]


def run(place: Place, arguments: Sequence[str]) -> int:
    """Start everything and keep it running; return 0 when it was told to stop."""
    if arguments:
        say.result(HELP)
        return 0 if {"-h", "--help"} & set(arguments) else 2
    place.prepare()
    claim = Claim(place.state / "run.lock")
    if not claim.take():
        raise say.Trouble(_already_running(place))
    interrupts = Interrupts()
    interrupts.listen()
    product = _Product(place, interrupts)
    try:
        product.start()
        product.keep()
    except KeyboardInterrupt:
        say.progress("stopping")
    finally:
        interrupts.ignore_from_here()
        product.stop()
        claim.drop()
    say.progress("stopped; nothing is left running, and everything is kept for the next start")
    return 0


def _already_running(place: Place) -> str:
    running = read_json(place.state / "run.json")
    return (
        f"Fairline already runs from this folder: {running.get('address', 'still starting')} "
        f"(process {running.get('pid', 'unknown')}).\n"
        "Stop it there with Ctrl-C, or end that process, and start again. A second copy needs a "
        "checkout, or a FAIRLINE_VAR, of its own."
    )


@dataclass(frozen=True)
class _Simulation:
    """The provider, when it is our own."""

    port: int
    anchor: Anchor


class _Product:
    """One running Fairline."""

    def __init__(self, place: Place, interrupts: Interrupts) -> None:
        self._place = place
        self._interrupts = interrupts
        self._supervisor = Supervisor(place, interrupts)
        self._manage = [str(place.python), "manage.py"]
        self._clock = playing.clock_of(place)
        self._services: Services | None = None
        self._simulation: _Simulation | None = None

    def start(self) -> None:
        """Bring everything up, and tell where it is."""
        write_json(self._place.state / "run.json", {"pid": os.getpid()})
        user = environment.of_user(self._place)
        # Ours as long as we live: requests wait in it while the web server starts again.
        self._listening = _listen(user.get("PORT", ""))
        self._supervisor.end_orphans()
        self._clock.played_on()
        installing.install(self._place, installing.runtime_lock(user))
        secrets_ = environment.installation_secrets(self._place)
        variables = environment.complete(self._place, secrets_=secrets_)
        variables |= {"FAIRLINE_DEMO_LOGIN": "1", "FAIRLINE_REVISION": _revision(self._place)}
        self._services = Services(self._place, user, secrets_=secrets_)
        with self._interrupts.held():
            variables |= self._services.join()
        # Only the first run needs them; no process that serves does.
        passwords = {name: variables.pop(name) for name in environment.PASSWORDS}
        facts = self._first_run(variables | passwords, simulated=playing.is_simulated(user))
        if playing.is_simulated(user):
            variables |= self._start_simulator(variables, user)
        self._start_programs(variables, self._listening.fileno())
        address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        write_json(self._place.state / "run.json", {"pid": os.getpid(), "address": address})
        self._wait_for_health(address)
        self._tell(address, passwords, facts)

    def keep(self) -> None:
        """Look after everything until interrupted."""
        noted = heal_at = time.monotonic()
        while self._services is not None:
            self._supervisor.look_after()
            now = time.monotonic()
            if now >= heal_at:
                heal_at = now + self._heal(self._services)
            if self._simulation is not None and now - noted > NOTE_EVERY:
                self._clock.note(self._simulation.anchor)
                noted = now
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the processes, then the servers under them."""
        self._supervisor.stop()
        if self._simulation is not None:
            self._clock.stop(self._simulation.anchor)
        (self._place.state / "provider.json").unlink(missing_ok=True)
        (self._place.state / "run.json").unlink(missing_ok=True)
        if self._services is not None:
            self._services.leave()

    def _heal(self, services: Services) -> float:
        """Start dead servers again; return in how many seconds to look next."""
        try:
            with self._interrupts.held():
                for name in services.heal():
                    say.progress(f"{name} is up again")
        except say.Trouble as trouble:
            say.progress(f"{trouble}\ntrying again in 10 s")
            return 10.0
        return 1.0

    def _first_run(self, variables: Mapping[str, str], *, simulated: bool) -> dict[str, Any]:
        say.progress("bringing the database up to date")
        world = self._clock.start(rate=1.0) if simulated else None
        try:
            text = self._supervisor.finish(
                Program(
                    "first_run",
                    [*self._manage, "first_run", *UNCHECKED],
                    dict(variables)
                    | {"LOG_LEVEL": variables.get("LOG_LEVEL", "WARNING")}
                    | (playing.simulator_variables(0) if world else {})
                    | ({"FAIRLINE_CLOCK": world.as_variable()} if world else {}),
                    patience=10.0,
                )
            )
        finally:
            if world is not None:
                self._clock.stop(world)
        return dict(json.loads(text.strip().splitlines()[-1]))

    def _start_simulator(
        self, variables: Mapping[str, str], user: Mapping[str, str]
    ) -> dict[str, str]:
        port = ports.any_free()
        anchor = self._clock.start(rate=_rate(user))
        provider = playing.simulator_variables(port) | {"FAIRLINE_CLOCK": anchor.as_variable()}
        self._simulation = _Simulation(port, anchor)
        write_json(self._place.state / "provider.json", provider)
        command = [*self._manage, "simulate", *UNCHECKED, "serve", "--port", str(port)]
        self._supervisor.start(Program("simulator", command, {**variables, **provider}, 5.0))
        return provider

    def _wait_for_simulator(self) -> None:
        """Let nobody ask for prices before there is somebody to answer."""
        if self._simulation is not None:
            deadline = time.monotonic() + HEALTH_SECONDS
            while ports.is_free(self._simulation.port) and time.monotonic() < deadline:
                self._supervisor.look_after()
                time.sleep(0.1)

    def _start_programs(self, variables: Mapping[str, str], listening: int) -> None:
        metrics = self._place.state / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        bin_ = self._place.venv / "bin"
        ours = {
            **variables,
            "OMP_NUM_THREADS": variables.get("OMP_NUM_THREADS", "1"),
            # Whoever presses Ctrl-C waits for it.
            "WORKER_STOPS_WITHIN": variables.get("WORKER_STOPS_WITHIN", "10"),
        }
        web = {
            **ours,
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "FAIRLINE_BIND": f"fd://{listening}",
        }
        celery = [str(bin_ / "celery"), "--app", "config", "--quiet"]
        self._supervisor.start(
            Program(
                "web",
                [
                    *(str(bin_ / "gunicorn"), "-c", "python:config.gunicorn"),
                    *("--no-control-socket", "config.asgi:application"),
                ],
                web,
                patience=10.0,
                descriptors=[listening],
            )
        )
        signs = {name: self._place.state / f"{name}-sign" for name in ("worker", "trainer")}
        self._wait_for_simulator()
        self._supervisor.start(
            Program(
                "worker",
                [
                    *(*celery, *UNCHECKED, "worker", "--pool", "prefork", "--concurrency", "2"),
                    *("--queues", "money,feeds", "--without-gossip", "--without-mingle"),
                ],
                ours | {"WORKER_SIGN_FILE": str(signs["worker"])},
                patience=20.0,
                sign=signs["worker"],
            )
        )
        self._supervisor.start(
            Program(
                "trainer",
                [
                    *(*celery, *UNCHECKED, "worker", "--pool", "prefork"),
                    *("--concurrency", ours.get("FAIRLINE_TRAINERS") or "1"),
                    *("--queues", "models", "--hostname", "trainer@%h"),
                    *("--without-gossip", "--without-mingle"),
                ],
                ours | {"WORKER_SIGN_FILE": str(signs["trainer"])},
                patience=20.0,
                sign=signs["trainer"],
            )
        )
        beat = ["beat", "--schedule", str(self._place.state / "beat"), "--pidfile="]
        self._supervisor.start(Program("beat", [*celery, *beat], ours, patience=5.0))

    def _wait_for_health(self, address: str) -> None:
        say.progress("waiting for the web server")
        deadline = time.monotonic() + HEALTH_SECONDS
        while not _answers(f"{address}/health/live"):
            self._supervisor.look_after()
            if time.monotonic() > deadline:
                log = self._place.logs / "web.log"
                raise say.Trouble(f"The web server does not answer. Its log:\n{logs.tail(log)}")
            time.sleep(0.2)

    def _tell(self, address: str, passwords: Mapping[str, str], facts: Mapping[str, Any]) -> None:
        say.progress("everything runs")
        say.result(f"\nFairline is at {address}\n")
        for login, name in (("demo", "DEMO"), ("operator", "OPERATOR")):
            changed = facts.get(f"{login}_password") == "changed"
            secret = "(your own password)" if changed else passwords[f"FAIRLINE_{name}_PASSWORD"]
            where = f"   {address}/admin/ (asks for a second factor)" if login == "operator" else ""
            say.result(f"  log in as  {login:9} {secret}{where}")
        if self._simulation is not None:
            rate = self._simulation.anchor.rate
            say.result(
                "\n  The league is simulated, and said to be so on every page. An hour of it takes "
                f"{3600 / rate:.0f} s:\n  prices move at once, opportunities appear within a "
                "minute, bets are placed by themselves and\n  settle when their events end."
            )
        else:
            say.result("\n  Odds come from The Odds API; Status shows the credits left.")
        for note in facts.get("notes", []):
            say.result(f"  {note}")
        say.result(f"\n  logs in {self._place.logs}; Ctrl-C stops everything and keeps the data\n")


def _listen(wanted: str) -> socket.socket:
    """Return the web server's listening socket."""
    if wanted and not wanted.isdecimal():
        raise say.Trouble(f"PORT={wanted} is not a port number.")
    for port in [int(wanted)] if wanted else [*range(8000, 8050), 0]:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            continue
        listening.listen(256)
        return listening
    raise say.Trouble(f"PORT={wanted} is taken by another program; choose another or unset PORT.")


def _rate(user: Mapping[str, str]) -> float:
    text = user.get("FAIRLINE_CLOCK_RATE") or str(playing.RATE)
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 3600:
        raise say.Trouble(f"FAIRLINE_CLOCK_RATE={text} must be a number above 0, up to 3600.")
    return rate


def _revision(place: Place) -> str:
    head = place.root / ".git" / "HEAD"
    if not head.is_file():
        return "unknown"
    text = head.read_text().strip()
    reference = place.root / ".git" / text.removeprefix("ref: ")
    return reference.read_text().strip()[:12] if reference.is_file() else text[:12]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
