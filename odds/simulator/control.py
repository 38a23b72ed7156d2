"""A second door, on this machine only, that steers the simulator's clock: hold, run, step, rate.

GET /clock tells what it shows. POST /clock with a JSON object of any of `{"hold": true}`,
`{"rate": 60}` (which also lets it run) and `{"step": 600}` (seconds) changes it. There is no key:
whoever can reach it may use it, so it listens on the loopback address and is off unless asked for.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from odds.simulator.clock import SteeredClock
from odds.simulator.server import HttpDoor

_LOOPBACK = "127.0.0.1"
_LARGEST = 1000


class BadOrder(ValueError):
    """An order to the clock that cannot be meant, naming the field, the value and the remedy."""


class ControlDoor(HttpDoor):
    """The door."""

    def __init__(self, clock: SteeredClock, port: int = 0) -> None:
        super().__init__(ThreadingHTTPServer((_LOOPBACK, port), _handler(clock)))

    @property
    def url(self) -> str:
        return f"{super().url}/clock"


def obey(clock: SteeredClock, order: object) -> None:
    """Do what an order says, all of it or nothing.

    Raises:
        BadOrder: naming the first field at fault.
    """
    if not isinstance(order, dict) or not order:
        raise BadOrder('order: an object is expected, such as {"step": 600}')
    if unknown := sorted(set(order) - {"hold", "rate", "step"}):
        raise BadOrder(f"{unknown[0]}: no such order; use hold, rate, step")
    rate, step = _number(order, "rate"), _number(order, "step")
    hold = order.get("hold")
    if hold is not None and not isinstance(hold, bool):
        raise BadOrder(f"hold: {hold!r} cannot be; use true or false")
    if hold and rate is not None:
        raise BadOrder("hold: cannot be with a rate; use one of them")
    try:
        clock.steer(hold=False if rate is not None else hold, rate=rate, step=step or 0.0)
    except ValueError as bad:
        raise BadOrder(str(bad)) from None


def _number(order: dict[str, Any], name: str) -> float | None:
    value = order.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise BadOrder(f"{name}: {value!r} cannot be; use a number")
    return value


def _obeyed(clock: SteeredClock, body: bytes) -> tuple[int, dict[str, object]]:
    try:
        obey(clock, json.loads(body))
    except BadOrder as bad:
        return 422, {"message": str(bad)}
    except ValueError:
        return 422, {"message": "order: no JSON"}
    return 200, clock.state()


def _handler(clock: SteeredClock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "FairlineSimulator"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(*((200, clock.state()) if self._is_ours() else (404, {})))

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            size = min(int(length), _LARGEST) if length.isdigit() else 0
            body = self.rfile.read(size)
            self._answer(*(_obeyed(clock, body) if self._is_ours() else (404, {})))

        def _is_ours(self) -> bool:
            # A page in a browser on this machine must not reach the clock under another name.
            host = self.headers.get("Host", "").rsplit(":", 1)[0]
            return self.path == "/clock" and host in {_LOOPBACK, "localhost"}

        def _answer(self, status: int, content: dict[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *parts: object) -> None:
            """Say nothing, as the other door."""

    return Handler
