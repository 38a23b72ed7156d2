"""Addresses and links that open something: shown once, kept as a hash, found by it."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """Return 256 random bits that may stand in an address."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """Return what is kept of a token, and found by: nobody turns it back.

    >>> digest_of("x")[:8]
    '2d711642'
    """
    return sha256(token.encode()).hexdigest()
