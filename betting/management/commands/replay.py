"""replay: play imported history through the provider's door with the live services."""

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from betting.management.summary import as_table
from betting.services.replaying import CannotReplay, replay
from betting.services.strategies import ensure_strategies


class Command(BaseCommand):
    help = "Play imported history as if it were now; bets are placed on paper and settled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
        parser.add_argument("--competition", default="basketball_nba")
        parser.add_argument("--strategy", default="consensus")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        if options["first"] > options["last"]:
            raise CommandError(f"--from: {options['first']} is after --to {options['last']}.")
        ensure_strategies()
        try:
            summary = replay(
                competition_key=options["competition"],
                strategy_key=options["strategy"],
                starts_on=options["first"],
                ends_on=options["last"],
                now=clock.now(),
                progress=self.stderr.write,
            )
        except CannotReplay as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(json.dumps(summary) if options["json"] else as_table(summary))
