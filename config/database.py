"""A connection of one's own to the database, beside those that Django keeps."""

import psycopg
from django.db import connections


def connect(*, name: str) -> psycopg.Connection:
    """Open a connection that commits each statement, gives up soon, and says whose it is."""
    parameters = connections["default"].get_connection_params()
    parameters |= {
        "connect_timeout": 2,
        "options": "-c statement_timeout=2000",
        "application_name": name,
        "autocommit": True,
    }
    for ours in ("cursor_factory", "context"):
        parameters.pop(ours, None)
    return psycopg.connect(**parameters)
