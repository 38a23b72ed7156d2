"""venues: list them, and arm or disarm one that stakes real money."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.models import User
from betting.selectors.venues import venue_states
from betting.services.arming import ArmingRefused, ask_arming, confirm_arming, disarm


class Command(BaseCommand):
    help = "List the venues; arm one that stakes real money (asks for its key), or disarm one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("list", "arm", "disarm"), nargs="?", default="list")
        parser.add_argument("key", nargs="?", default="", help="which venue")
        parser.add_argument("--by", default="", help="the operator who answers for it")
        parser.add_argument("--reason", default="", help="why; kept in the audit log")
        parser.add_argument("--hours", type=int, default=2, help="1 to 24")
        parser.add_argument("--confirm", help="its key again, instead of being asked for it")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        if options["what"] != "list":
            self._switch(options)
        for state in venue_states(now=clock.now()):
            armed = "armed" if state.is_armed else state.why_not or "needs no arming"
            waits = f"; {state.waiting} waiting, the oldest {state.longest}" * bool(state.waiting)
            self.stdout.write(f"{state.key}: {state.terms.title}, {armed}{waits}")

    def _switch(self, options: dict[str, Any]) -> None:
        key, now = options["key"], clock.now()
        operator = User.objects.filter(
            username=options["by"], is_staff=True, is_active=True
        ).first()
        if operator is None:
            raise CommandError(f"--by: there is no operator called {options['by']!r}.")
        by = {"venue": key, "by_id": operator.pk}
        try:
            if options["what"] == "disarm":
                disarm(**by, reason=options["reason"], now=now)
                return
            ask_arming(**by, reason=options["reason"], hours=options["hours"], now=now)
            typed = options["confirm"]
            if typed is None:
                typed = input(f"It will stake real money. Type {key} to arm it: ")
            confirm_arming(**by, typed=typed, now=clock.now())
        except ArmingRefused as refused:
            raise CommandError(str(refused)) from refused
