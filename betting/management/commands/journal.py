"""journal: decide again what was decided, and let go of what nobody needs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from betting.models import JournalEntry
from betting.services.journal import drop_old_entries, replay_entries

SHOWN = 20


class Command(BaseCommand):
    help = "Decide again, with today's code, what the journal has frozen; or clear old passes."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        replay = verbs.add_parser("replay", help="say how many decisions come out the same")
        replay.add_argument("--opportunity", type=int, help="only this one")
        replay.add_argument("--strategy", help="only of this strategy")
        drop = verbs.add_parser("drop", help="let go of what was frozen of old passes")
        drop.add_argument("--days", type=int, required=True, help="keep so many; 0 keeps all")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        if options["verb"] == "drop":
            self._drop(options["days"])
        else:
            self._replay(options["opportunity"], options["strategy"])

    def _drop(self, days: int) -> None:
        try:
            done = drop_old_entries(now=clock.now(), days=days)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from None
        self.stdout.write(f"{done.entries} entries and {done.inputs} inputs let go.")

    def _replay(self, opportunity: int | None, strategy: str | None) -> None:
        entries = JournalEntry.objects.order_by("pk")
        if opportunity:
            entries = entries.filter(pk=opportunity)
        if strategy:
            entries = entries.filter(opportunity__strategy__key=strategy)
        same = other = 0
        for each in replay_entries(entries):
            same += not each.differences
            other += bool(each.differences)
            if each.differences and other <= SHOWN:
                words = "; ".join(f"{d.what} {d.then} -> {d.now}" for d in each.differences)
                self.stdout.write(f"opportunity {each.opportunity_id}: {words}")
        if not same + other:
            raise CommandError("The journal has nothing of that; leave out a filter.")
        self.stdout.write(f"{same + other} decided again: {same} the same, {other} differ.")
