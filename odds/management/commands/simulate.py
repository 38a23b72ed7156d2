"""The simulated league: serve it as a provider, with faults if wanted, or write its past."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from odds.simulator.clock import SteeredClock
from odds.simulator.control import ControlDoor
from odds.simulator.league import SimulatedLeague, write_history
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
