"""Learn how much to believe each bookmaker of a sport from its history."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.management.base import CommandError

from accounts import clock
from accounts.commands import AuditedCommand
from odds.models import Sport
from odds.services.weights import Learned, NothingLearned, learn_weights


class Command(AuditedCommand):
    """One call of the service, and its figures for a reader."""

    help = "Learn bookmakers' weights from history; kept only if they foretell new events better."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sport", required=True, help="a sport's key, such as basketball")
        parser.add_argument(
            "--against",
            choices=("close", "result"),
            default="close",
            help="what prices are to foretell: the other books' close, or the result",
        )
        parser.add_argument(
            "--hours", type=float, default=1.0, help="judge prices of so long before the start"
        )
        parser.add_argument(
            "--force", default="", metavar="REASON", help="keep them though they are no better"
        )

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401
        if not 0 < options["hours"] <= 168:
            raise CommandError(f"--hours {options['hours']:g}: use more than 0, at most 168.")
        try:
            found = learn_weights(
                sport_key=options["sport"],
                target=options["against"],
                lead=timedelta(hours=options["hours"]),
                now=clock.now(),
                force_because=options["force"],
            )
        except Sport.DoesNotExist:
            known = ", ".join(Sport.objects.values_list("key", flat=True)) or "none yet"
            raise CommandError(f"--sport {options['sport']}: unknown; there are {known}.") from None
        except NothingLearned as reason:
            raise CommandError(str(reason)) from reason
        self._tell(found)

    def _tell(self, found: Learned) -> None:
        self.stdout.write(
            f"{'bookmaker':<20}{'events':>8}{'error':>10}{'relative':>10}{'margin':>9}"
            f"{'in force':>10}{'learned':>9}"
        )
        for i in np.argsort(-found.found.weight, kind="stable"):
            if found.found.events[i]:
                self.stdout.write(
                    f"{found.bookmaker_key[i]:<20}{found.found.events[i]:>8}"
                    f"{found.found.error[i]:>10.5f}{found.found.relative[i]:>10.3f}"
                    f"{found.margin[i]:>9.2%}{found.in_force[i]:>10.2f}"
                    f"{found.found.weight[i]:>9.2f}"
                )
        c = found.comparison
        self.stdout.write(
            f"\nOn the newest {c.events} events, unseen in fitting: divergence {c.old:.6f} "
            f"with the weights in force, {c.new:.6f} with those learned\n"
            f"gain {c.old - c.new:+.6f} (95 % interval {c.gain_low:+.6f} to {c.gain_high:+.6f})"
        )
        if found.stored is None:
            self.stdout.write("Not kept: no better beyond chance. --force REASON keeps them.")
        else:
            forced = (
                f", forced: {found.stored.forced_because}" if found.stored.forced_because else ""
            )
            self.stdout.write(
                f"Kept, in force from {found.stored.learned_at:%Y-%m-%d %H:%M} UTC{forced}."
            )
