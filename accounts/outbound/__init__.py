"""The one way out to addresses that users choose: public hosts over TLS, and nothing else.

An address is judged when it is saved and again when it is used: its host is resolved once, every
address found must be public, and the connection goes to one of those very addresses with the host
kept for TLS. No redirect is followed, no proxy asked, no answer shown.
"""

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from functools import cache as once
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings

from accounts.outbound import traces
from accounts.outbound.wire import Bounded, PrivateAddress, bound, public_address

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.0, 5.0, 8.0
LARGEST_ANSWER = 64 * 1024
LONGEST_ADDRESS = 500
# Names only, the last part no number: decimal, octal, hex and short forms of an IP address, users
# before an @, backslashes, other scripts' dots and dots at the end do not fit.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"https://(?P<host>(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>/[!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
# Suffixes that mean a private network by convention, whatever a resolver here says.
_INSIDE = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".intranet")


class AddressRefused(Exception):
    """An address that may not be reached, and why."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request: the status, and how long the receiver asked to be left alone."""

    status: int
    retry_after: timedelta | None = None


class NotReached(Exception):
    """No answer: a timeout, a broken connection, a certificate that does not fit."""


def check_address(url: str) -> None:
    """Refuse an address that is not public https; to be asked before it is saved.

    Raises:
        AddressRefused: naming what is wrong and what may be.
    """
    if _is_named_by_operator(url):
        return
    host, port = _judged(url)
    try:
        public_address(host, port)
    except PrivateAddress:
        raise AddressRefused(
            f"{host} is not a public host; a webhook is on the Internet."
        ) from None
    except httpcore2.ConnectError:
        raise AddressRefused(f"{host} means nothing from here; check how it is spelt.") from None


def post(url: str, *, body: bytes, headers: dict[str, str]) -> Answered:
    """Send a body and return how it was answered; the answer itself is not kept.

    Raises:
        AddressRefused: where the address may not, or no longer, be reached.
        NotReached: where nothing usable came back in time; never with the address, which may hold
            a token.
    """
    named = _is_named_by_operator(url)
    if not named:
        _judged(url)
    backend = Bounded(only_public=not named)
    client = httpx2.Client(
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
        follow_redirects=False,
        # Through a proxy it would be the proxy that resolves names.
        trust_env=False,
        verify=_trusted(),
        headers={"User-Agent": "Fairline-Alerts/1"},
        event_hooks={"request": [traces.tell]},
    )
    with client:
        bound(client, backend)
        backend.begin(TOTAL_SECONDS)
        try:
            with client.stream("POST", url, content=body, headers=headers) as response:
                _read_and_forget(response)
                return Answered(response.status_code, _asked_to_wait(response))
        except PrivateAddress:
            raise AddressRefused("the host is not a public one any more") from None
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            raise NotReached(type(error).__name__) from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, ValueError) as error:
            raise NotReached(type(error).__name__) from None


def _judged(url: str) -> tuple[str, int]:
    if len(url) > LONGEST_ADDRESS:
        raise AddressRefused(f"The address is longer than {LONGEST_ADDRESS} characters.")
    found = _ADDRESS.fullmatch(url)
    if found is None:
        raise AddressRefused(
            "A webhook's address is https://, a host's full name, and a path, such as "
            "https://hooks.example.org/fairline."
        )
    host, port = found["host"].lower(), int(found["port"] or 443)
    if port != 443 and port not in settings.WEBHOOK_PORTS:
        allowed = ", ".join(map(str, [443, *settings.WEBHOOK_PORTS]))
        raise AddressRefused(f"Port {port} may not be reached; leave it out or use {allowed}.")
    if host.endswith(_INSIDE):
        raise AddressRefused(f"{host} is a name of a private network.")
    return host, port


def _is_named_by_operator(url: str) -> bool:
    """Say whether the operator's settings name this address's origin, letter by letter."""
    if not settings.WEBHOOK_ORIGINS or not re.fullmatch(r"https?://[!-\[\]-~]+", url):
        return False
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" in settings.WEBHOOK_ORIGINS


@once
def _trusted() -> ssl.SSLContext:
    # To read the certificates takes fifty milliseconds.
    return httpx2.create_ssl_context()


def _read_and_forget(response: httpx2.Response) -> None:
    # A receiver that never ends its answer would keep a worker.
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            return


def _asked_to_wait(response: httpx2.Response) -> timedelta | None:
    asked = response.headers.get("retry-after", "")
    return timedelta(seconds=int(asked)) if re.fullmatch(r"[0-9]{1,6}", asked) else None
