"""Secrets at rest: what the database keeps of them opens nothing without the environment's keys."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """None of the keys opens what is stored: a key was taken away too early."""


def key_from(secret: str) -> str:
    """Return a Fernet key made of another secret, for where none is set.

    >>> len(key_from("x"))
    44
    """
    digest = hashlib.sha256(b"fairline secrets at rest:" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def fault_of(keys: Sequence[str]) -> str:
    """Return what is wrong with the keys, never showing one; empty where nothing is.

    >>> fault_of([key_from("x")])
    ''
    >>> fault_of(["short"])
    'key 1 is no Fernet key'
    """
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            return f"key {number} is no Fernet key"
    return ""


def encrypt(text: str) -> str:
    """Return a secret as it may be stored, by the first key of SECRETS_KEYS."""
    return _lock().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return a secret that any of the keys locked.

    Raises:
        CannotDecrypt: when no key opens it.
    """
    try:
        return _lock().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            "No key of FAIRLINE_SECRETS_KEYS opens a stored secret; put the key it was locked with"
            " back at the end of the list."
        ) from None


def relock(stored: str) -> str:
    """Return the same secret locked by the first key: what rotating the keys does to each.

    Raises:
        CannotDecrypt: when no key opens it.
    """
    return encrypt(decrypt(stored))


def _lock() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRETS_KEYS])
