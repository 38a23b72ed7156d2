"""capacity: what a volume of prices asks of disk, workers and credits, and what gives first."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from odds.domain.capacity import Plan, Volume, plan
from odds.domain.credits import Endpoint, cost_of


class Command(BaseCommand):
    help = "Plan: events x books x markets x sweeps a day to rows, disk, workers, credits, cost."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        for name, default, words in (
            ("events", 15, "that begin each day"),
            ("books", 20, "bookmakers that price them"),
            ("markets", 3, "of each event"),
            ("sweeps", 60, "a day"),
            ("days-ahead", 3, "that events are looked at before they begin"),
            ("competitions", 1, "each is a call of its own"),
            ("kept-months", 12, "of price changes"),
            ("credits", 20_000, "of the provider's plan, a month"),
            ("disk-gb", 100, "for the database"),
            ("cores", 2, "for workers"),
        ):
            parser.add_argument(f"--{name}", type=int, default=default, help=words)
        parser.add_argument("--selections", type=float, default=2.0, help="of a market")
        parser.add_argument("--moved", type=float, default=0.08, help="share a sweep finds changed")
        parser.add_argument("--price", type=float, default=0.0, help="of a thousand credits")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        names = ("events", "books", "markets", "sweeps", "selections", "moved", "days_ahead",
                 "competitions", "kept_months")  # fmt: skip
        try:
            volume = Volume(**{name: options[name] for name in names})
        except ValueError as error:
            raise CommandError(f"--{error}") from error
        a_sweep = cost_of(
            Endpoint.ODDS,
            markets=[str(number) for number in range(volume.markets)],
            regions=settings.THE_ODDS_API_REGIONS,
            bookmakers=settings.THE_ODDS_API_BOOKMAKERS,
        )
        there = {"credits": options["credits"], "disk": options["disk_gb"] * 10**9,
                 "cores": options["cores"]}  # fmt: skip
        now = plan(volume, credits_a_sweep=a_sweep, **there)
        hundred = plan(volume.times(100), credits_a_sweep=a_sweep, **there)
        cost = now.credits_a_month / 1000 * options["price"]
        if options["json"]:
            said = {"plan": asdict(now), "at_100_times": asdict(hundred), "cost": cost}
            self.stdout.write(json.dumps(said))
            return
        self._say("as asked", now)
        if options["price"]:
            self.stdout.write(f"  credits cost     {cost:,.2f} a month")
        self._say("100 times the events", hundred)

    def _say(self, title: str, what: Plan) -> None:
        self.stdout.write(
            f"{title}\n"
            f"  prices           {what.quotes_a_sweep:,} a sweep, {what.quotes_a_day:,} a day\n"
            f"  price changes    {what.changes_a_day:,} a day\n"
            f"  disk             {what.bytes_a_day / 1e6:,.0f} MB a day,"
            f" {what.bytes_kept / 1e9:,.1f} GB kept\n"
            f"  workers          {what.feed_workers} for feeds\n"
            f"  credits          {what.credits_a_month:,} a month\n"
            f"  gives first      {what.first_bottleneck}"
        )
