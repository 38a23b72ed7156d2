"""One way out: GET over HTTP with limits on time and size, and no address in any error.

Addresses carry the key, so no error and no log line of ours holds one.
"""

import logging
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import httpcore2
import httpx2

from accounts.outbound import traces
from accounts.outbound.wire import Bounded, PrivateAddress, bound

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.0, 10.0, 15.0
LARGEST_ANSWER = 20_000_000

# The library tells every address at INFO; ours holds the key.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)


class NoAnswer(Exception):
    """Nothing usable came back: a timeout, a broken connection, a broken encoding, too much."""


class BrokenAnswer(NoAnswer):
    """An answer came and cannot be unpacked, or is too large."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """A connection to one server, kept open between requests."""

    def __init__(
        self,
        url: str,
        *,
        only_public: bool = False,
        read_seconds: float = READ_SECONDS,
        total_seconds: float | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._total_seconds = total_seconds
        self._backend = Bounded(only_public=only_public)
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            verify=_trusted(),
            follow_redirects=False,
            # Through a proxy it is the proxy that resolves names, so nothing could be judged.
            trust_env=not only_public,
            headers={"Accept": "application/json, text/csv;q=0.9", "Accept-Encoding": "gzip"},
            event_hooks={"request": [traces.tell]},
        )
        bound(self._client, self._backend)

    def get(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one request.

        Raises:
            NoAnswer: without the address, whatever went wrong on the way.
        """
        self._backend.begin(self._total_seconds or TOTAL_SECONDS)
        address = f"{self._url}{path}"
        try:
            with self._client.stream(
                "GET", address, params=parameters or None, headers=headers
            ) as response:
                named = {name.lower(): value for name, value in response.headers.items()}
                packing = named.get("content-encoding", "").strip().lower()
                body = _unpacked(response.iter_raw(), packing)
                return Answer(response.status_code, named, body)
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            # The cause is left out on purpose: it holds the address.
            raise NoAnswer(f"{path}: {type(error).__name__}") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError) as error:
            raise NoAnswer(f"{path}: {type(error).__name__}") from None
        except PrivateAddress as refusal:
            raise NoAnswer(str(refusal)) from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@cache
def _trusted() -> ssl.SSLContext:
    # To read the certificates takes fifty milliseconds, and a client is opened for each job.
    return httpx2.create_ssl_context()


def _unpacked(chunks: Iterator[bytes], packing: str) -> bytes:
    """Return the body, never holding more than is allowed, however small it came packed."""
    if packing in ("", "identity"):
        body = bytearray()
        for chunk in chunks:
            body += chunk
            _check_size(body)
        return bytes(body)
    if packing not in ("gzip", "x-gzip"):
        raise BrokenAnswer(f"packed as {packing[:20]!r}, which was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    body = bytearray()
    try:
        for chunk in chunks:
            body += unpack.decompress(chunk, LARGEST_ANSWER + 1 - len(body))
            _check_size(body)
    except zlib.error:
        raise BrokenAnswer("gzip that cannot be unpacked") from None
    if not unpack.eof:
        raise BrokenAnswer("truncated gzip")
    return bytes(body)


def _check_size(body: bytearray) -> None:
    if len(body) > LARGEST_ANSWER:
        raise BrokenAnswer(f"more than {LARGEST_ANSWER:,} bytes")
