"""Secrets that must be used again, so kept: sealed with a key that the database does not have."""

import base64
from functools import cache as once
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """What was sealed cannot be opened: the secret key was changed and the old one is gone."""


def seal(text: str) -> str:
    """Return a text so that it can be kept; each time another."""
    return _keys(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS)).encrypt(
        text.encode()
    ).decode()  # fmt: skip


def unseal(sealed: str) -> str:
    """Return what was sealed, also with an earlier key that is still a fallback.

    Raises:
        SealBroken: where no key opens it.
    """
    keys = _keys(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))
    try:
        return keys.decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken("SECRET_KEY was changed; name the old one as fallback.") from None


@once
def _keys(current: str, earlier: tuple[str, ...]) -> MultiFernet:
    # A digest of its own purpose: the same key signs cookies.
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(sha256(b"fairline.sealing:" + key.encode()).digest()))
            for key in (current, *earlier)
        ]
    )
