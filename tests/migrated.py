"""Where several processes test, one migrates; the databases of the others are copies of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


class Migrated:
    """The database that those of one run are copied from; None as run: nobody else tests."""

    def __init__(self, run: str | None) -> None:
        self.run = run
        self.name = f"test_{connection.settings_dict['NAME']}_migrated"
        self.is_made = run is None

    @contextmanager
    def by_one(self) -> Iterator[None]:
        """Let one process at a time make its database; any after the first copies."""
        with connection._nodb_cursor() as cursor:
            # Whoever waits here waits as long as migrations take.
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [self.name])
            # One that a killed run left is of other migrations, maybe.
            cursor.execute(
                "SELECT FROM pg_database WHERE datname = %s"
                " AND shobj_description(oid, 'pg_database') = %s",
                [self.name, self.run],
            )
            if cursor.fetchone():
                self.is_made = True
                # Left alone, `migrate` would load every migration to find that none is due.
                connection.settings_dict["TEST"] |= {"TEMPLATE": self.name, "MIGRATE": False}
            yield

    def keep(self) -> None:
        """Copy the database of this process for the others, if it is the first."""
        if self.is_made:
            return
        # Nobody may look at what is copied.
        connection.close()
        connection.close_pool()
        self.drop()
        own = connection.settings_dict["NAME"]
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{own}"')
            cursor.execute(f'COMMENT ON DATABASE "{self.name}" IS %s', [self.run])

    def drop(self) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}"')
