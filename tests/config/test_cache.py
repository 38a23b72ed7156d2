"""One client asks the cache for everybody."""

from concurrent.futures import ThreadPoolExecutor

from django.core.cache import caches


def test_a_client_is_made_once_and_serves_threads_at_once():
    cache = caches["default"]
    cache.set("count", 0)
    client = cache._cache.get_client()

    with ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(lambda _: cache.incr("count"), range(400)))

    assert seen == set(range(1, 401))
    assert cache._cache.get_client(write=True) is client
