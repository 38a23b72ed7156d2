"""verify_audit: does the audit still say what it said when it was written?"""

import json
import re
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.audit.chain import verify_chain

ANCHOR = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def anchor(text: str) -> tuple[int, str]:
    found = ANCHOR.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no NUMBER:HASH, as the log has them")
    return int(found[1]), found[2]


class Command(BaseCommand):
    help = "Follow the chain of audit entries; name the first that does not fit, and exit with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            action="append",
            type=anchor,
            default=[],
            metavar="NUMBER:HASH",
            help="a head the log has ('Audit head ...'); give as many as you like",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: str, **options: Any) -> None:  # noqa: ANN401
        verdict = verify_chain(dict(options["anchor"]))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(verdict)))
        elif verdict.broken is None:
            self.stdout.write(f"{verdict.entries} entries, all as they were written.")
            self.stdout.write(f"Head {verdict.entries}:{verdict.head}")
        if verdict.broken is not None:
            self.stderr.write(f"Entry {verdict.broken.number}: {verdict.broken.detail}.")
            sys.exit(1)
