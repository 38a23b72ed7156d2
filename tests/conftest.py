"""Few fixtures: people, and what keeps tests apart."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import chain

import pgtrigger
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import Client, TransactionTestCase
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import blocking_manager_key

from accounts import live
from accounts.models import User
from odds.scanner import slate_before
from odds.services.partitions import ensure_partitions
from tests import make
from tests.live.serving import Server, serving
from tests.migrated import Migrated
from tests.odds.provider import Provider
from tests.rows import filled_tables

# How long an example takes says how busy the machine is, nothing about the product.
hypothesis_settings.register_profile("any machine", deadline=None)
hypothesis_settings.load_profile("any machine")


# Nor how long a connection takes to come by.
connection.settings_dict["OPTIONS"]["pool"] |= {"timeout": 60}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure coverage by quick tests alone: the others take twice as long when watched.

    And let one process run what a module makes for all its tests: two would each make it. What
    waits for others most of its time starts first, so that the rest computes meanwhile.
    """
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs
        shares = any(each.scope == "module" for each in chain.from_iterable(fixtures.values()))
        if shares and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
        is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        heavy = (item.get_closest_marker(name) for name in ("slow", "browser", "real_data"))
        if is_property or any(heavy):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=_turn)


# What waits for other processes, two kinds at once: the third starts when one of them is done.
_WAIT = {"browser": 0, "processes": 1, "streams": 3}


def _turn(item: pytest.Item) -> int:
    """Return when a test should start: what is long not last, where all others wait for it."""
    group = item.get_closest_marker("xdist_group")
    if group and group.args[0] in _WAIT:
        return _WAIT[group.args[0]]
    if item.get_closest_marker("slow") or item.get_closest_marker("real_data"):
        return 2
    return 4 if group else 5


# From here on a table is made anew: what was deleted stays in its pages, and is read past.
_MANY = 2_000


def _empty_what_was_filled(_self: TransactionTestCase) -> None:
    """Empty the tables that a test with real transactions wrote to, ledgers too.

    Django would empty every table and make all permissions again: a second a test. To truncate a
    table is to make its files anew, and those of all that refer to it, a hundred of them: for a few
    rows that takes twenty times as long as to delete them. The triggers of the ledgers, which
    nobody may delete from, are off meanwhile.
    """
    with pgtrigger.ignore(), connection.cursor() as cursor:
        filled = filled_tables(cursor)
        try:
            with transaction.atomic():
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                deleted = sum(_all_deleted(cursor, table) for table in filled)
        except IntegrityError:
            # Another process wrote meanwhile.
            deleted = _MANY
        if deleted >= _MANY:
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


def _all_deleted(cursor: CursorWrapper, table: str) -> int:
    cursor.execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    return cursor.rowcount


TransactionTestCase._fixture_teardown = _empty_what_was_filled


@pytest.fixture(scope="session")
def migrated(request, django_db_keepdb) -> Migrated:
    workers = getattr(request.config, "workerinput", {})
    return Migrated(None if django_db_keepdb else workers.get("testrunuid"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    migrated, django_db_blocker, django_db_modify_db_settings_parallel_suffix
) -> Iterator[ExitStack]:
    """Let this process alone make its database, until `django_db_setup` lets the next."""
    with ExitStack() as alone:
        with django_db_blocker.unblock():
            alone.enter_context(migrated.by_one())
        yield alone


@pytest.fixture(scope="session")
def django_db_setup(
    migrated, django_db_modify_db_settings, django_db_setup, django_db_blocker
) -> None:
    """Make the months that most prices of tests lie in once, not in each test anew."""
    around_now = (timezone.now() + timedelta(days=30 * month) for month in range(-4, 2))
    with django_db_blocker.unblock():
        with transaction.atomic():
            ensure_partitions([make.SWEPT, *around_now])
        migrated.keep()
        django_db_modify_db_settings.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind where several processes tested."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        with config.stash[blocking_manager_key].unblock():
            Migrated(None).drop()


@pytest.fixture(autouse=True)
def _own_cache_and_quick_start(settings):
    """Give each test its own keys in the real cache, so that no count outlives it; be quick."""
    slate_before.cache_clear()
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"KEY_PREFIX": f"test-{uuid.uuid4()}"}
    }
    # Otherwise each new Client looks at every static file first.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Start a provider that answers what the test tells it to."""
    made = Provider()
    yield made
    made.stop()


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


@pytest.fixture(scope="session")
def running(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Server]:
    """One server for all tests that need one, on their database."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("serving")) as server:
        yield server


@pytest.fixture
def server(running, settings) -> Server:
    """The server, with this process's signals and kept answers going where it looks for them."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": running.prefix}}
    # Whatever it keeps is of another test's world.
    live.publish(["prices", "opportunities"], [])
    return running
