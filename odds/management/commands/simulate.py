"""The simulated league: serve it, with faults if wanted; prove they do no harm; write its past."""

import json
import logging
import signal
import threading
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts import clock
from odds.simulator.clock import SteeredClock
from odds.simulator.control import ControlDoor
from odds.simulator.league import SimulatedLeague, write_history
from odds.simulator.proving import prove
from odds.simulator.scenario import BadScenario, Scenario, as_toml, read_scenario
from odds.simulator.server import DEFAULT_KEY, serve

EDGE, EFFICIENT = "edge", "efficient"


class Command(BaseCommand):
    help = "Serve the simulated league over The Odds API v4, check a scenario, or write the past."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        serving = actions.add_parser("serve", help="answer as a provider until SIGTERM or Ctrl-C")
        serving.add_argument("--port", type=int, default=0, help="0 takes a free one")
        serving.add_argument("--host", default="127.0.0.1")
        serving.add_argument("--key", default=DEFAULT_KEY, help="the API key to accept")
        serving.add_argument(
            "--scenario", type=Path, help="a file of faults, or the name of one shipped"
        )
        serving.add_argument(
            "--control",
            type=int,
            metavar="PORT",
            help="steer the clock at this port of this machine (0 takes a free one); without it, "
            "the clock is the product's",
        )
        serving.add_argument("--now", help="with --control: what the clock shows at first")
        serving.add_argument("--rate", type=float, default=1.0, help="with --control: its speed")
        checking = actions.add_parser("check", help="tell whether a scenario can be used")
        checking.add_argument("scenario", type=Path)
        proving = actions.add_parser(
            "prove",
            help="run drawn scenarios through the real client and database and check every price",
        )
        proving.add_argument("--scenarios", type=int, default=1000, help="how many")
        proving.add_argument("--first", type=int, default=0, help="the number of the first")
        history = actions.add_parser("history", help="write past seasons as files")
        history.add_argument("folder", type=Path)
        history.add_argument("--seasons", type=int, default=3)
        history.add_argument("--until", help="ISO date or moment (UTC); default: the world's now")
        for action in (serving, history):
            action.add_argument("--seed", type=int, default=1)
            action.add_argument(
                "--mode",
                choices=(EDGE, EFFICIENT),
                default=EDGE,
                help="whether there is an edge to find in the market",
            )

    def handle(self, *args: object, action: str, **options: object) -> None:
        run: dict[str, Callable[..., None]] = {
            "serve": self._serve,
            "check": self._check,
            "prove": self._prove,
            "history": self._history,
        }
        run[action](**options)

    def _serve(
        self,
        *,
        port: int,
        host: str,
        key: str,
        scenario: Path | None,
        control: int | None,
        now: str | None,
        rate: float,
        seed: int,
        mode: str,
        **_: object,
    ) -> None:
        stopping = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
        if control is None and now is not None:
            raise CommandError("--now: only with --control; otherwise the clock is the product's")
        steered = None if control is None else SteeredClock(_moment(now, "--now"), rate)
        try:
            server = serve(
                SimulatedLeague(seed, is_efficient=mode == EFFICIENT),
                port,
                key=key,
                host=host,
                clock=steered,
                scenario=_scenario(scenario) if scenario else None,
            )
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        with ExitStack() as doors:
            doors.enter_context(server)
            self.stdout.write(server.url)
            if steered is not None:
                self.stdout.write(doors.enter_context(ControlDoor(steered, control or 0)).url)
            self.stdout.flush()
            stopping.wait()

    def _check(self, *, scenario: Path, **_: object) -> None:
        self.stdout.write(as_toml(_scenario(scenario)), ending="")

    def _prove(self, *, scenarios: int, first: int, **_: object) -> None:
        started = monotonic()
        total, struck, refused, failed = Counter[str](), Counter[str](), Counter[str](), 0
        with _own_database(), _quiet():
            for number in range(first, first + scenarios):
                verdict = prove(number)
                total.update(verdict.counts)
                struck += verdict.struck
                refused += verdict.refused
                if not verdict.is_passed:
                    failed += 1
                    self.stderr.write(f"scenario {number} failed: {verdict.faults[0]}")
                    self.stderr.write(as_toml(verdict.scenario))
        told = {
            "scenarios": scenarios,
            "failed": failed,
            **total,
            "seconds": round(monotonic() - started, 1),
            "faults": struck,
            "refusals": refused,
        }
        self.stdout.write(json.dumps(told, indent=1))
        if failed:
            raise CommandError(f"{failed} of {scenarios} scenarios failed")

    def _history(
        self, *, folder: Path, seed: int, mode: str, seasons: int, until: str | None, **_: object
    ) -> None:
        for path in write_history(
            folder,
            seed=seed,
            until=_moment(until, "--until"),
            seasons=seasons,
            is_efficient=mode == EFFICIENT,
        ):
            self.stdout.write(str(path))


@contextmanager
def _own_database() -> Iterator[None]:
    """Work in a database beside the real one, made if missing and kept for the next time."""
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"] = connection.settings_dict.get("TEST", {}) | {
        "NAME": f"{name}_proof"
    }
    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the warnings that a provider full of faults gives rise to by the thousand."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _scenario(path: Path) -> Scenario:
    try:
        return read_scenario(path)
    except BadScenario as bad:
        raise CommandError(str(bad)) from bad


def _moment(text: str | None, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text else clock.now()
    except ValueError as error:
        raise CommandError(f"{option}: {text!r} is not an ISO date or moment") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
