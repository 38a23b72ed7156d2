"""The cache in Valkey, by one client a thread, as Django keeps one cache a thread."""

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class KeptClient(RedisCacheClient):
    """Keeps the library's client: Django makes one for each call, which costs as much as the call.

    It may be shared: what it asks by comes from the pool.
    """

    _kept: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:  # noqa: ANN401 - Django's own
        """Return the client; with one server there is one pool."""
        if self._kept is None:
            self._kept = super().get_client(key, write=write)
        return self._kept


class Cache(RedisCache):
    """Django's, of one server."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
