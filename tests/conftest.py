"""Few fixtures: people, and what keeps tests apart."""

import uuid

import pgtrigger
import pytest
from django.test import Client, TransactionTestCase
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from tests import make

# How long an example takes says how busy the machine is, nothing about the product.
hypothesis_settings.register_profile("any machine", deadline=None)
hypothesis_settings.load_profile("any machine")

_flush = TransactionTestCase._fixture_teardown


def _flush_also_what_nobody_may_delete(self) -> None:
    """Empty the ledgers too after a test with real transactions; their triggers would refuse."""
    with pgtrigger.ignore():
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_also_what_nobody_may_delete


@pytest.fixture(autouse=True)
def _own_cache_and_quick_start(settings):
    """Give each test its own keys in the real cache, so that no count outlives it; be quick."""
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"KEY_PREFIX": f"test-{uuid.uuid4()}"}
    }
    # Otherwise each new Client looks at every static file first.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db) -> User:
    return make.user("alice")


@pytest.fixture
def bob(db) -> User:
    return make.user("bob")


@pytest.fixture
def olivia(db) -> User:
    """The operator."""
    return make.operator("olivia")


@pytest.fixture
def as_alice(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client
