"""Let a spelling mean a team."""

import argparse
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import AuditedCommand
from odds.services import add_alias


class Command(AuditedCommand):
    help = 'Let a spelling mean a team: add_alias basketball_nba "Blazers" "Portland Trail Blazers"'

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("competition", help="the competition's key, such as basketball_nba")
        parser.add_argument("alias", help="the spelling a source uses")
        parser.add_argument("team", help="the team, by any spelling already known")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        try:
            made = add_alias(
                competition_key=options["competition"],
                alias=options["alias"],
                team=options["team"],
            )
        except LookupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made.alias!r} now means {made.team}")
