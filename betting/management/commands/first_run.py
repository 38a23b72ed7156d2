"""Make an installation show the product; scripts/run calls it at every start.

What is done already is seen in the database, so a second call changes nothing and a call after
a crash goes on where that one stopped.
"""

import json
import os

from django.core.management import call_command
from django.core.management.base import BaseCommand
from rich.console import Console

from accounts.models import User

DEMO, OPERATOR = "demo", "operator"


class Command(BaseCommand):
    help = "Bring the database up to date and make the demo installation, where it is missing."

    def handle(self, *args: object, **options: object) -> None:
        """Run every step that is not done; print what scripts/run has to know as one JSON line."""
        console = Console(stderr=True, highlight=False)
        with console.status("migrations"):
            call_command("migrate", verbosity=0)
        facts = {
            "demo_password": ensure_login(DEMO, password=os.environ["FAIRLINE_DEMO_PASSWORD"]),
            "operator_password": ensure_login(
                OPERATOR, password=os.environ["FAIRLINE_OPERATOR_PASSWORD"], is_superuser=True
            ),
        }
        self.stdout.write(json.dumps(facts))


def ensure_login(username: str, *, password: str, **rights: bool) -> str:
    """Return whether the login has this password ('given') or another ('changed')."""
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"is_staff": bool(rights), **rights}
    )
    if is_new:
        user.set_password(password)
        user.save(update_fields=["password"])
    return "given" if user.check_password(password) else "changed"
