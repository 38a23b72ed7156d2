"""The simulated league: serve it as a provider, or write its past as files to import."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from odds.simulator.league import SimulatedLeague, write_history
from odds.simulator.server import DEFAULT_KEY, serve


class Command(BaseCommand):
    help = "Serve the simulated league over The Odds API v4, or write its history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        serving = actions.add_parser("serve", help="answer as a provider until SIGTERM or Ctrl-C")
        serving.add_argument("--port", type=int, default=0, help="0 takes a free one")
        serving.add_argument("--host", default="127.0.0.1")
        serving.add_argument("--key", default=DEFAULT_KEY, help="the API key to accept")
        history = actions.add_parser("history", help="write past seasons as files")
        history.add_argument("folder", type=Path)
        history.add_argument("--seasons", type=int, default=3)
        history.add_argument("--until", help="ISO date or moment (UTC); default: the world's now")
        for action in (serving, history):
            action.add_argument("--seed", type=int, default=1)
            action.add_argument(
                "--efficient", action="store_true", help="a market in which there is no edge"
            )

    def handle(self, *args: object, action: str, **options: object) -> None:
        run: dict[str, Callable[..., None]] = {"serve": self._serve, "history": self._history}
        run[action](**options)

    def _serve(
        self, *, port: int, host: str, key: str, seed: int, efficient: bool, **_: object
    ) -> None:
        stopping = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopping.set())
        try:
            server = serve(SimulatedLeague(seed, is_efficient=efficient), port, key=key, host=host)
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        with server:
            self.stdout.write(server.url)
            self.stdout.flush()
            stopping.wait()

    def _history(
        self,
        *,
        folder: Path,
        seed: int,
        efficient: bool,
        seasons: int,
        until: str | None,
        **_: object,
    ) -> None:
        try:
            moment = datetime.fromisoformat(until) if until else clock.now()
        except ValueError as error:
            raise CommandError(f"--until: {until!r} is not an ISO date or moment") from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        for path in write_history(
            folder, seed=seed, until=moment, seasons=seasons, is_efficient=efficient
        ):
            self.stdout.write(str(path))
