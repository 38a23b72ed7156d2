"""consensus_study: the published consensus strategy on football-data.co.uk files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import AuditedCommand
from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.luck import Interval
from betting.services.consensus_study import (
    WORSE,
    Line,
    NoSuchColumns,
    left_out,
    read_matches,
    study,
)
from betting.services.strategies import PRESETS, read_configuration


class Command(AuditedCommand):
    help = (
        "Bet the best price against the average over football-data.co.uk files, season by season."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--alpha", type=float, help="instead of the published 0.05")
        parser.add_argument("--from", dest="first", default="", help="season, such as 2005-06")
        parser.add_argument("--to", dest="last", default="9999", help="season, such as 2022-23")
        parser.add_argument(
            "--closing", action="store_true", help="prices at the start, 2019-20 on"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        shipped = next(each for each in PRESETS if each.key == "published-consensus")
        content = shipped.configuration.to_json()
        if options["alpha"] is not None:
            content["settings"] = {"alpha": options["alpha"]}
        try:
            configuration: Configuration = read_configuration(content)
            matches = read_matches(options["files"], at_start=options["closing"])
            chosen = (matches.season >= options["first"]) & (matches.season <= options["last"])
            matches = matches.where(chosen)
        except (BadConfiguration, NoSuchColumns, OSError) as reason:
            raise CommandError(str(reason)) from None
        by_season, finer = study(matches, configuration)
        kept_out = left_out(matches, configuration)
        if options["json"]:
            found = {
                "by_season": [asdict(line) for line in by_season],
                "by_division": [asdict(line) for line in finer],
                "worse": WORSE,
                "kept_out_by_gate": kept_out,
            }
            self.stdout.write(json.dumps(found))
            return
        worse = " | ".join(f"{share:.0%} worse" for share in WORSE[1:])
        head = f"| season | matches | bets | won | yield (95 %) | CLV (95 %) | {worse} |"
        for lines in (by_season, finer):
            self.stdout.write(f"{head}\n|{'---|' * (head.count('|') - 1)}")
            self.stdout.write("\n".join(map(_row, lines)) + "\n")
        self.stdout.write(f"Kept out by our own gates: {kept_out or 'none'}.")
        self.stdout.write(by_season[-1].verdict)


def _row(line: Line) -> str:
    first, *others = line.yields
    return (
        f"| {line.name} | {line.matches:,} | {line.bets:,} | {_share(line.hit_rate)} "
        f"| {_interval(first)} | {_interval(line.clv)} | "
        + " | ".join("" if each is None else f"{each.value:+.1%}" for each in others)
        + " |"
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _interval(given: Interval | None) -> str:
    if given is None:
        return "none"
    if not given.is_bounded:
        return f"{given.value:+.1%} (too few)"
    return f"{given.value:+.1%} ({given.low * 100:+.1f} to {given.high * 100:+.1f})"
