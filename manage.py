#!/usr/bin/env python
"""Django's command line. `scripts/manage` runs it with the services it needs."""

import getpass
import os
import sys

from django.core.management import execute_from_command_line
from django.db import ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedTable
from structlog.contextvars import bind_contextvars


def main() -> None:
    """Run the command that sys.argv names; a database of another version ends it in words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # What a command does is audited with its name and whoever is logged in on the machine.
    bind_contextvars(command=f"{' '.join(sys.argv[1:2])} by {_login()}")
    try:
        execute_from_command_line(sys.argv)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
            raise
        sys.exit(
            f"The database's tables are not those of this version of Fairline: {error}\n"
            "Bring them up to date with: scripts/manage migrate"
        )


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number without a name.
        return f"user {os.getuid()}"


if __name__ == "__main__":
    main()
