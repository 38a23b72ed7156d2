"""What a server may do to us: bounded in time and size, told by name, private addresses refused."""

import gzip
import socket
import threading
import time
import tracemalloc

import pytest

from accounts.outbound.wire import is_public
from odds.feeds import asking, http
from odds.feeds.http import NoAnswer, Transport
from odds.feeds.provider import Patience, ProviderFailed, TooFrequent


class Drip:
    """Sends bytes as a test says, slower than any read's own limit notices."""

    def __init__(self, pieces, pause):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.stopped = threading.Event()
        self.pieces, self.pause = pieces, pause
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.recv(4096)
            for piece in self.pieces:
                if self.stopped.wait(self.pause):
                    return
                try:
                    connection.sendall(piece)
                except OSError:
                    return
            self.stopped.wait(10)

    def stop(self):
        self.stopped.set()
        self.listener.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [
        ([bytes([byte]) for byte in HEAD], 0.05),
        ([HEAD + b"\r\n", *[b" "] * 1000], 0.05),
        ([HEAD], 0.0),
        ([], 0.0),
    ],
    ids=["headers byte by byte", "body byte by byte", "headers never end", "silence"],
)
def test_a_slow_server_costs_no_more_than_the_whole_time(pieces, pause, monkeypatch):
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.4)
    server, transport = Drip(pieces, pause), None
    try:
        transport = Transport(server.url)
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="ReadTimeout"):
            transport.get("/x")
        # The slowest of these servers would go on for ten seconds and more.
        assert time.monotonic() - begun < 8
    finally:
        server.stop()
        transport.close()


@pytest.mark.parametrize(
    ("body", "packing", "reason"),
    [
        (gzip.compress(b"x" * 5000)[:-12], "gzip", "truncated gzip"),
        (b"not packed", "gzip", "gzip that cannot be unpacked"),
        (b"{}", "br", "packed as 'br'"),
    ],
    ids=["truncated", "not gzip", "brotli"],
)
def test_a_broken_packing_has_a_name(provider, body, packing, reason):
    provider.says(body, Content_Encoding=packing)
    transport = Transport(provider.url)
    with pytest.raises(NoAnswer, match=reason):
        transport.get("/x")
    transport.close()


def test_a_gzip_bomb_is_never_unpacked(provider):
    """60 MB of nothing come as 60 kB; at no moment do we hold more than is allowed."""
    packer = gzip.zlib.compressobj(9, gzip.zlib.DEFLATED, gzip.zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(2_000_000)) for _ in range(30)) + packer.flush()
    provider.says(bomb, Content_Encoding="gzip")
    transport = Transport(provider.url)
    tracemalloc.start()
    with pytest.raises(NoAnswer, match="more than 20,000,000 bytes"):
        transport.get("/x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    transport.close()
    assert peak < 50_000_000


def test_private_addresses_are_refused_where_asked_to(provider):
    provider.says(b"{}")
    transport = Transport(provider.url, only_public=True)
    with pytest.raises(NoAnswer, match="not a public address"):
        transport.get("/x")
    assert provider.asked == []
    transport.close()


def test_a_name_that_means_a_private_address_is_refused(provider):
    provider.says(b"{}")
    transport = Transport(provider.url.replace("127.0.0.1", "localhost"), only_public=True)
    with pytest.raises(NoAnswer, match="not a public address"):
        transport.get("/x")
    assert provider.asked == []
    transport.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0",  # noqa: S104
     "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1",
     "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "192.0.2.1"],
)  # fmt: skip
def test_what_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_what_is_public(address):
    assert is_public(address)


def waits(error, seconds=None):
    error.wait = seconds
    return [asking._wait_before_next(Patience(), error) for _ in range(200)]


def test_waits_are_two_seconds_and_jitter_after_too_many_calls_and_as_long_as_told():
    frequent = waits(TooFrequent("EXCEEDED_FREQ_LIMIT", ""))
    assert all(2.0 <= wait <= 3.0 for wait in frequent)
    assert len(set(frequent)) > 100
    assert all(1.0 <= wait <= 2.0 for wait in waits(ProviderFailed("HTTP_500", "")))
    assert all(7.0 <= wait <= 8.0 for wait in waits(ProviderFailed("HTTP_503", ""), 7.0))
    assert set(waits(ProviderFailed("HTTP_503", ""), 3600.0)) == {False}
    assert asking._wait_before_next(Patience(), ValueError()) is False
