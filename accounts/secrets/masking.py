"""What must not be read later by whoever reads logs or the audit: values whose name says secret."""

import re
from collections.abc import Mapping
from typing import Any

SECRET_WORDS = ("password", "secret", "token", "apikey", "api_key", "authorization", "cookie")
MASK = "***"
# apiKey=..., token: ..., Bearer ..., and passwords in addresses of servers.
_SECRET_IN_TEXT = re.compile(
    rf"""((?:{"|".join(SECRET_WORDS)})["']?\s*[=:]\s*["']?(?:Bearer )?|Bearer |://[^/\s:@]*:)"""
    r"""[^\s&"',@]+""",
    re.IGNORECASE,
)


def names_a_secret(name: str) -> bool:
    """Say whether a value of this name is one to hide."""
    return any(word in name.lower() for word in SECRET_WORDS)


def masked(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value with every secret in it hidden, however deep; what it was is not kept.

    >>> masked({"name": "bot", "hook": {"Token": "abc", "tries": [1]}})
    {'name': 'bot', 'hook': {'Token': '***', 'tries': [1]}}
    """
    if isinstance(value, Mapping):
        return {
            key: MASK if names_a_secret(str(key)) and inner else masked(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return value


def masked_text(text: str) -> str:
    """Return a text with every secret hidden that stands in it behind its name.

    >>> masked_text("GET /odds?apiKey=abc from postgres://me:hunter2@db")
    'GET /odds?apiKey=*** from postgres://me:***@db'
    """
    return _SECRET_IN_TEXT.sub(rf"\1{MASK}", text)


def scrubbed(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Hide, however deep, what is named like a secret or stands in a text behind such a name."""
    return _texts_masked(masked(value))


def _texts_masked(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {key: _texts_masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts_masked(inner) for inner in value]
    return value
