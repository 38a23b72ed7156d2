"""bankroll: pay money into a person's bankroll, opening it if need be, or take free money out."""

import re
import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import clock
from betting.services import ledger


class Command(BaseCommand):
    help = "Pay into a person's bankroll, which opens it if there is none, or take free money out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("deposit", "withdraw"))
        parser.add_argument("user", help="user name")
        parser.add_argument("amount", help="such as 1000.00")
        parser.add_argument("--name", default="Main", help="which bankroll of theirs; Main")
        parser.add_argument("--currency", default="EUR", help="EUR unless told")
        parser.add_argument(
            "--reference", default="", help="the same one again moves nothing; made up if not given"
        )

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        owner = get_user_model().objects.filter(username=options["user"]).first()
        if owner is None:
            raise CommandError(f"{options['user']}: there is no such user; the admin adds one.")
        currency = options["currency"].upper()
        if not re.fullmatch("[A-Z]{3}", currency):
            raise CommandError(f"currency: {currency} is no code of three letters, such as EUR.")
        now = clock.now()
        try:
            # A bankroll is not opened for money that is refused.
            with transaction.atomic():
                bankroll = ledger.open_bankroll(owner.pk, options["name"], currency, now)
                move = ledger.deposit if options["what"] == "deposit" else ledger.withdraw
                moved = move(
                    bankroll_id=bankroll.pk,
                    amount=ledger.read_amount(options["amount"]),
                    reference=options["reference"] or f"{options['what']} {uuid.uuid4()}",
                    now=now,
                )
        except (ledger.AmountRefused, ledger.TransferRepeatedDifferently) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{moved.get_kind_display()}: {moved.amount} {bankroll.currency}")
