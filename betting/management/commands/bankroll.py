"""bankroll: a person's bankrolls, and money moved in and out of them and to bookmakers."""

import re
import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import clock
from betting.models import Bankroll
from betting.selectors.opportunities import bookmaker_id
from betting.selectors.statements import just_after, movements, statement_of
from betting.services import bankrolls, ledger

MOVES = {
    "deposit": "deposit",
    "withdraw": "withdrawal",
    "to-book": "to_book",
    "from-book": "from_book",
}
REFUSALS = (
    ledger.AmountRefused,
    ledger.BankrollClosed,
    bankrolls.NotEmpty,
    ledger.TransferRepeatedDifferently,
)


class Command(BaseCommand):
    help = (
        "Pay into a person's bankroll, which opens it if there is none; take free money out; move "
        "money to or from a bookmaker; rename or close it, or a pot at a bookmaker; print its "
        "statement."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=(*MOVES, "rename", "close", "close-pot", "statement"))
        parser.add_argument("user", help="user name")
        parser.add_argument(
            "value", nargs="?", default="", help="an amount such as 1000.00; the new name"
        )
        parser.add_argument("--name", default="Main", help="which bankroll of theirs; Main")
        parser.add_argument("--currency", default="EUR", help="EUR unless told")
        parser.add_argument("--bookmaker", default="", help="its key, to or from which it moves")
        parser.add_argument(
            "--reference", default="", help="the same one again moves nothing; made up if not given"
        )

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        owner = get_user_model().objects.filter(username=options["user"]).first()
        if owner is None:
            raise CommandError(f"{options['user']}: there is no such user; the admin adds one.")
        try:
            if options["what"] in MOVES:
                self._move(owner.pk, options)
            else:
                self._manage(owner.pk, options)
        except REFUSALS as refused:
            raise CommandError(str(refused)) from refused

    def _move(self, owner_id: int, options: dict[str, Any]) -> None:
        currency = options["currency"].upper()
        if not re.fullmatch("[A-Z]{3}", currency):
            raise CommandError(f"currency: {currency} is no code of three letters, such as EUR.")
        there = {"bookmaker_id": _book(options)} if options["what"].endswith("-book") else {}
        now = clock.now()
        # A bankroll is not opened for money that is refused.
        with transaction.atomic():
            bankroll = bankrolls.open_bankroll(owner_id, options["name"], currency, now)
            moved = ledger.move_money(
                MOVES[options["what"]],
                bankroll_id=bankroll.pk,
                amount=ledger.read_amount(options["value"]),
                reference=options["reference"] or f"{options['what']} {uuid.uuid4()}",
                now=now,
                **there,
            )
        self.stdout.write(f"{moved.get_kind_display()}: {moved.amount} {bankroll.currency}")

    def _manage(self, owner_id: int, options: dict[str, Any]) -> None:
        bankroll = Bankroll.objects.filter(owner_id=owner_id, name=options["name"]).first()
        if bankroll is None:
            raise CommandError(f"name: {options['user']} has no bankroll {options['name']}.")
        now = clock.now()
        if options["what"] == "rename":
            bankrolls.rename_bankroll(bankroll_id=bankroll.pk, name=options["value"], now=now)
            self.stdout.write(f"{bankroll.name} is {options['value']} now.")
        elif options["what"] == "close":
            bankrolls.close_bankroll(bankroll_id=bankroll.pk, now=now)
            self.stdout.write(f"{bankroll.name} is closed.")
        elif options["what"] == "close-pot":
            bankrolls.close_pot(bankroll_id=bankroll.pk, bookmaker_id=_book(options), now=now)
            self.stdout.write(f"{bankroll.name} keeps no pot at {options['bookmaker']}.")
        else:
            found = statement_of(bankroll, begin=bankroll.opened_at, end=just_after(now))
            for each in movements(found):
                moved = each.transfer
                self.stdout.write(
                    f"{moved.at:%Y-%m-%d %H:%M:%S} {moved.number:>6} "
                    f"{moved.get_kind_display():<20} {moved.amount:>14} {each.equity:>14}"
                )
            self.stdout.write(f"Equity {found.closing.equity} {bankroll.currency}")


def _book(options: dict[str, Any]) -> int:
    found = bookmaker_id(options["bookmaker"])
    if found is None:
        raise CommandError(
            f"bookmaker: there is no {options['bookmaker'] or 'none given'}; use its key."
        )
    return found
