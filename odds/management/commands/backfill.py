"""Fetch past prices from the provider's snapshots, within a budget that is shown first."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from accounts.clock import now
from accounts.commands import AuditedCommand
from odds.services import open_client
from odds.services.backfilling import (
    Backfill,
    BackfillPlan,
    BackfillStopped,
    backfill,
    recorded_moments,
)


class Command(AuditedCommand):
    help = (
        "Fetch past prices of a competition, a snapshot every so often. Says first what it can "
        "cost. Goes on where it stopped; stops at --max-credits. Needs a plan with history."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sport", required=True, help="basketball_nba")
        parser.add_argument("--from", dest="first", required=True, type=_moment, help="2026-01-01")
        parser.add_argument(
            "--to", dest="last", required=True, type=_moment, help="the last moment"
        )
        parser.add_argument("--markets", default=",".join(settings.THE_ODDS_API_MARKETS))
        parser.add_argument("--regions", default=",".join(settings.THE_ODDS_API_REGIONS))
        parser.add_argument("--bookmakers", default=",".join(settings.THE_ODDS_API_BOOKMAKERS))
        parser.add_argument(
            "--every", type=int, default=360, help="minutes between snapshots; 360 unless told"
        )
        parser.add_argument("--max-credits", type=int, required=True, help="spend no more")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        if options["every"] < 5:
            raise CommandError(f"--every {options['every']}: snapshots are 5 minutes apart or more")
        if options["last"] < options["first"]:
            raise CommandError("--to is before --from")
        plan = BackfillPlan(
            options["sport"],
            options["first"],
            min(options["last"], now()),
            timedelta(minutes=options["every"]),
            *(_listed(options[name]) for name in ("markets", "regions", "bookmakers")),
        )
        recorded = recorded_moments(plan)
        count = len(plan.missing(recorded))
        cost = count * plan.cost_each
        if recorded:
            self.stderr.write(f"{len(recorded)} are recorded already.")
        self.stderr.write(
            f"At most {count:,} snapshots of {plan.cost_each} credits each: {cost:,} credits; "
            f"it stops at {options['max_credits']:,}."
        )
        if not options["yes"] and input("Fetch them? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("nothing was fetched")
        self._fetch(plan, count, options["max_credits"])

    def _fetch(self, plan: BackfillPlan, count: int, max_credits: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} snapshots"),
            TextColumn("{task.fields[credits]:,} credits"),
            TimeElapsedColumn(),
        )
        with open_client() as client, Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(plan.competition_key, total=count, credits=0)

            def tell(done: Backfill) -> None:
                bar.update(task, completed=done.snapshots, credits=done.credits)

            try:
                done = backfill(
                    plan,
                    now=now(),
                    client=client,
                    max_credits=max_credits,
                    progress=tell,
                    budget=settings.THE_ODDS_API_MONTHLY_CREDITS,
                )
            except BackfillStopped as stopped:
                raise CommandError(f"{stopped}. What came before is recorded.") from stopped
        end = "complete" if done.is_complete else "stopped at --max-credits; run it again to go on"
        self.stdout.write(
            f"{done.snapshots} snapshots, {done.credits} credits, {done.counts.new} new prices, "
            f"{done.counts.repeated} repeated, {done.counts.quarantined} quarantined: {end}"
        )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
