"""One way out: GET over HTTP with limits on time and size, and no address in any error.

Addresses carry the key, so no error and no log line of ours holds one.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.0, 10.0, 15.0
LARGEST_ANSWER = 20_000_000

# The library tells every address at INFO; ours holds the key.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class NoAnswer(Exception):
    """Nothing usable came back: a timeout, a broken connection, or too much."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """A connection to one server, kept open between requests."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
        )

    def get(self, path: str, parameters: Mapping[str, str]) -> Answer:
        """Return the answer to one request.

        Raises:
            NoAnswer: without the address, whatever went wrong on the way.
        """
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            with self._client.stream("GET", f"{self._url}{path}", params=parameters) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise NoAnswer(f"more than {LARGEST_ANSWER:,} bytes")
                    if time.monotonic() > deadline:
                        raise NoAnswer(f"not complete within {TOTAL_SECONDS:.0f} s")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, headers, bytes(body))
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            # The cause is left out on purpose: it holds the address.
            raise NoAnswer(f"{path}: {type(error).__name__}") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
