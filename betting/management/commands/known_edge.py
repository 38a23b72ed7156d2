"""known_edge: seasons whose truth is known, played by the live decision; is the edge found?"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from betting.management.summary import as_table
from betting.services.known_edge import bettor_seasons, strategy_seasons


class Command(BaseCommand):
    help = (
        "Play simulated seasons in a market with an edge and in an efficient one: how often the "
        "profit lies in the predicted band, how often the verdict speaks of skill."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seeds", type=int, default=100)
        parser.add_argument("--days", type=int, default=120)
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        seeds, days = range(1, options["seeds"] + 1), options["days"]
        told: dict[str, object] = {"seeds": len(seeds), "days": days}
        for name, seasons in (
            ("edge", strategy_seasons(seeds, days=days, is_efficient=False)),
            ("efficient", strategy_seasons(seeds, days=days, is_efficient=True)),
            ("efficient, bets by chance", bettor_seasons(seeds, days=days)),
        ):
            played = list(seasons)
            self.stderr.write(f"{name}: {len(played)} seasons played")
            told |= {
                f"{name}: bets a season": round(
                    sum(each.performance.bets for each in played) / len(played), 1
                ),
                f"{name}: in the band": sum(each.is_in_band for each in played),
                f"{name}: verdict of skill": sum(each.shows_skill for each in played),
            }
        self.stdout.write(json.dumps(told) if options["json"] else as_table(told))
