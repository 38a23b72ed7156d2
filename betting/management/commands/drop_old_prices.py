"""Drop price changes that nobody needs any more."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from accounts.clock import now
from accounts.commands import AuditedCommand
from betting.services.keeping import drop_unneeded_prices


class Command(AuditedCommand):
    help = (
        "Drop the price changes seen before the last MONTHS whole months, month by month. What "
        "bets, predictions, opportunities and closes rest on is kept."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--months",
            type=int,
            default=settings.PRICES_KEPT_MONTHS,
            help="whole months to keep; 0, the default of PRICES_KEPT_MONTHS, keeps all for ever",
        )

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        try:
            dropped = drop_unneeded_prices(now=now(), months=options["months"])
        except ValueError as error:
            raise CommandError(f"--months: {error}") from error
        if not dropped.months:
            self.stdout.write("Nothing to drop.")
            return
        self.stdout.write(
            f"Dropped {len(dropped.months)} months ({dropped.months[0]} to {dropped.months[-1]});"
            f" kept {dropped.rows_kept:,} changes of them that something rests on."
        )
