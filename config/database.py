"""Which database is asked, and a connection of one's own beside those that Django keeps."""

from typing import Any

import psycopg
from django.db import connections

from accounts import replicas


class Router:
    """Writes go to the database itself, and so do reads but for those that ask for its copy."""

    def db_for_read(self, _model: type, **_hints: Any) -> str:  # noqa: ANN401 - Django's own
        """Say it always: Django would otherwise go on where an instance was read."""
        return replicas.alias()

    def db_for_write(self, _model: type, **_hints: Any) -> str:  # noqa: ANN401
        return "default"

    def allow_relation(self, *_instances: object, **_hints: Any) -> bool:  # noqa: ANN401
        return True

    def allow_migrate(self, db: str, _app: str, **_hints: Any) -> bool:  # noqa: ANN401
        return db == "default"


def connect(*, name: str) -> psycopg.Connection:
    """Open a connection that commits each statement, gives up soon, and says whose it is."""
    parameters = connections["default"].get_connection_params()
    parameters |= {
        "connect_timeout": 2,
        "options": f"{parameters['options']} -c statement_timeout=2000",
        "application_name": name,
        "autocommit": True,
    }
    for ours in ("cursor_factory", "context"):
        parameters.pop(ours, None)
    return psycopg.connect(**parameters)
