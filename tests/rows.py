"""All rows that tests wrote: which tables have any, and taking them to another transaction."""

import pgtrigger
from django.db import connection
from django.db.backends.utils import CursorWrapper

# What `migrate` itself wrote; emptied, every flush would have to write it again.
_STAY = {"django_migrations", "django_content_type", "auth_permission"}


def filled_tables(cursor: CursorWrapper) -> list[str]:
    """Return the tables with rows of anybody's, their names quoted."""
    cursor.execute(
        "SELECT format('SELECT %%L WHERE EXISTS (SELECT FROM %%I)', relname, relname)"
        " FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s)",
        [sorted(_STAY)],
    )
    cursor.execute(" UNION ALL ".join(look for (look,) in cursor.fetchall()))
    return [connection.ops.quote_name(name) for (name,) in cursor.fetchall()]


def taken() -> dict[str, bytes]:
    """Return every row there is, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in filled_tables(cursor):
            # A table in parts is copied by asking for it alone.
            with cursor.copy(f"COPY (TABLE {table}) TO STDOUT") as out:
                found[table] = b"".join(out)
    return found


def put(rows: dict[str, bytes]) -> None:
    """Write rows that were taken, under the keys that they had."""
    with pgtrigger.ignore(), connection.cursor() as cursor:
        # They were let in once, and come in no order; only what is executed tells the triggers.
        cursor.execute("SELECT")
        for table, lines in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as into:
                into.write(lines)
