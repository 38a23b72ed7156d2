"""resolve_bet: say what became of a bet that no look-up tells any more."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.models import User
from betting.services.confirming import CannotConfirm, resolve_by_hand


class Command(BaseCommand):
    help = "Say what an operator saw at the venue of a bet that waits: matched so much, or never."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bet", type=int, help="its number")
        seen = parser.add_mutually_exclusive_group(required=True)
        seen.add_argument("--matched", metavar="STAKE", help="what the venue matched of the stake")
        seen.add_argument("--never", action="store_true", help="the venue never took it")
        parser.add_argument("--price", help="at which price; the one asked, if not given")
        parser.add_argument("--by", required=True, help="the operator who answers for it")
        parser.add_argument("--reason", required=True, help="what was seen, and where")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        operator = User.objects.filter(
            username=options["by"], is_staff=True, is_active=True
        ).first()
        if operator is None:
            raise CommandError(f"--by: there is no operator called {options['by']!r}.")
        try:
            bet = resolve_by_hand(
                bet_id=options["bet"],
                stake=None if options["never"] else Decimal(options["matched"]),
                price=None if options["price"] is None else Decimal(options["price"]),
                reason=options["reason"],
                by_id=operator.pk,
                now=clock.now(),
            )
        except InvalidOperation:
            raise CommandError("--matched and --price are numbers, such as 12.50.") from None
        except CannotConfirm as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Bet {bet.pk}: {bet.get_status_display().lower()}.")
