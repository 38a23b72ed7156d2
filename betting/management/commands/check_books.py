"""check_books: do the pots, the bets and the settlements agree with the transfers?"""

import json
import sys
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandParser

from betting.services.books import check_books


class Command(BaseCommand):
    help = "Check that the books balance; list what does not, and exit with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: str, **options: bool) -> None:
        problems = check_books()
        if options["json"]:
            self.stdout.write(json.dumps({"problems": [asdict(p) for p in problems]}))
        elif not problems:
            self.stdout.write("The books balance.")
        else:
            for problem in problems:
                self.stdout.write(f"{problem.rule}: {problem.subject}: {problem.detail}")
        if problems:
            self.stderr.write(f"{len(problems)} problems; nothing was changed.")
            sys.exit(1)
