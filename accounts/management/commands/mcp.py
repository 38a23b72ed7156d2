"""The agents' door."""

import asyncio
import os

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.agents import WRITING, NoDoor, serve


class Command(BaseCommand):
    help = "Serve an agent (MCP) over standard input and output; docs/guides/agents.md."
    # It speaks to a running Fairline, perhaps on another machine: it needs nothing of this one.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--write",
            action="store_true",
            help=f"offer {', '.join(WRITING)} too; the key must be allowed to",
        )

    def handle(self, *, write: bool, **_options: object) -> None:
        address = os.environ.get("FAIRLINE_URL", "http://127.0.0.1:8000")
        key = os.environ.get("FAIRLINE_API_KEY", "")
        try:
            asyncio.run(serve(address, key, may_write=write))
        except NoDoor as fault:
            raise CommandError(str(fault)) from None
