"""What must not be read later by whoever reads logs or the audit: values whose name says secret."""

from collections.abc import Mapping
from typing import Any

SECRET_WORDS = ("password", "secret", "token", "apikey", "api_key", "authorization", "cookie")
MASK = "***"


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
