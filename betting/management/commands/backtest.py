"""backtest: a strategy over imported history, with the live decision code, limits and breakers."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from betting.domain.costs import BadCosts
from betting.management.costs import add_stretch, costs_of
from betting.management.summary import as_table
from betting.services.backtests import BacktestRefused, Wish, run_now
from betting.services.strategies import ensure_strategies
from models_registry.management.commands.models import who


class Command(BaseCommand):
    help = "Run a strategy over imported history; store and print what came of it."

    def add_arguments(self, parser: CommandParser) -> None:
        add_stretch(parser)
        parser.add_argument("--competition", default="basketball_nba")
        parser.add_argument(
            "--open-held-out",
            action="store_true",
            help="look at a held-out season within these days; it is recorded and counted",
        )
        parser.add_argument(
            "--reason", default="", help="why a season is opened again that the strategy saw"
        )
        parser.add_argument("--by", help="user name of who asks; default the system")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        ensure_strategies()
        try:
            backtest = run_now(
                Wish(
                    strategy_key=options["strategy"],
                    competition_key=options["competition"],
                    starts_on=options["first"],
                    ends_on=options["last"],
                    changed={},
                    costs=costs_of(options),
                ),
                by_id=who(options["by"]),
                now=clock.now(),
                opens_held_out=options["open_held_out"],
                reason=options["reason"],
                progress=self.stderr.write,
            )
        except (BacktestRefused, BadCosts) as reason:
            raise CommandError(str(reason)) from None
        summary = {"backtest": backtest.pk, "data_hash": backtest.data_hash} | backtest.summary
        self.stdout.write(json.dumps(summary) if options["json"] else as_table(summary))
