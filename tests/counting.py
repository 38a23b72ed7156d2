"""How many queries something takes: by the driver, as some go past Django's own cursors."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg


@contextmanager
def counted_queries() -> Iterator[list[object]]:
    """Yield a list that every query is put into, those of arrays too."""
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor, query: object, *given: object, **more: object) -> object:
        # An empty one is the pool asking whether a connection lives.
        if query:
            asked.append(query)
        return execute(cursor, query, *given, **more)

    with patch.object(psycopg.Cursor, "execute", counted):
        yield asked
