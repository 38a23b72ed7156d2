"""The backend, under the name where Django and psqlextra look for it."""

from django.db.backends.base.base import NO_DB_ALIAS
from django_prometheus.db.backends.postgresql.base import DatabaseWrapper as Measured
from psycopg import Connection, Error
from psycopg_pool import ConnectionPool


class DatabaseWrapper(Measured):  # type: ignore[misc]
    """PostgreSQL through a pool that lets go of all idle connections once it meets a dead one."""

    @property
    def pool(self) -> "ConnectionPool[Connection] | None":
        """Return the pool of this process, made as Django makes it but for its check.

        Django's own tries one idle connection after the other and waits longer before each: after a
        restart of the database, whoever asked first gave up before the sixth.
        """
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, ConnectionPool[Connection]] = self._connection_pools
        if self.alias not in pools:
            pool: ConnectionPool[Connection] = ConnectionPool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=lambda connection: _check(pool, connection),
                **options,
            )
            # Threads may each make one; the first that is kept is everybody's.
            pools.setdefault(self.alias, pool)
        return pools[self.alias]


def _check(pool: "ConnectionPool[Connection]", connection: Connection) -> None:
    try:
        ConnectionPool.check_connection(connection)
    except Error:
        pool.drain()
        raise
