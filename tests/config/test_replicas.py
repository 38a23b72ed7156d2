"""Long reads come from the copy only while it has all there is (bench/replica_drill.py)."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError

from accounts import replicas
from config.database import Router


@pytest.fixture
def copy(monkeypatch):
    databases = SimpleNamespace(DATABASES={"default": {}, "replica": {}})
    monkeypatch.setattr(replicas, "settings", databases)
    monkeypatch.setattr(replicas, "connections", {"replica": SimpleNamespace(close=lambda: None)})
    monkeypatch.setattr(replicas, "connection", SimpleNamespace(in_atomic_block=False))
    behind = SimpleNamespace(bytes=0.0)
    monkeypatch.setattr(replicas, "_lag", lambda: behind.bytes)
    return behind


def read():
    return replicas.from_replica(lambda: Router().db_for_read(object))


def test_a_copy_is_read_while_it_has_all_there_is_and_never_written(copy):
    assert read() == "replica"
    assert Router().db_for_read(object) == "default"
    assert replicas.from_replica(lambda: Router().db_for_write(object)) == "default"
    assert not Router().allow_migrate("replica", "odds")


def test_one_that_is_behind_or_away_is_not_read(copy):
    for copy.bytes in (1.0, float("inf")):
        assert read() == "default"


def test_within_a_transaction_nothing_is_read_from_it(copy):
    replicas.connection.in_atomic_block = True

    assert read() == "default"


@pytest.mark.parametrize("error", [OperationalError, psycopg.OperationalError])
@pytest.mark.usefixtures("copy")
def test_a_read_that_it_gives_up_is_read_again_where_it_was_written(error):
    asked = []

    def fails_there():
        asked.append(replicas.alias())
        if replicas.alias() == "replica":
            raise error
        return 7

    assert replicas.from_replica(fails_there) == 7
    assert asked == ["replica", "default"]


@pytest.mark.usefixtures("copy")
def test_whoever_is_told_of_progress_asks_the_database_itself():
    seen = []
    tell = replicas.not_from_replica(lambda words: seen.append((words, replicas.alias())))

    assert replicas.from_replica(lambda: (tell("half"), replicas.alias())[1]) == "replica"
    assert seen == [("half", "default")]


def test_without_one_nothing_is_told_of_it():
    assert replicas.lag_bytes() is None
