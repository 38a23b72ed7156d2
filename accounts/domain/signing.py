"""What proves who sent a body, and when: the same header out of Fairline and into it."""

import hashlib
import hmac
import re

# How far the clock of whoever signs may be from ours, either way; seconds.
WINDOW = 300
HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def signature(secret: str, body: bytes, *, at: int) -> str:
    """Return the header that proves who sent a body, and when: HMAC-SHA256 of 'time.body'.

    >>> signature("whsec_1", b"{}", at=1)[:14]
    't=1,v1=f1ee2c2'
    """
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={proof}"


def fault_of(header: str, secret: str, body: bytes, *, now: int) -> str:
    """Return why a header does not prove this body now, empty where it does. In constant time.

    >>> fault_of(signature("whsec_1", b"{}", at=1), "whsec_1", b"{}", now=300)
    ''
    >>> fault_of(signature("whsec_1", b"{}", at=1), "whsec_1", b"{}", now=302)
    'it was signed 301 seconds from our time; sign anew, with a clock that is right to 300'
    """
    found = HEADER.fullmatch(header)
    if found is None:
        return "write t=SECONDS,v1=HEX: Unix time and the HMAC-SHA256 of it, a dot and the body"
    at = int(found[1])
    if not hmac.compare_digest(signature(secret, body, at=at), f"t={at},v1={found[2]}"):
        return "it does not prove what was sent; sign the very bytes, with the source's secret"
    if abs(now - at) > WINDOW:
        return (
            f"it was signed {abs(now - at)} seconds from our time; "
            f"sign anew, with a clock that is right to {WINDOW}"
        )
    return ""
