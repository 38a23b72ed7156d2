"""The pool of connections after the database was away."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from config.database import connect


@pytest.mark.django_db(transaction=True)
def test_when_the_database_comes_back_the_next_to_ask_is_answered_at_once(monkeypatch):
    """Eight idle connections died with it: one found dead says what all of them are."""
    everybody = Barrier(8)

    def ask(_number):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                everybody.wait(30)
                return cursor.fetchone()[0]
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(8) as threads:
        before = set(threads.map(ask, range(8)))
    with connect(name="fairline-test") as beside:
        beside.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", [list(before)])
    # It waits longer before each further dead one: two of them are a second, five are seven.
    monkeypatch.setattr(connection.pool, "timeout", 3)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] not in before
