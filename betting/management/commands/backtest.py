"""backtest: a strategy over imported history, with the live decision code, limits and breaker."""

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from betting.management.summary import as_table
from betting.models import Strategy
from betting.services.backtesting import run_backtest
from betting.services.past import NothingToRun
from betting.services.strategies import ensure_strategies


class Command(BaseCommand):
    help = "Run a strategy over imported history; store and print what came of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", default="consensus")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
        parser.add_argument("--competition", default="basketball_nba")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        ensure_strategies()
        try:
            backtest, _ = run_backtest(
                strategy_key=options["strategy"],
                competition_key=options["competition"],
                starts_on=options["first"],
                ends_on=options["last"],
                now=clock.now(),
                progress=self.stderr.write,
            )
        except Strategy.DoesNotExist:
            known = ", ".join(Strategy.objects.values_list("key", flat=True))
            raise CommandError(
                f"--strategy: there is no {options['strategy']!r}; use one of {known}."
            ) from None
        except NothingToRun as reason:
            raise CommandError(str(reason)) from None
        summary = {"backtest": backtest.pk, "data_hash": backtest.data_hash} | backtest.summary
        self.stdout.write(json.dumps(summary) if options["json"] else as_table(summary))
