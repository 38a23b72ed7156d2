"""One server for all tests here; its signals go through the same Valkey under a name of its own."""

from collections.abc import Iterator

import pytest

from tests.live.serving import Server, serving


@pytest.fixture(scope="package")
def running(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Server]:
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("serving")) as server:
        yield server


@pytest.fixture
def server(running, settings) -> Server:
    """The server, with this process's signals and cache going where it looks for them."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": running.prefix}}
    return running
