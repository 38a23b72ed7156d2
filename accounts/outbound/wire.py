"""The sockets under our HTTP client: bounded in time as a whole, and where asked to, public only.

The library bounds each read; a server that sends a byte now and then is within that for ever. Here
every read and write gets what is left of the request's whole time. A host is resolved once, its
addresses are judged, and the connection goes to the very address that was judged.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2


class PrivateAddress(Exception):
    """A host that means this machine or its own network."""


class Bounded(httpcore2.NetworkBackend):
    """Connections that end at a deadline. `only_public` refuses private addresses."""

    def __init__(self, *, only_public: bool) -> None:
        self._plain = httpcore2.SyncBackend()
        self._only_public = only_public
        self._of_thread = threading.local()

    def begin(self, seconds: float) -> None:
        """Give this thread's next request so much time in all."""
        self._of_thread.deadline = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """Return the time for one operation: what is asked for, or what is left.

        Raises:
            httpcore2.ReadTimeout: where nothing is left.
        """
        left = float(self._of_thread.deadline - time.monotonic())
        if left <= 0:
            raise httpcore2.ReadTimeout("the request took too long as a whole")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        at = public_address(host, port) if self._only_public else host
        stream = self._plain.connect_tcp(
            at, port, self.left(timeout), local_address, socket_options
        )
        return _Stream(stream, self)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, backend: Bounded) -> None:
        self._stream, self._backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._backend.left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's own
        return self._stream.get_extra_info(info)


def public_address(host: str, port: int) -> str:
    """Return an address of a host all of whose addresses are public.

    Raises:
        PrivateAddress: where one is not: loopback, private, link-local, reserved, multicast.
        httpcore2.ConnectError: where the name means nothing.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError("the host's name means nothing") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise PrivateAddress(f"{host[:80]} is {address}, not a public address")
    return addresses[0]


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public Internet, also one wrapped in IPv6.

    >>> is_public("1.1.1.1"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
    (True, False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        # 64:ff9b::/96 carries an IPv4 address through a translator.
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        # All else outside 2000::/3 is no address of the Internet, whatever the tables say of it.
        if ip not in ipaddress.ip_network("2000::/3"):
            return False
    return ip.is_global and not ip.is_multicast


def bound(client: httpx2.Client, backend: Bounded) -> None:
    """Make a client's connections those of this backend, proxies of the environment included."""
    # The library has no argument for it; a test holds that the deadline is kept.
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = backend
