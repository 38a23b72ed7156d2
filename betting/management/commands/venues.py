"""venues: list them, arm or disarm one that stakes real money, or hold one against our books."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.models import User
from betting.selectors.venues import venue_states
from betting.services.arming import ArmingRefused, ask_arming, confirm_arming, disarm
from betting.services.reconciling import differences
from betting.venues.registry import NoSuchVenue, venue_by_key


class Command(BaseCommand):
    help = (
        "List the venues; arm one that stakes real money (asks for its key), disarm or check one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "what", choices=("list", "arm", "disarm", "check"), nargs="?", default="list"
        )
        parser.add_argument("key", nargs="?", default="", help="which venue")
        parser.add_argument("--by", default="", help="the operator who answers for it")
        parser.add_argument("--reason", default="", help="why; kept in the audit log")
        parser.add_argument("--hours", type=int, default=2, help="1 to 24")
        parser.add_argument("--days", type=int, default=7, help="how far back check looks")
        parser.add_argument("--confirm", help="its key again, instead of being asked for it")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        if options["what"] == "check":
            self._check(options["key"], timedelta(days=options["days"]))
            return
        if options["what"] != "list":
            self._switch(options)
        for state in venue_states(now=clock.now()):
            armed = "armed" if state.is_armed else state.why_not or "needs no arming"
            waits = f"; {state.waiting} waiting, the oldest {state.longest}" * bool(state.waiting)
            self.stdout.write(f"{state.key}: {state.terms.title}, {armed}{waits}")

    def _check(self, key: str, back: timedelta) -> None:
        now = clock.now()
        try:
            found = differences(venue_by_key(key), since=now - back, now=now)
        except NoSuchVenue as unknown:
            raise CommandError(str(unknown)) from None
        for each in found:
            self.stdout.write(f"{each.reference}: {each.detail}")
        if found:
            raise CommandError(f"{len(found)} differences between {key} and our books.")
        self.stdout.write(f"{key} and our books agree.")

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
