"""Addresses that users choose cannot reach inside, however they are written or resolved."""

import socket
import threading
from collections.abc import Iterator

import pytest

from accounts import outbound
from accounts.outbound import AddressRefused, NotReached, check_address, post

PUBLIC = "93.184.215.14"
# What names mean in these tests; the last ones lie.
NAMES = {
    "hooks.example.org": [PUBLIC],
    "loop.example.org": ["127.0.0.1"],
    "loop6.example.org": ["::1"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "compatible.example.org": ["::127.0.0.1"],
    "sixtofour.example.org": ["2002:7f00:1::"],
    "teredo.example.org": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "nat64.example.org": ["64:ff9b::7f00:1"],
    "nat64local.example.org": ["64:ff9b:1::7f00:1"],
    "any.example.org": ["0.0.0.0"],  # noqa: S104
    "any6.example.org": ["::"],
    "meta.example.org": ["169.254.169.254"],
    "meta6.example.org": ["fd00:ec2::254"],
    "ten.example.org": ["10.0.0.1"],
    "oneseven.example.org": ["172.16.0.1"],
    "home.example.org": ["192.168.1.1"],
    "cgnat.example.org": ["100.64.0.1"],
    "ula.example.org": ["fc00::1"],
    "link6.example.org": ["fe80::1%1"],
    "site6.example.org": ["fec0::1"],
    "multi.example.org": ["224.0.0.1"],
    "multi6.example.org": ["ff02::1"],
    "broad.example.org": ["255.255.255.255"],
    "doc.example.org": ["192.0.2.1"],
    "bench.example.org": ["198.18.0.1"],
    "future.example.org": ["240.0.0.1"],
    "both.example.org": [PUBLIC, "127.0.0.1"],
    "both6.example.org": ["2606:2800:220:1::1", "::1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "localtest.me": ["127.0.0.1"],
    "0x7f.1.example.org": ["127.0.0.1"],
}
WRITTEN = [
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0177.0.0.1/",
    "https://017700000001/", "https://0177.1/", "https://00000177.0.0.1/", "https://0/",
    "https://0.0.0.0/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:ffff:127.0.0.1]/", "https://[fe80::1%25lo]/",
    "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://192.168.0.1/",
    "https://localhost/", "https://localhost./", "https://LOCALHOST/", "https://a.localhost/",
    "https://printer.local/", "https://db.internal/", "https://hooks.example.org./",
    "https://hooks.example.org@127.0.0.1/", "https://127.0.0.1@hooks.example.org/",
    "https://user:pass@hooks.example.org/", "https://hooks.example.org:443@127.0.0.1/",
    "https://127.0.0.1#@hooks.example.org/", "https://127.0.0.1\\@hooks.example.org/",
    "https://hooks.example.org\\@127.0.0.1/", "https:\\\\127.0.0.1/", "https:/127.0.0.1/",
    "https:127.0.0.1", "//127.0.0.1/", "https://hooks.example.org/\r\nHost: 127.0.0.1",
    "https://hooks.example.org\r\n@127.0.0.1/", "https://hooks.example.org/\tx", "\thttps://127.0.0.1/",
    " https://hooks.example.org/", "https://hooks.example.org /", "https://127。0。0。1/",
    "https://127｡0｡0｡1/", "https://①②⑦.⓪.⓪.①/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "https://\uff11\uff12\uff17.0.0.1/",
    "https://loc\u00adalhost/", "https://hooks.example\u2024org/", "http://hooks.example.org/",
    "ftp://hooks.example.org/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:6379/", "unix:///var/run/docker.sock", "javascript:alert(1)",
    "https://hooks.example.org:22/", "https://hooks.example.org:6379/", "https://hooks.example.org:80/",
    "https://hooks.example.org:0/", "https://hooks.example.org:99999/",
    "https://hooks.example.org:4 43/",
    "https://hooks.example.org:-1/", "https://%31%32%37.0.0.1/", "https://hooks%2eexample.org/",
    "https://hooks.example.org%00.127.0.0.1/", "https:///127.0.0.1/", "https://.127.0.0.1/", "https://",
    "",
    "https://" + "a" * 600 + ".org/",
]  # fmt: skip


@pytest.fixture
def canary() -> Iterator[tuple[int, list[object], threading.Event]]:
    """A server on loopback that notes every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[object] = []
    came = threading.Event()

    def listen() -> None:
        while True:
            try:
                connection, where = listener.accept()
            except OSError:
                return
            seen.append(where)
            came.set()
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield listener.getsockname()[1], seen, came
    listener.close()


@pytest.fixture
def wire(monkeypatch, canary) -> list[str]:
    """Names as above; every connection anywhere is noted, and one inside goes to the canary."""
    port = canary[0]
    asked: list[str] = []

    def resolve(host, _port, *_args, **_kwargs):
        if host not in NAMES:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in NAMES[host]]

    def inside(port):
        reached = socket.socket()
        reached.connect(("127.0.0.1", port))
        return reached

    def note(address, *args, **kwargs):
        asked.append(address[0])
        if address[0] != PUBLIC:
            return inside(port)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", note)
    return asked


def tries(url: str) -> None:
    """What a user who got past saving would do."""
    with pytest.raises((AddressRefused, NotReached)):
        post(url, body=b"{}", headers={})


@pytest.mark.parametrize("url", WRITTEN)
def test_a_trick_in_the_writing_is_refused_when_saved_and_when_sent(wire, canary, url):
    with pytest.raises(AddressRefused):
        check_address(url)
    tries(url)
    assert (wire, canary[1]) == ([], [])


@pytest.mark.parametrize("host", sorted(set(NAMES) - {"hooks.example.org"}))
def test_a_name_that_means_inside_is_refused_when_saved_and_when_sent(wire, canary, host):
    with pytest.raises(AddressRefused):
        check_address(f"https://{host}/hook")
    tries(f"https://{host}/hook")
    assert (wire, canary[1]) == ([], [])


def test_there_are_sixty_tricks_and_more():
    assert len(set(WRITTEN)) + len(NAMES) - 1 >= 60


def test_a_name_that_changes_its_meaning_is_judged_by_what_is_connected_to(
    wire, canary, monkeypatch
):
    meanings = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    resolve = socket.getaddrinfo

    def rebind(host, port, *args, **kwargs):
        monkeypatch.setitem(NAMES, host, next(meanings))
        return resolve(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    check_address("https://hooks.example.org/hook")

    with pytest.raises(AddressRefused, match="not a public one any more"):
        post("https://hooks.example.org/hook", body=b"{}", headers={})
    assert (wire, canary[1]) == ([], [])


def test_the_address_judged_is_the_one_connected_to(wire, monkeypatch):
    meanings = iter([[PUBLIC], ["127.0.0.1"]])
    resolve = socket.getaddrinfo

    def rebind(host, port, *args, **kwargs):
        monkeypatch.setitem(NAMES, host, next(meanings))
        return resolve(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)

    tries("https://hooks.example.org/hook")
    assert wire == [PUBLIC]


def test_the_canary_can_be_reached(wire, canary, monkeypatch):
    """If this fails, the tests above prove nothing."""
    monkeypatch.setattr(outbound, "_judged", lambda url: ("", 443))
    monkeypatch.setattr("accounts.outbound.wire.is_public", lambda address: True)

    tries("https://loop.example.org/hook")
    assert wire == ["127.0.0.1"]
    assert canary[2].wait(60)


class Receiver:
    """Answers each request with what it is told to, on loopback."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        self.seen: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.seen.append(connection.recv(65536))
                try:
                    connection.sendall(self.answer)
                except OSError:
                    continue


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.listener.close()


def test_an_origin_the_operator_names_is_reached_and_no_other(receiver, settings):
    url = f"{receiver.origin}/hook"
    with pytest.raises(AddressRefused):
        check_address(url)

    settings.WEBHOOK_ORIGINS = [receiver.origin]
    check_address(url)
    assert post(url, body=b"{}", headers={"X-A": "b"}).status == 200
    assert b"x-a: b" in receiver.seen[0].lower()
    for near in ("http://127.0.0.1:1/", f"{receiver.origin}@127.0.0.1/", "http://127.0.0.1/"):
        with pytest.raises(AddressRefused):
            check_address(near)


def test_no_redirect_is_followed(receiver, canary, settings):
    settings.WEBHOOK_ORIGINS = [receiver.origin]
    for status in (301, 302, 303, 307, 308):
        receiver.answer = (
            f"HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1:{canary[0]}/\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
        assert post(f"{receiver.origin}/", body=b"", headers={}).status == status
    assert canary[1] == []


def test_an_endless_answer_is_read_to_a_limit(receiver, settings):
    settings.WEBHOOK_ORIGINS = [receiver.origin]
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000

    assert post(f"{receiver.origin}/", body=b"", headers={}).status == 200


def test_a_receiver_says_when_to_come_back(receiver, settings):
    settings.WEBHOOK_ORIGINS = [receiver.origin]
    receiver.answer = b"HTTP/1.1 429 No\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"

    answered = post(f"{receiver.origin}/", body=b"", headers={})
    assert answered.status == 429
    assert answered.retry_after is not None
    assert answered.retry_after.total_seconds() == 30
