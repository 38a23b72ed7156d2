"""The simulator's door: The Odds API v4 over HTTP, on threads of the standard library."""

import gzip
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from django.db import connections

from odds.simulator.clock import Clock, WorldClock
from odds.simulator.protocol import Account, Answer, OddsApi
from odds.simulator.scenario import Disturber, Scenario
from odds.simulator.worlds import World

DEFAULT_KEY = "simulated"
_HOST = "127.0.0.1"
_SMALLEST_TO_COMPRESS = 512

# Stands between a request and its answer: the seam for faults. It gets the path, the parameters
# and what would answer them, which it may call or leave.
Disturb = Callable[[str, dict[str, str], Callable[[], Answer]], Answer]


class HttpDoor:
    """A door that answers on threads; use it as a context manager or `start` and `stop` it."""

    def __init__(self, http: ThreadingHTTPServer) -> None:
        self._http = http
        self._http.daemon_threads = True
        # Looking often whether to stop costs nothing, and tests start many servers.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{self._http.server_address[0]!s}:{self.port}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and free the port; requests under way are finished."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Server(HttpDoor):
    """A running or startable provider."""

    def __init__(self, api: OddsApi, port: int, disturb: Disturb | None, host: str) -> None:
        self.api = api
        # Whoever is kept waiting for an answer is let go when the server stops.
        self._stopping = threading.Event()
        # Looked at for every request, so it may be set before the server starts.
        self.disturb = disturb
        super().__init__(_Http((host, port), _handler(self, self._stopping)))

    def stop(self) -> None:
        self._stopping.set()
        super().stop()


def serve(
    world: World,
    port: int = 0,
    *,
    key: str = DEFAULT_KEY,
    clock: Clock | None = None,
    accounts: list[Account] | None = None,
    disturb: Disturb | None = None,
    scenario: Scenario | None = None,
    requests_per_second: int | None = None,
    host: str = _HOST,
) -> Server:
    """Return a server of this world, not started yet; port 0 takes a free one.

    Without a clock it shows the product's own time. `accounts` replaces the one of `key`, whose
    plan is large and has history. A scenario gives the key its account, and faults.
    """
    if scenario is not None:
        accounts = accounts or [scenario.account(key)]
        requests_per_second = requests_per_second or scenario.requests_per_second
    api = OddsApi(
        world,
        clock or WorldClock(),
        accounts or [Account(key)],
        requests_per_second=requests_per_second,
    )
    if scenario is not None and disturb is None:
        disturb = Disturber(scenario, api)
    return Server(api, port, disturb, host)


class _Http(ThreadingHTTPServer):
    # A worker's burst of connections must not be refused.
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers who left before their answer; they had to wait too long."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(server: Server, stopping: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "FairlineSimulator"
        sys_version = ""

        def do_GET(self) -> None:
            target = urlsplit(self.path)
            params = dict(parse_qsl(target.query, True))

            def respond() -> Answer:
                return server.api.answer(target.path, params)

            try:
                disturb = server.disturb
                answer = disturb(target.path, params, respond) if disturb else respond()
            finally:
                # A world may read the database; this thread must not keep its connection.
                connections.close_all()
            if answer.fate == "silence":
                stopping.wait(answer.hold)
                self.close_connection = True
            else:
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            headers, body = _packed(answer, self.headers.get("Accept-Encoding", ""))
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.fate == "dropped":
                body = body[: len(body) // 2]
                self.close_connection = True
            self.wfile.write(body)

        def log_message(self, *parts: object) -> None:
            """Say nothing: the request line holds the caller's key."""

    return Handler


def _packed(answer: Answer, accepted: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body as they go out: compressed on request, cut where that is its fate."""
    body = answer.body()
    headers = {"Content-Type": "application/json; charset=utf-8"} | answer.headers
    if len(body) >= _SMALLEST_TO_COMPRESS and "gzip" in accepted:
        # No time stamp inside: the same answer must be the same bytes.
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return headers, body[: len(body) // 2] if answer.fate == "truncated" else body
